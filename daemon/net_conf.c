/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net_conf.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"

#define FILE_LIMIT (1024 * 1024)
#define EXAMPLE    "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}"

static const char *const known_keys[] = {
	"Network",   "IPv6Network", "EnableIPv4",    "EnableIPv6",    "EnableNFTables", "SubnetLen",
	"SubnetMin", "SubnetMax",   "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax",  "Backend",
};

/* How each family's keys are called. */
struct family_keys {
	const char *enable, *network, *length, *minimum, *maximum;
};

static const struct family_keys family_keys[IP_FAMILIES] = {
	[IP_V4] = {"EnableIPv4", "Network", "SubnetLen", "SubnetMin", "SubnetMax"},
	[IP_V6] = {"EnableIPv6", "IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax"},
};

static void warn_of_unknown_keys(const cJSON *root, const char *path, net_conf_warn_fn warn,
                                 void *ctx)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, root)
	{
		bool known = false;
		char text[256];

		/* Go's encoding/json, and so flannel, takes keys in any case. */
		for (size_t i = 0; i < sizeof(known_keys) / sizeof(known_keys[0]); i++)
			known = known || strcasecmp(member->string, known_keys[i]) == 0;
		if (known || !warn)
			continue;
		snprintf(text, sizeof(text), "%s: unknown key \"%s\" is ignored", path,
		         member->string);
		warn(ctx, text);
	}
}

static int read_bool(const cJSON *root, const char *path, const char *key, bool initial, bool *out,
                     struct error *err)
{
	const cJSON *member = cJSON_GetObjectItem(root, key);

	*out = initial;
	if (!member || cJSON_IsNull(member))
		return 0;
	if (!cJSON_IsBool(member))
		return error_set(err, EINVAL, "%s: \"%s\" must be true or false", path, key);
	*out = cJSON_IsTrue(member);
	return 0;
}

static int read_network(const cJSON *root, const char *path, int family, struct prefix *out,
                        struct error *err)
{
	const char *key = family_keys[family].network;
	const char *example = family == IP_V4 ? "10.244.0.0/16" : "fd00:10:244::/48";
	const cJSON *member = cJSON_GetObjectItem(root, key);

	if (!member)
		return error_set(err, EINVAL,
		                 "%s: \"%s\" is missing; add \"%s\":\"%s\" (the "
		                 "cluster CIDR of the controller manager)%s",
		                 path, key, key, example,
		                 family == IP_V4 ? ", or \"EnableIPv4\":false" : "");
	if (!cJSON_IsString(member) || !prefix_parse(member->valuestring, out) ||
	    out->addr.family != ip_family((enum ip_family_index)family))
		return error_set(err, EINVAL, "%s: \"%s\" must be an %s CIDR such as \"%s\"", path,
		                 key, family == IP_V4 ? "IPv4" : "IPv6", example);
	return 0;
}

static int check_subnet_bound(const cJSON *root, const char *path, const char *key,
                              const struct prefix *network, struct error *err)
{
	const cJSON *member = cJSON_GetObjectItem(root, key);
	struct ip_addr addr;

	if (!member || cJSON_IsNull(member))
		return 0;
	if (!cJSON_IsString(member) || !ip_parse(member->valuestring, &addr) ||
	    !prefix_contains_ip(network, &addr))
		return error_set(err, EINVAL, "%s: \"%s\" must be an address inside the Network",
		                 path, key);
	return 0;
}

/* SubnetLen, SubnetMin and SubnetMax mean nothing where Kubernetes hands out the pod CIDRs, but a
 * wrong one tells of a wrong file. */
static int check_subnets(const cJSON *root, const char *path, int family,
                         const struct prefix *network, struct error *err)
{
	const struct family_keys *keys = &family_keys[family];
	const cJSON *length = cJSON_GetObjectItem(root, keys->length);
	int longest = ip_bits(network->addr.family) - 2;
	int result;

	if (length && (!cJSON_IsNumber(length) || length->valuedouble != length->valueint ||
	               length->valueint < network->length || length->valueint > longest))
		return error_set(err, EINVAL,
		                 "%s: \"%s\" must be a number from %u (the Network's) "
		                 "to %d",
		                 path, keys->length, network->length, longest);
	result = check_subnet_bound(root, path, keys->minimum, network, err);
	return result < 0 ? result : check_subnet_bound(root, path, keys->maximum, network, err);
}

static int check_backend(const cJSON *root, const char *path, struct error *err)
{
	const cJSON *backend = cJSON_GetObjectItem(root, "Backend");
	const cJSON *type = cJSON_GetObjectItem(backend, "Type");

	if (!cJSON_IsString(type))
		return error_set(err, EINVAL,
		                 "%s: no backend type; hostgwd is host-gw: add "
		                 "\"Backend\":{\"Type\":\"host-gw\"}",
		                 path);
	if (strcmp(type->valuestring, "host-gw") != 0)
		return error_set(err, EINVAL,
		                 "%s: Backend.Type is \"%s\", but hostgwd does host-gw "
		                 "only: change that line to \"Type\": \"host-gw\"",
		                 path, type->valuestring);
	return 0;
}

static int read_families(const cJSON *root, const char *path, struct net_conf *out,
                         struct error *err)
{
	bool nftables, any = false;
	int result = read_bool(root, path, "EnableNFTables", true, &nftables, err);

	for (int i = 0; i < IP_FAMILIES && result == 0; i++) {
		bool enabled;

		result = read_bool(root, path, family_keys[i].enable, i == IP_V4, &enabled, err);
		if (result == 0 && enabled)
			result = read_network(root, path, i, &out->network[i], err);
		if (result == 0 && enabled)
			result = check_subnets(root, path, i, &out->network[i], err);
		any = any || enabled;
	}
	if (result == 0 && !any)
		return error_set(err, EINVAL,
		                 "%s: \"EnableIPv4\" and \"EnableIPv6\" are both "
		                 "false: enable one",
		                 path);
	return result;
}

/* Where in the text `at` is, as an editor counts. */
static void find_place(const char *text, const char *at, int *line, int *column)
{
	*line = 1;
	*column = 1;
	for (; text < at; text++) {
		*column = *text == '\n' ? 1 : *column + 1;
		*line += *text == '\n';
	}
}

int net_conf_parse(const char *text, size_t length, const char *path, struct net_conf *out,
                   net_conf_warn_fn warn, void *ctx, struct error *err)
{
	const char *end = text;
	cJSON *root = cJSON_ParseWithLengthOpts(text, length + 1, &end, true);
	struct net_conf conf = {0};
	int line, column, result;

	if (!root) {
		find_place(text, end, &line, &column);
		return error_set(err, EINVAL, "%s:%d:%d: syntax error: expected JSON such as %s",
		                 path, line, column, EXAMPLE);
	}
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return error_set(err, EINVAL, "%s: expected an object such as %s", path, EXAMPLE);
	}
	result = check_backend(root, path, err);
	if (result == 0)
		result = read_families(root, path, &conf, err);
	if (result == 0) {
		warn_of_unknown_keys(root, path, warn, ctx);
		*out = conf;
	}
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
