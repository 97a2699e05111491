/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net_conf.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"
#include "hostgw/json_place.h"

#define FILE_LIMIT (1024 * 1024)
#define EXAMPLE    "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}"

static const char *const known_keys[] = {
	"Network",   "IPv6Network", "EnableIPv4",    "EnableIPv6",    "EnableNFTables", "SubnetLen",
	"SubnetMin", "SubnetMax",   "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax",  "Backend",
};

/* How each family's keys are called, and what flannel takes where they are missing. */
static const struct family_keys {
	const char *enable, *network, *length, *minimum, *maximum;
	const char *name, *example;
	int initial_length;
} family_keys[IP_FAMILIES] = {
	[IP_V4] = {"EnableIPv4", "Network", "SubnetLen", "SubnetMin", "SubnetMax", "IPv4",
                   "10.244.0.0/16", 24},
	[IP_V6] = {"EnableIPv6", "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax",
                   "IPv6", "fd00:10:244::/48", 64},
};

struct reader {
	const char *path;
	const char *text; /* which `root` was parsed from */
	const cJSON *root;
	net_conf_warn_fn warn;
	void *ctx;
	struct error *err;
};

/* NULL if it is missing, or null, which means the same to flannel. As in Go's encoding/json, and so
 * in flannel, names count in any case. */
static const cJSON *find(const cJSON *object, const char *key)
{
	const cJSON *member = cJSON_GetObjectItem(object, key);

	return cJSON_IsNull(member) ? NULL : member;
}

/* An error about `item`, with its place in front. */
__attribute__((format(printf, 3, 4))) static int fail_at(const struct reader *reader,
                                                         const cJSON *item, const char *format, ...)
{
	struct json_place place = json_place_of(reader->text, reader->root, item);
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(reader->err, EINVAL, "%s:%zu:%zu: %s", reader->path, place.line,
	                 place.column, text);
}

static void warn_at(const struct reader *reader, const cJSON *item, const char *what)
{
	struct json_place place = json_place_of(reader->text, reader->root, item);
	char text[ERROR_TEXT_MAX];

	if (!reader->warn)
		return;
	snprintf(text, sizeof(text), "%s:%zu:%zu: %s \"%s\" is ignored; take it out, or correct it",
	         reader->path, place.line, place.column, what, item->string);
	reader->warn(reader->ctx, text);
}

/* What the file says at `item`, for messages. */
static const char *type_name(const cJSON *item)
{
	if (cJSON_IsString(item))
		return "a string";
	if (cJSON_IsNumber(item))
		return "a number";
	if (cJSON_IsBool(item))
		return "true or false";
	return cJSON_IsArray(item) ? "a list" : "an object";
}

/* ---- the keys as such ---- */

static bool is_known(const char *key)
{
	for (size_t i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
		if (strcasecmp(key, known_keys[i]) == 0)
			return true;
	return false;
}

static void warn_of_unknown_keys(const struct reader *reader)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, reader->root)
	{
		if (!is_known(member->string))
			warn_at(reader, member, "unknown key");
	}
	cJSON_ArrayForEach(member, cJSON_GetObjectItem(reader->root, "Backend"))
	{
		if (strcasecmp(member->string, "Type") != 0)
			warn_at(reader, member, "host-gw has no such setting:");
	}
}

/* Two readers could take two different ones. */
static int check_once(const struct reader *reader, const cJSON *object)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		if (cJSON_GetObjectItem(object, member->string) != member)
			return fail_at(reader, member, "\"%s\" is there twice: remove one",
			               member->string);
	}
	return 0;
}

/* ---- values ---- */

static int read_bool(const struct reader *reader, const char *key, bool initial, bool *out)
{
	const cJSON *member = find(reader->root, key);

	*out = member ? cJSON_IsTrue(member) : initial;
	if (member && !cJSON_IsBool(member))
		return fail_at(reader, member, "\"%s\" must be true or false, not %s", key,
		               type_name(member));
	return 0;
}

static int read_network(const struct reader *reader, const struct family_keys *keys,
                        uint8_t ip_version, struct prefix *out)
{
	const cJSON *member = find(reader->root, keys->network);

	if (!member)
		return error_set(reader->err, EINVAL,
		                 "%s: \"%s\" is missing; add \"%s\":\"%s\" (the "
		                 "cluster CIDR of the controller manager), or \"%s\":false",
		                 reader->path, keys->network, keys->network, keys->example,
		                 keys->enable);
	if (!cJSON_IsString(member))
		return fail_at(reader, member, "\"%s\" must be an %s CIDR such as \"%s\", not %s",
		               keys->network, keys->name, keys->example, type_name(member));
	if (!prefix_parse(member->valuestring, out) || out->addr.family != ip_version)
		return fail_at(reader, member,
		               "\"%s\" must be an %s CIDR such as \"%s\", not \"%s\"",
		               keys->network, keys->name, keys->example, member->valuestring);
	return 0;
}

static int read_length(const struct reader *reader, const struct family_keys *keys,
                       const struct prefix *network, uint8_t *out)
{
	const cJSON *member = find(reader->root, keys->length);
	int longest = ip_bits(network->addr.family) - 2;
	int initial = keys->initial_length;

	*out = (uint8_t)(initial > network->length ? initial : network->length);
	if (!member)
		return 0;
	if (!cJSON_IsNumber(member))
		return fail_at(reader, member, "\"%s\" must be a number, not %s", keys->length,
		               type_name(member));
	if (member->valuedouble != member->valueint || member->valueint < network->length ||
	    member->valueint > longest)
		return fail_at(reader, member,
		               "\"%s\" must be a number from %u (the Network's) to %d",
		               keys->length, network->length, longest);
	*out = (uint8_t)member->valueint;
	return 0;
}

