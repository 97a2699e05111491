/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum option_kind {
	OPTION_BOOL,
	OPTION_NUMBER,
	OPTION_TEXT,
	OPTION_CHOICE,  /* one of few words; the field is the enum that counts them, from 1 on where
	                   there is no initial one: 0 is "not given" */
	OPTION_LIST,    /* each use adds one */
	OPTION_IGNORED, /* flannel's; takes a value, gets one note */
};

struct option_spec {
	const char *group; /* heading of the help; NULL: as the one before */
	const char *name;
	const char *alias; /* underscore spelling that flannel's users know; or NULL */
	enum option_kind kind;
	bool own;         /* environment variable is HOSTGW_, not FLANNELD_ */
	uint32_t maximum; /* of a number */
	size_t offset;    /* in struct options */
	const char *initial;
	const char *value; /* what the help calls the value; of a choice: its words, in order */
	const char *help;
};

#define FIELD(member) offsetof(struct options, member)

static const struct option_spec specs[] = {
	{"Where nodes come from", "kube-subnet-mgr", NULL, OPTION_BOOL, false, 0,
         FIELD(kube_subnet_mgr), "false", NULL, "read Nodes from the Kubernetes API"},
	{NULL, "nodes-file", NULL, OPTION_TEXT, true, 0, FIELD(nodes_file), "", "FILE",
         "read nodes from FILE (JSON or YAML), followed when it changes"},
	{NULL, "kubeconfig-file", NULL, OPTION_TEXT, false, 0, FIELD(kubeconfig_file), "", "FILE",
         "how to reach the API; default: $KUBECONFIG, else in-cluster"},
	{NULL, "kube-api-url", NULL, OPTION_TEXT, false, 0, FIELD(kube_api_url), "", "URL",
         "the API server, in place of the kubeconfig's"},
	{NULL, "kube-annotation-prefix", NULL, OPTION_TEXT, false, 0, FIELD(kube_annotation_prefix),
         "flannel.alpha.coreos.com", "PREFIX", "prefix of the annotations on Nodes"},
	{NULL, "node-name", NULL, OPTION_TEXT, true, 0, FIELD(node_name), "", "NAME",
         "this host's Node; default: $NODE_NAME, else that of $POD_NAME, else the host name"},
	{NULL, "annotate", NULL, OPTION_BOOL, true, 0, FIELD(annotate), "true", NULL,
         "write annotations and condition of this host's Node"},
	{NULL, "set-node-network-unavailable", NULL, OPTION_BOOL, false, 0,
         FIELD(set_node_network_unavailable), "true", NULL,
         "set condition NetworkUnavailable=False when ready"},
	{NULL, "events", NULL, OPTION_BOOL, true, 0, FIELD(events), "true", NULL,
         "tell of skipped nodes and foreign routes by Kubernetes Events"},

	{"The interface to the other nodes", "iface", NULL, OPTION_LIST, false, 0, FIELD(iface), "",
         "NAME|IP",
         "interface by name or address; repeatable, the first that exists;\n"
         "default: the one of the default route"},
	{NULL, "iface-regex", NULL, OPTION_LIST, false, 0, FIELD(iface_regex), "", "REGEX",
         "interface whose name or address matches; repeatable, tried after --iface"},
	{NULL, "iface-can-reach", NULL, OPTION_TEXT, false, 0, FIELD(iface_can_reach), "", "IP",
         "interface that the kernel would use to reach IP"},
	{NULL, "public-ip", NULL, OPTION_TEXT, false, 0, FIELD(public_ip), "", "IP",
         "address that other nodes use as next hop; default: the interface's"},
	{NULL, "public-ipv6", NULL, OPTION_TEXT, false, 0, FIELD(public_ipv6), "", "IP",
         "the same for IPv6"},

	{"Routes and rules", "route-protocol", NULL, OPTION_NUMBER, true, 255,
         FIELD(route_protocol), "72", "N", "mark of our routes (rt_protos)"},
	{NULL, "route-table", NULL, OPTION_NUMBER, true, UINT32_MAX, FIELD(route_table), "254", "N",
         "routing table (254 is main)"},
	{NULL, "route-metric", NULL, OPTION_NUMBER, true, UINT32_MAX, FIELD(route_metric), "0", "N",
         "metric of our routes; 0: the kernel's default (IPv6: 1024)"},
	{NULL, "nexthop-objects", NULL, OPTION_CHOICE, true, 0, FIELD(nexthop_objects), "auto",
         "auto|always|never",
         "lead IPv4 routes through nexthop objects; auto: when there are many"},
	{NULL, "ip-blackhole-route", NULL, OPTION_BOOL, false, 0, FIELD(ip_blackhole_route),
         "false", NULL, "unused addresses of the own pod CIDR do not loop"},
	{NULL, "ip-masq", NULL, OPTION_BOOL, false, 0, FIELD(ip_masq), "false", NULL,
         "masquerade what pods send out of the cluster"},
	{NULL, "ip-masq-fully-random-disable", NULL, OPTION_BOOL, false, 0,
         FIELD(ip_masq_fully_random_disable), "false", NULL,
         "do not choose source ports at random"},
	{NULL, "nonmasquerade-cidr", NULL, OPTION_LIST, true, 0, FIELD(nonmasquerade_cidr), "",
         "CIDR", "destination that sees pod addresses; repeatable"},
	{NULL, "iptables-forward-rules", NULL, OPTION_BOOL, false, 0, FIELD(iptables_forward_rules),
         "true", NULL, "accept pod traffic in forward"},
	{NULL, "enable-forwarding", NULL, OPTION_BOOL, true, 0, FIELD(enable_forwarding), "false",
         NULL, "switch on the kernel's forwarding where it is off"},

	{"Files", "net-config-path", NULL, OPTION_TEXT, false, 0, FIELD(net_config_path),
         "/etc/kube-flannel/net-conf.json", "FILE", "the network's configuration"},
	{NULL, "subnet-file", NULL, OPTION_TEXT, false, 0, FIELD(subnet_file),
         "/run/flannel/subnet.env", "FILE", "written for CNI plugins and scripts"},
	{NULL, "state-dir", NULL, OPTION_TEXT, true, 0, FIELD(state_dir), "/run/hostgw", "DIR",
         "keeps what a restart begins with (Kubernetes only); empty: nothing is kept"},

	{"Watching it", "healthz-ip", NULL, OPTION_TEXT, false, 0, FIELD(healthz_ip), "0.0.0.0",
         "IP", "address of /healthz and /readyz"},
	{NULL, "healthz-port", NULL, OPTION_NUMBER, false, 65535, FIELD(healthz_port), "0", "PORT",
         "port of /healthz and /readyz; 0: off"},
	{NULL, "log-format", NULL, OPTION_TEXT, true, 0, FIELD(log_format), "klog", "FORMAT",
         "klog, json or journal"},
	{NULL, "v", NULL, OPTION_NUMBER, false, 100, FIELD(verbosity), "0", "LEVEL",
         "more log lines"},
	{NULL, "output", "o", OPTION_CHOICE, true, 0, FIELD(output), "", "text|ip|json",
         "-o: how hostgwd plan prints; ip: for ip -batch; default: text"},
	{NULL, "version", NULL, OPTION_BOOL, false, 0, FIELD(version), "false", NULL,
         "print the version and exit"},
	{NULL, "help", "h", OPTION_BOOL, false, 0, FIELD(help), "false", NULL,
         "print this and exit"},

	{"Accepted for flannel's sake, without effect", "iptables-resync", NULL, OPTION_IGNORED,
         false, 0, 0, "", "SECONDS", "rules are not polled"},
	{NULL, "subnet-lease-renew-margin", NULL, OPTION_IGNORED, false, 0, 0, "", "MINUTES",
         "there are no leases to renew"},
	{NULL, "vmodule", NULL, OPTION_IGNORED, false, 0, 0, "", "LIST",
         "there is one verbosity, -v"},
	{NULL, "log_backtrace_at", "log-backtrace-at", OPTION_IGNORED, false, 0, 0, "", "PLACE",
         "there are no backtraces"},
	{NULL, "etcd-endpoints", NULL, OPTION_IGNORED, false, 0, 0, "", "LIST",
         "etcd is not supported"},
	{NULL, "etcd-prefix", NULL, OPTION_IGNORED, false, 0, 0, "", "PREFIX",
         "etcd is not supported"},
	{NULL, "etcd-keyfile", NULL, OPTION_IGNORED, false, 0, 0, "", "FILE",
         "etcd is not supported"},
	{NULL, "etcd-certfile", NULL, OPTION_IGNORED, false, 0, 0, "", "FILE",
         "etcd is not supported"},
	{NULL, "etcd-cafile", NULL, OPTION_IGNORED, false, 0, 0, "", "FILE",
         "etcd is not supported"},
	{NULL, "etcd-username", NULL, OPTION_IGNORED, false, 0, 0, "", "NAME",
         "etcd is not supported"},
	{NULL, "etcd-password", NULL, OPTION_IGNORED, false, 0, 0, "", "PASSWORD",
         "etcd is not supported"},
};

