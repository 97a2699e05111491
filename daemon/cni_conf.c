/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cni_conf.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostgw/json_place.h"

#define MARK "__"

/* ---- pieces ---- */

static void print_ranges(FILE *to, const struct cni_conf *conf)
{
	const char *before = "[";

	for (int i = 0; i < IP_FAMILIES; i++) {
		char text[PREFIX_TEXT_MAX];

		if (conf->own[i].addr.family == 0)
			continue;
		fprintf(to, "%s[{\"subnet\": \"%s\"}]", before, prefix_format(&conf->own[i], text));
		before = ", ";
	}
	fputc(']', to);
}

/* The bridge plugin adds the default routes (isDefaultGateway); the cluster's is flannel's. */
static void print_routes(FILE *to, const struct cni_conf *conf)
{
	const char *before = "[";

	for (int i = 0; i < IP_FAMILIES; i++) {
		char text[PREFIX_TEXT_MAX];

		if (conf->own[i].addr.family == 0)
			continue;
		fprintf(to, "%s{\"dst\": \"%s\"}", before, prefix_format(&conf->network[i], text));
		before = ", ";
	}
	fputc(']', to);
}

static void print_v4(FILE *to, const struct cni_conf *conf)
{
	char text[PREFIX_TEXT_MAX];

	fputs(prefix_format(&conf->own[IP_V4], text), to);
}

static void print_v6(FILE *to, const struct cni_conf *conf)
{
	char text[PREFIX_TEXT_MAX];

	fputs(prefix_format(&conf->own[IP_V6], text), to);
}

static void print_mtu(FILE *to, const struct cni_conf *conf)
{
	fprintf(to, "%u", conf->mtu);
}

static void print_ip_masq(FILE *to, const struct cni_conf *conf)
{
	fputs(conf->ip_masq ? "false" : "true", to);
}

static const struct placeholder {
	const char *name;
	void (*print)(FILE *to, const struct cni_conf *conf);
	int family; /* that must be switched on; -1: any */
} placeholders[] = {
	{"__POD_CIDR__", print_v4, IP_V4}, {"__POD_CIDR_V6__", print_v6, IP_V6},
	{"__MTU__", print_mtu, -1},        {"__IP_MASQ__", print_ip_masq, -1},
	{"__RANGES__", print_ranges, -1},  {"__ROUTES__", print_routes, -1},
};

/* ---- the standard list ---- */

static void print_bridge(FILE *to, const struct cni_conf *conf)
{
	fputs("    {\n"
	      "      \"type\": \"bridge\",\n"
	      "      \"bridge\": \"cni0\",\n"
	      "      \"mtu\": ",
	      to);
	print_mtu(to, conf);
	fputs(",\n"
	      "      \"ipMasq\": ",
	      to);
	print_ip_masq(to, conf);
	fputs(",\n"
	      "      \"isDefaultGateway\": true,\n"
	      "      \"hairpinMode\": true,\n"
	      "      \"ipam\": {\n"
	      "        \"type\": \"host-local\",\n"
	      "        \"ranges\": ",
	      to);
	print_ranges(to, conf);
	fputs(",\n"
	      "        \"routes\": ",
	      to);
	print_routes(to, conf);
	fputs("\n"
	      "      }\n"
	      "    }",
	      to);
}

char *cni_conf_print(const struct cni_conf *conf)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	fputs("{\n"
	      "  \"name\": \"cbr0\",\n"
	      "  \"cniVersion\": \"0.3.1\",\n"
	      "  \"plugins\": [\n",
	      to);
	print_bridge(to, conf);
	fputs(",\n"
	      "    {\n"
	      "      \"type\": \"portmap\",\n"
	      "      \"capabilities\": {\"portMappings\": true}\n"
	      "    }\n"
	      "  ]\n"
	      "}\n",
	      to);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- a template ---- */

static bool is_placeholder_byte(char byte)
{
	return byte == '_' || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

/* Of a placeholder, known or not, that begins at `at`: __WORDS_OF_THIS_KIND__; 0: none does. */
static size_t placeholder_length(const char *at)
{
	if (strncmp(at, MARK, 2) != 0 || at[2] == '_')
		return 0;
	for (size_t i = 2; is_placeholder_byte(at[i]); i++)
		if (strncmp(at + i, MARK, 2) == 0)
			return i + 2;
	return 0;
}

static const struct placeholder *find_placeholder(const char *at, size_t length)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (strlen(placeholders[i].name) == length &&
		    memcmp(placeholders[i].name, at, length) == 0)
			return &placeholders[i];
	return NULL;
}

/* `at`: a placeholder of that length in `text`. */
static int print_placeholder(FILE *to, const char *text, const char *at, size_t length,
                             const char *path, const struct cni_conf *conf, struct error *err)
{
	const struct placeholder *found = find_placeholder(at, length);
	struct json_place place = json_place_of_byte(text, at);

	if (!found)
		return error_set(err, EINVAL,
		                 "%s:%zu:%zu: unknown placeholder %.*s; there are __POD_CIDR__, "
		                 "__POD_CIDR_V6__, __MTU__, __IP_MASQ__, __RANGES__ and __ROUTES__",
		                 path, place.line, place.column, (int)(length > 64 ? 64 : length),
		                 at);
	if (found->family >= 0 && conf->own[found->family].addr.family == 0)
		return error_set(
			err, EINVAL,
			"%s:%zu:%zu: %s, but that family is switched off in net-conf.json; "
			"__RANGES__ has whatever there is",
			path, place.line, place.column, found->name);
	found->print(to, conf);
	return 0;
}

static int print_filled(FILE *to, const char *text, const char *path, const struct cni_conf *conf,
                        struct error *err)
{
	for (const char *at = text; *at;) {
		size_t length = placeholder_length(at);

		if (length == 0)
			fputc(*at++, to);
		else if (print_placeholder(to, text, at, length, path, conf, err) < 0)
			return -err->code;
		at += length;
	}
	return 0;
}

static int check_list(const char *text, const char *path, struct error *err)
{
	const char *end = text;
	cJSON *root = cJSON_ParseWithOpts(text, &end, true);
	bool has_name = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(root, "name"));
	bool has_plugins = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "plugins")) >
	                   0;
	struct json_place place = json_place_of_byte(text, end);

	if (!root)
		return error_set(err, EINVAL,
		                 "%s:%zu:%zu: syntax error, with the placeholders filled in: "
		                 "expected JSON",
		                 path, place.line, place.column);
	cJSON_Delete(root);
	if (!has_name || !has_plugins)
		return error_set(err, EINVAL,
		                 "%s: expected a CNI configuration list: an object with \"name\" "
		                 "and \"plugins\"",
		                 path);
	return 0;
}

int cni_conf_fill(const char *text, const char *path, const struct cni_conf *conf, char **out,
                  struct error *err)
{
	char *filled = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&filled, &size);
	int result;

	if (!to)
		return error_set(err, ENOMEM, "out of memory");
	result = print_filled(to, text, path, conf, err);
	if (fclose(to) != 0 && result == 0)
		result = error_set(err, ENOMEM, "out of memory");
	if (result == 0)
		result = check_list(filled, path, err);
	if (result < 0) {
		free(filled);
		return result;
	}
	*out = filled;
	return 0;
}
