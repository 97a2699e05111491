/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_fixture.h"

#include <string.h>

struct link_address plan_fixture_address(int index, const char *address, uint8_t length)
{
	return (struct link_address){
		.index = index, .prefix = {make_ip(address), length}, .global = true};
}

int plan_fixture_set_up(void **state)
{
	static struct plan_fixture f;
	struct error err;

	memset(&f, 0, sizeof(f));
	f.row = *state;
	f.links[0] = (struct link){.index = 2, .mtu = 1500, .up = true, .name = "ens192"};
	f.links[1] = (struct link){.index = 5, .mtu = 1500, .up = true, .name = "cni0"};
	f.addresses[0] = plan_fixture_address(2, "192.168.2.44", 24);
	f.addresses[1] = plan_fixture_address(2, "fd00::44", 64);
	f.addresses[2] = plan_fixture_address(5, "10.1.0.1", 24);
	f.snapshot = (struct link_snapshot){f.links, 2, f.addresses, 3};
	f.uplink = (struct uplink){
		.index = 2,
		.mtu = 1500,
		.name = "ens192",
		.address = {make_ip("192.168.2.44"), make_ip("fd00::44")},
	};
	f.conf.network[IP_V4] = make_prefix("10.1.0.0/16");
	f.conf.network[IP_V6] = make_prefix("fd00:1::/32");
	f.input = (struct plan_input){
		.own_name = OWN,
		.conf = &f.conf,
		.links = &f.snapshot,
		.uplink = &f.uplink,
		.table = RT_TABLE_MAIN,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
	};
	*state = &f;
	if (node_table_new(&f.nodes, &err) < 0)
		return -1;
	f.input.nodes = f.nodes;
	return 0;
}

int plan_fixture_tear_down(void **state)
{
	struct plan_fixture *f = *state;

	plan_free(&f->plan);
	node_table_free(f->nodes);
	return 0;
}

void plan_fixture_upsert(struct plan_fixture *f, const struct node_record *record)
{
	struct error err;
	bool changed;

	assert_int_equal(node_table_upsert(f->nodes, record, &changed, &err), 0);
}

void plan_fixture_add(struct plan_fixture *f, const char *name, int64_t created, const char *cidr,
                      const char *address)
{
	struct node_record record = {.name = name, .created = created};

	if (cidr)
		record.pod_cidrs[record.pod_cidr_count++] = cidr;
	if (address)
		record.addresses[record.address_count++] = address;
	plan_fixture_upsert(f, &record);
}

void plan_fixture_make(struct plan_fixture *f)
{
	struct error err;

	plan_free(&f->plan);
	assert_int_equal(plan_make(&f->input, &f->plan, &err), 0);
}

const struct claim *plan_fixture_claim(const struct plan_fixture *f, const char *name)
{
	for (size_t i = 0; i < f->plan.claim_count; i++)
		if (strcmp(f->plan.claims[i].node->name, name) == 0)
			return &f->plan.claims[i];
	fail_msg("no claim of %s", name);
	return NULL;
}
