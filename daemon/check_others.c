/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs that make ways between pods, and what they have left. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

/* ---- those that run ---- */

/* Names as in /proc/PID/comm, which has room for 15 characters. */
static const char *const routers[] = {"flanneld",     "kube-router",  "calico-node",
                                      "cilium-agent", "antrea-agent", "weaver"};

/* The image's names are links: what runs as "flanneld" may be hostgwd. */
static bool is_ourselves(const struct check_facts *facts, const char *pid)
{
	char name[64], path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/%.16s/exe", pid);
	length = readlink(check_path(facts, name, path), target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	slash = strrchr(target, '/');
	return slash && strncmp(slash + 1, "hostgwd", 7) == 0;
}

static void check_process(const struct check_facts *facts, const char *pid,
                          struct findings *findings)
{
	char name[64], remedy[128], *comm;

	snprintf(name, sizeof(name), "/proc/%.16s/comm", pid);
	comm = check_read(facts, name);
	if (!comm)
		return;
	comm[strcspn(comm, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(routers) / sizeof(routers[0]); i++) {
		if (strcmp(comm, routers[i]) != 0 || is_ourselves(facts, pid))
			continue;
		snprintf(remedy, sizeof(remedy), "stop it and keep it from starting (ps -p %.16s)",
		         pid);
		findings_add(findings, FINDING_WARNING, "", remedy,
		             "%s runs as process %.16s: two programs that route between pods undo "
		             "each other's work",
		             comm, pid);
	}
	free(comm);
}

void check_daemons(const struct check_facts *facts, struct findings *findings)
{
	size_t before = findings->count;
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *folder = opendir(check_path(facts, "/proc", path));

	if (facts->claimed.code != 0)
		findings_add(findings, FINDING_NOTE, "", "",
		             "a hostgwd looks after the routes of protocol %u on this host",
		             facts->options->route_protocol);
	while (folder && (entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			check_process(facts, entry->d_name, findings);
	if (folder)
		closedir(folder);
	if (findings->count == before)
		findings_add(findings, FINDING_OK, "", "",
		             "no other program that routes between pods is seen to run");
}

/* ---- what they have left ---- */

static const struct {
	const char *link, *owner;
} traces[] = {
	{"flannel.1", "flannel's vxlan backend"},
	{"flannel-v6.1", "flannel's vxlan backend"},
	{"flannel-wg", "flannel's wireguard backend"},
	{"flannel-wg-v6", "flannel's wireguard backend"},
	{"flannel0", "flannel's udp backend"},
	{"kube-bridge", "kube-router"},
	{"vxlan.calico", "Calico"},
	{"cilium_host", "Cilium"},
	{"cilium_vxlan", "Cilium"},
	{"weave", "Weave Net"},
};

void check_leftovers(const struct check_facts *facts, struct findings *findings)
{
	size_t before = findings->count;
	char remedy[64];

	for (size_t i = 0; facts->links && i < sizeof(traces) / sizeof(traces[0]); i++) {
		if (!link_find_name(facts->links, traces[i].link))
			continue;
		snprintf(remedy, sizeof(remedy), "if that is gone for good: ip link delete %s",
		         traces[i].link);
		findings_add(findings, FINDING_WARNING, traces[i].link, remedy,
		             "an interface of %s: routes through it may lead to other nodes' pods",
		             traces[i].owner);
	}
	if (facts->links && findings->count == before)
		findings_add(findings, FINDING_OK, "", "",
		             "no interface of another pod network is left");
}