/* *out: family 0 where it is not given. */
static int read_bound(const struct reader *reader, const char *key, const struct prefix *network,
                      uint8_t length, struct ip_addr *out)
{
	const cJSON *member = find(reader->root, key);
	struct prefix subnet = {.length = length};

	*out = (struct ip_addr){0};
	if (!member)
		return 0;
	if (!cJSON_IsString(member) || !ip_parse(member->valuestring, out) ||
	    !prefix_contains_ip(network, out))
		return fail_at(reader, member, "\"%s\" must be an address inside the Network", key);
	subnet.addr = *out;
	subnet = prefix_masked(&subnet);
	if (ip_compare(&subnet.addr, out) != 0)
		return fail_at(reader, member,
		               "\"%s\" must be the first address of a subnet of length %u", key,
		               length);
	return 0;
}

/* SubnetLen, SubnetMin and SubnetMax mean nothing where Kubernetes hands out the pod CIDRs, but a
 * wrong one tells of a wrong file. */
static int check_subnets(const struct reader *reader, const struct family_keys *keys,
                         const struct prefix *network)
{
	struct ip_addr minimum, maximum;
	uint8_t length;
	int result = read_length(reader, keys, network, &length);

	if (result == 0)
		result = read_bound(reader, keys->minimum, network, length, &minimum);
	if (result == 0)
		result = read_bound(reader, keys->maximum, network, length, &maximum);
	if (result == 0 && minimum.family != 0 && maximum.family != 0 &&
	    ip_compare(&minimum, &maximum) > 0)
		return fail_at(reader, find(reader->root, keys->maximum), "\"%s\" is below \"%s\"",
		               keys->maximum, keys->minimum);
	return result;
}

static int check_backend(const struct reader *reader)
{
	const cJSON *backend = find(reader->root, "Backend");
	const cJSON *type = find(backend, "Type");

	if (backend && !cJSON_IsObject(backend))
		return fail_at(reader, backend,
		               "\"Backend\" must be {\"Type\": \"host-gw\"}, not %s",
		               type_name(backend));
	if (type && !cJSON_IsString(type))
		return fail_at(reader, type, "the backend type must be \"host-gw\", not %s",
		               type_name(type));
	if (!type)
		return error_set(reader->err, EINVAL,
		                 "%s: no backend type; hostgwd is host-gw: add "
		                 "\"Backend\":{\"Type\":\"host-gw\"}",
		                 reader->path);
	if (strcmp(type->valuestring, "host-gw") != 0)
		return fail_at(reader, type,
		               "Backend.Type is \"%s\", but hostgwd does host-gw only: change that "
		               "line to \"Type\": \"host-gw\"",
		               type->valuestring);
	return check_once(reader, backend);
}

static int read_families(const struct reader *reader, struct net_conf *out)
{
	bool nftables, any = false;
	int result = read_bool(reader, "EnableNFTables", true, &nftables);

	for (int i = 0; i < IP_FAMILIES && result == 0; i++) {
		const struct family_keys *keys = &family_keys[i];
		bool enabled;

		result = read_bool(reader, keys->enable, i == IP_V4, &enabled);
		if (result == 0 && enabled)
			result = read_network(reader, keys, ip_family((enum ip_family_index)i),
			                      &out->network[i]);
		if (result == 0 && enabled)
			result = check_subnets(reader, keys, &out->network[i]);
		any = any || enabled;
	}
	if (result == 0 && !any)
		return fail_at(reader, find(reader->root, "EnableIPv4"),
		               "\"EnableIPv4\" and \"EnableIPv6\" are both false: enable one");
	return result;
}

static int read_root(const struct reader *reader, struct net_conf *out)
{
	struct net_conf conf = {0};
	int result;

	if (!cJSON_IsObject(reader->root))
		return error_set(reader->err, EINVAL, "%s: expected an object such as %s",
		                 reader->path, EXAMPLE);
	result = check_once(reader, reader->root);
	if (result == 0)
		result = check_backend(reader);
	if (result == 0)
		result = read_families(reader, &conf);
	if (result < 0)
		return result;
	warn_of_unknown_keys(reader);
	*out = conf;
	return 0;
}

int net_conf_parse(const char *text, size_t length, const char *path, struct net_conf *out,
                   net_conf_warn_fn warn, void *ctx, struct error *err)
{
	const char *end = text;
	cJSON *root = cJSON_ParseWithLengthOpts(text, length + 1, &end, true);
	const struct reader reader = {path, text, root, warn, ctx, err};
	int result;

	if (!root) {
		struct json_place place = json_place_of_byte(text, end);

		return error_set(err, EINVAL, "%s:%zu:%zu: syntax error: expected JSON such as %s",
		                 path, place.line, place.column, EXAMPLE);
	}
	result = read_root(&reader, out);
	cJSON_Delete(root);
	return result;
}

int net_conf_read(const char *path, struct net_conf *out, net_conf_warn_fn warn, void *ctx,
                  struct error *err)
{
	char *text;
	size_t length;
	int result = file_read(path, FILE_LIMIT, &text, &length, err);

	if (result == -ENOENT)
		return error_set(err, ENOENT,
		                 "%s: no such file; create it with %s, or name "
		                 "another with --net-config-path",
		                 path, EXAMPLE);
	if (result < 0)
		return result;
	result = net_conf_parse(text, length, path, out, warn, ctx, err);
	free(text);
	return result;
}
