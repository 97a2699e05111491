/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_world.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "check.h"
#include "sysctl_folder.h"

static const struct {
	const char *path, *text;
} files[] = {
	{"/proc/sys/net/ipv4/ip_forward", "1\n"},
	{"/proc/sys/net/ipv4/neigh/default/gc_thresh3", "1024\n"},
	{"/proc/sys/net/ipv4/conf/all/rp_filter", "0\n"},
	{"/proc/sys/net/ipv4/conf/ens192/rp_filter", "0\n"},
	{"/proc/sys/net/ipv6/conf/all/forwarding", "1\n"},
	{"/proc/sys/net/ipv6/neigh/default/gc_thresh3", "1024\n"},
};

int check_world_set_up(void **state)
{
	struct check_world *world = calloc(1, sizeof(*world));
	void *root;

	if (!world || sysctl_folder_set_up(&root) < 0)
		return -1;
	snprintf(world->root, sizeof(world->root), "%s", (const char *)root);
	world->options = (struct options){
		.net_config_path = "/etc/kube-flannel/net-conf.json",
		.subnet_file = "/run/flannel/subnet.env",
		.state_dir = "/run/hostgw",
		.cni_conf_file = "",
		.route_table = RT_TABLE_MAIN,
		.route_protocol = 72,
	};
	world->conf.network[IP_V4] = make_prefix("10.244.0.0/16");
	world->snapshot.links = world->links;
	check_world_add_link(world, 1, "lo");
	check_world_add_link(world, 2, "ens192");
	world->uplink = (struct uplink){.index = 2, .mtu = 1500, .name = "ens192"};
	world->uplink.address[IP_V4] = make_ip("192.168.2.44");
	world->facts = (struct check_facts){
		.root = world->root,
		.options = &world->options,
		.kernel = "6.1.0-18-amd64",
		.source_given = true,
		.conf = &world->conf,
		.links = &world->snapshot,
		.uplink = &world->uplink,
		.default_link = 2,
		.obstacles_known = true,
		.source = "https://10.0.0.1:6443",
		.node_count = 5,
		.node_name = "kubworker1",
		.own_node_known = true,
		.own_node_there = true,
		.own_cidr_there = true,
	};
	for (size_t i = 0; i < COUNT(files); i++)
		check_world_put(world, files[i].path, files[i].text);
	*state = world;
	return 0;
}

int check_world_tear_down(void **state)
{
	struct check_world *world = *state;
	void *root = world->root;
	int result = sysctl_folder_tear_down(&root);

	findings_free(&world->findings);
	free(world);
	return result;
}

void check_world_put(struct check_world *world, const char *path, const char *text)
{
	sysctl_folder_put(world->root, path + 1, text);
}

void check_world_add_link(struct check_world *world, int index, const char *name)
{
	struct link *link = &world->links[world->snapshot.link_count++];

	*link = (struct link){.index = index, .mtu = 1500, .up = true, .running = true};
	snprintf(link->name, sizeof(link->name), "%s", name);
}

static void look_anew(struct check_world *world, check_fn look)
{
	findings_free(&world->findings);
	world->findings.check = "check";
	look(&world->facts, &world->findings);
	findings_sort(&world->findings);
}

void check_world_expect(struct check_world *world, check_fn look, enum finding_severity severity,
                        const char *text)
{
	bool found = false;

	look_anew(world, look);
	for (size_t i = 0; i < world->findings.count; i++) {
		const struct finding *finding = &world->findings.items[i];
		struct error line;

		finding_describe(finding, 0, &line);
		if (finding->severity < severity)
			fail_msg("worse than wanted: %s", line.text);
		found = found || (finding->severity == severity && strstr(line.text, text));
		/* Whatever is wrong has a remedy. */
		if (finding->severity <= FINDING_WARNING && !finding->remedy[0])
			fail_msg("no remedy: %s", line.text);
	}
	if (!found)
		fail_msg("no %s with \"%s\"", finding_severity_word(severity), text);
}

void check_world_expect_nothing(struct check_world *world, check_fn look)
{
	look_anew(world, look);
	assert_int_equal(world->findings.count, 0);
}