#define SPEC_COUNT (sizeof(specs) / sizeof(specs[0]))

struct parse {
	struct options *out;
	option_note_fn note;
	void *ctx;
	bool from_flag[SPEC_COUNT]; /* lists: a flag replaces what the environment gave */
};

static const struct option_spec *find_spec(const char *name, size_t length)
{
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		if (strlen(specs[i].name) == length && strncmp(specs[i].name, name, length) == 0)
			return &specs[i];
		if (specs[i].alias && strlen(specs[i].alias) == length &&
		    strncmp(specs[i].alias, name, length) == 0)
			return &specs[i];
	}
	return NULL;
}

/* The spellings of Go's strconv.ParseBool, which flannel's users may have in their manifests. */
static int parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "true", "True", "TRUE"};
	static const char *const no[] = {"0", "f", "F", "false", "False", "FALSE"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*out = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_number(const char *text, uint32_t maximum, uint32_t *out)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end != '\0' || value > maximum)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

/* `choices`: words with | between them; *out becomes the number of the one that `text` is. */
static int parse_choice(const char *text, const char *choices, unsigned *out)
{
	size_t length = strlen(text);

	for (unsigned number = 0; *choices; number++) {
		size_t end = strcspn(choices, "|");

		if (end == length && memcmp(choices, text, end) == 0) {
			*out = number;
			return 0;
		}
		choices += end + (choices[end] == '|');
	}
	return -EINVAL;
}

