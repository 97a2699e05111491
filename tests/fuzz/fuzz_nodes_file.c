/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A nodes file, JSON or YAML, and the node table that its records go into: what is refused is
 * refused with a sentence, what is visited has a name, and the table stands it.
 */
#include "daemon/node_table.h"
#include "fuzz.h"
#include "hostgw/node_list.h"

static void check_node(const struct node *node, void *ctx)
{
	size_t *count = ctx;

	assert_string_not_equal(node->name, "");
	assert_true(node->pod_cidr_count <= NODE_POD_CIDRS_MAX);
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		assert_int_not_equal(node->pod_cidrs[i].addr.family, 0);
	(*count)++;
}

static int visit(void *ctx, const struct node_record *record, struct error *err)
{
	bool changed;

	assert_string_not_equal(record->name, "");
	return node_table_upsert(ctx, record, &changed, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node_table *nodes;
	struct error err = {0};
	size_t count = 0;

	assert_int_equal(node_table_new(&nodes, &err), 0);
	fuzz_check_result(node_list_read((const char *)data, size, "flannel.alpha.coreos.com",
	                                 visit, nodes, &err),
	                  &err);
	node_table_each(nodes, check_node, &count);
	assert_int_equal(count, node_table_count(nodes));
	node_table_free(nodes);
	return 0;
}
