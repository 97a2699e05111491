/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "file.h"

#define FILE_LIMIT (1024 * 1024)

/* `at_start`: the daemon looks at it when it starts. The others it looks at in every round, or
 * fails over by itself. */
static const struct {
	const char *name;
	void (*look)(const struct check_facts *facts, struct findings *findings);
	bool at_start;
} checks[] = {
	{"rights", check_rights, false},
	{"kernel", check_kernel, false},
	{"configuration", check_configuration, false},
	{"interface", check_interface, false},
	{"nodes", check_nodes, false},
	{"rbac", check_permissions, false},
	{"forwarding", check_forwarding, false},
	{"accept_ra", check_advertised, true},
	{"rp_filter", check_reverse_path, true},
	{"forward-rules", check_forward_rules, false},
	{"neighbours", check_neighbours, false},
	{"networkd", check_networkd, true},
	{"networkmanager", check_network_manager, true},
	{"cni-plugins", check_cni_plugins, true},
	{"cni-order", check_cni_order, true},
	{"cni-bridge", check_bridge, true},
	{"daemons", check_daemons, true},
	{"leftovers", check_leftovers, true},
	{"files", check_files, false},
	{"clock", check_clock, false},
};

void check_run(const struct check_facts *facts, struct findings *findings)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (facts->by_daemon && !checks[i].at_start)
			continue;
		findings->check = checks[i].name;
		checks[i].look(facts, findings);
	}
}

const char *check_path(const struct check_facts *facts, const char *path, char text[PATH_MAX])
{
	snprintf(text, PATH_MAX, "%s%s", facts->root, path);
	return text;
}

bool check_exists(const struct check_facts *facts, const char *path)
{
	char text[PATH_MAX];

	return access(check_path(facts, path, text), F_OK) == 0;
}

char *check_read(const struct check_facts *facts, const char *path)
{
	char name[PATH_MAX], *text;
	struct error err;
	size_t length;

	if (file_read(check_path(facts, path, name), FILE_LIMIT, &text, &length, &err) < 0)
		return NULL;
	return text;
}