static int list_add(struct option_list *list, const char *text)
{
	if (list->count == OPTION_LIST_MAX)
		return -E2BIG;
	list->items[list->count++] = text;
	return 0;
}

/* `source` is how the user wrote it: "--iface" or "FLANNELD_IFACE". */
static int set_value(struct parse *parse, const struct option_spec *spec, const char *source,
                     const char *text, struct error *err)
{
	void *field = (char *)parse->out + spec->offset;
	char note[256];

	switch (spec->kind) {
	case OPTION_BOOL:
		if (parse_bool(text, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected true or false", source,
			                 text);
		return 0;
	case OPTION_NUMBER:
		if (parse_number(text, spec->maximum, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected a number from 0 to %u",
			                 source, text, spec->maximum);
		return 0;
	case OPTION_TEXT:
		memcpy(field, &text, sizeof(text));
		return 0;
	case OPTION_CHOICE:
		if (parse_choice(text, spec->value, field) < 0)
			return error_set(err, EINVAL, "%s=%s: expected one of %s", source, text,
			                 spec->value);
		*(unsigned *)field += spec->initial[0] == '\0';
		return 0;
	case OPTION_LIST:
		if (list_add(field, text) < 0)
			return error_set(err, E2BIG, "%s: more than %d of them", source,
			                 OPTION_LIST_MAX);
		return 0;
	case OPTION_IGNORED:
		snprintf(note, sizeof(note), "%s has no effect: %s", source, spec->help);
		if (parse->note)
			parse->note(parse->ctx, note);
		return 0;
	}
	return 0;
}

static int set_defaults(struct parse *parse, struct error *err)
{
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		int result;

		if (specs[i].kind == OPTION_LIST || specs[i].kind == OPTION_IGNORED ||
		    (specs[i].kind == OPTION_CHOICE && !specs[i].initial[0]))
			continue;
		result = set_value(parse, &specs[i], specs[i].name, specs[i].initial, err);
		if (result < 0)
			return result;
	}
	return 0;
}

static void environment_name(const struct option_spec *spec, char *name, size_t size)
{
	size_t used = (size_t)snprintf(name, size, "%s%s", spec->own ? "HOSTGW_" : "FLANNELD_",
	                               spec->name);

	for (size_t i = 0; i < used && i < size; i++)
		name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
}

static int read_environment(struct parse *parse, const char *(*lookup)(const char *name),
                            struct error *err)
{
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		char name[80];
		const char *text;
		int result;

		environment_name(&specs[i], name, sizeof(name));
		text = lookup(name);
		if (!text || *text == '\0')
			continue;
		result = set_value(parse, &specs[i], name, text, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* A flag replaces what the environment gave, also for a list. */
static void forget_environment(struct parse *parse, const struct option_spec *spec)
{
	size_t index = (size_t)(spec - specs);

	if (spec->kind == OPTION_LIST && !parse->from_flag[index])
		((struct option_list *)(void *)((char *)parse->out + spec->offset))->count = 0;
	parse->from_flag[index] = true;
}

/* Returns how many arguments were used: 1, or 2 with the value in the second. */
static int read_flag(struct parse *parse, const char *argument, const char *next, struct error *err)
{
	const char *name = argument + (argument[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *spec = find_spec(name, length);
	const char *value = equals ? equals + 1 : NULL;
	char source[80];
	int used = 1, result;

	if (!spec)
		return error_set(err, EINVAL, "unknown flag %s; hostgwd --help lists all flags",
		                 argument);
	if (!value && spec->kind == OPTION_BOOL) {
		value = "true";
	} else if (!value) {
		if (!next)
			return error_set(err, EINVAL, "--%s needs a value: --%s %s", spec->name,
			                 spec->name, spec->value);
		value = next;
		used = 2;
	}
	forget_environment(parse, spec);
	snprintf(source, sizeof(source), "--%s", spec->name);
	result = set_value(parse, spec, source, value, err);
	return result < 0 ? result : used;
}

int options_parse(int argc, char *const argv[], const char *(*lookup)(const char *name),
                  struct options *out, option_note_fn note, void *ctx, struct error *err)
{
	struct parse parse = {.out = out, .note = note, .ctx = ctx};
	int result;

	memset(out, 0, sizeof(*out));
	result = set_defaults(&parse, err);
	if (result == 0)
		result = read_environment(&parse, lookup, err);
	for (int i = 1; i < argc && result >= 0; i += result) {
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return error_set(err, EINVAL,
			                 "\"%s\" is no flag; values are written --flag=value or "
			                 "--flag value, switches --flag or --flag=false",
			                 argv[i]);
		result = read_flag(&parse, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
	}
	return result < 0 ? result : 0;
}

/* The help text with each line after the first under the first. */
static void print_help_text(FILE *to, const char *text)
{
	for (const char *at = text; *at; at++) {
		fputc(*at, to);
		if (*at == '\n')
			fprintf(to, "%*s", 36, "");
	}
}

/* Which flags have variables of hostgwd's own; lines of some 80 columns. */
static void print_environment_help(FILE *to)
{
	size_t column = 0;

	fputs("\nEach flag is also an environment variable: FLANNELD_ and the name in upper case "
	      "with\n- as _. A flag wins. HOSTGW_ takes the place of FLANNELD_ for these:\n",
	      to);
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		if (!specs[i].own)
			continue;
		if (column + strlen(specs[i].name) > 76) {
			fputc('\n', to);
			column = 0;
		}
		column += (size_t)fprintf(to, " %s", specs[i].name);
	}
	fputc('\n', to);
}

void options_print_help(FILE *to)
{
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &specs[i];
		char left[64];

		if (spec->group)
			fprintf(to, "\n%s:\n", spec->group);
		snprintf(left, sizeof(left), "--%s%s%s", spec->name, spec->value ? " " : "",
		         spec->value ? spec->value : "");
		if (strlen(left) > 33)
			fprintf(to, "  %s\n%*s", left, 36, "");
		else
			fprintf(to, "  %-33s ", left);
		print_help_text(to, spec->help);
		if (spec->initial[0] && strcmp(spec->initial, "false") != 0)
			fprintf(to, " (default %s)", spec->initial);
		fputc('\n', to);
	}
	print_environment_help(to);
}
