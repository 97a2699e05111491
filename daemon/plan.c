/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "route_diff.h"

/* ---- one claim for each pod CIDR of each node ---- */

struct gathering {
	const struct plan_input *input;
	struct claim *claims;
	size_t count, room;
};

static void add_claim(struct gathering *gathering, const struct node *node,
                      const struct prefix *cidr, enum claim_state state)
{
	struct claim *claim = &gathering->claims[gathering->count++];

	memset(claim, 0, sizeof(*claim));
	claim->node = node;
	claim->state = state;
	if (cidr) {
		claim->cidr = *cidr;
		claim->via = node->next_hop[ip_family_index(cidr->addr.family)];
	}
}

static void count_claims(const struct node *node, void *ctx)
{
	struct gathering *gathering = ctx;

	gathering->room += node->pod_cidr_count + 1u;
}

static void gather_claims(const struct node *node, void *ctx)
{
	struct gathering *gathering = ctx;
	bool own = strcmp(node->name, gathering->input->own_name) == 0;

	for (size_t i = 0; i < node->pod_cidr_count; i++)
		add_claim(gathering, node, &node->pod_cidrs[i], own ? CLAIM_OWN : CLAIM_ROUTED);
	if (node->bad_pod_cidr)
		add_claim(gathering, node, NULL, CLAIM_BAD_POD_CIDR);
	else if (node->pod_cidr_count == 0)
		add_claim(gathering, node, NULL, CLAIM_NO_POD_CIDR);
}

/* ---- what a claim is worth by itself ---- */

static bool covers_host_address(const struct link_snapshot *links, const struct prefix *cidr)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (prefix_contains_ip(cidr, &links->addresses[i].prefix.addr))
			return true;
	return false;
}

/* The own pod CIDR holds the bridge's address, of course, but not that by which others come. */
static enum claim_state judge_own(const struct plan_input *input, const struct claim *claim)
{
	const struct ip_addr *address =
		&input->uplink->address[ip_family_index(claim->cidr.addr.family)];

	return prefix_contains_ip(&claim->cidr, address) ? CLAIM_HOST_ADDRESS : CLAIM_OWN;
}

/* Host-gw needs a next hop that answers ARP or neighbour discovery on the uplink itself. */
static bool on_link(const struct plan_input *input, const struct ip_addr *via)
{
	const struct link_snapshot *links = input->links;

	for (size_t i = 0; i < links->address_count; i++) {
		const struct link_address *address = &links->addresses[i];

		if (address->index == input->uplink->index &&
		    (prefix_contains_ip(&address->prefix, via) || ip_equal(&address->peer, via)))
			return true;
	}
	return false;
}

/* The two addresses of an IPv4 subnet that are nobody's (RFC 1122); RFC 3021: not of a /31. */
static bool is_subnet_address(const struct plan_input *input, const struct ip_addr *via)
{
	for (size_t i = 0; i < input->links->address_count; i++) {
		const struct prefix *subnet = &input->links->addresses[i].prefix;
		struct prefix host = {*via, subnet->length};
		struct ip_addr first = prefix_masked(&host).addr, last = first;

		if (via->family != AF_INET || subnet->length > 30 ||
		    !prefix_contains_ip(subnet, via))
			continue;
		for (unsigned bit = subnet->length; bit < 32; bit++)
			last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
		if (ip_equal(via, &first) || ip_equal(via, &last))
			return true;
	}
	return false;
}

/* The interface has no address of the family just now: its routes are nobody's business. */
static bool is_away(const struct plan_input *input, uint8_t family)
{
	return input->uplink->address[ip_family_index(family)].family == 0;
}

static enum claim_state judge_next_hop(const struct plan_input *input, const struct claim *claim)
{
	if (claim->via.family == 0)
		return CLAIM_NO_NEXT_HOP;
	if (!ip_is_unicast(&claim->via) || prefix_contains_ip(&claim->cidr, &claim->via) ||
	    is_subnet_address(input, &claim->via))
		return CLAIM_BAD_NEXT_HOP;
	if (link_find_address(input->links, &claim->via))
		return CLAIM_OWN_ADDRESS;
	if (!is_away(input, claim->via.family) && !on_link(input, &claim->via))
		return CLAIM_OFF_LINK;
	return CLAIM_ROUTED;
}

static enum claim_state judge_claim(const struct plan_input *input, const struct claim *claim)
{
	const struct prefix *network =
		&input->conf->network[ip_family_index(claim->cidr.addr.family)];

	if (network->addr.family == 0)
		return CLAIM_FAMILY_OFF;
	if (!prefix_contains(network, &claim->cidr))
		return CLAIM_OUTSIDE_NETWORK;
	if (claim->state == CLAIM_OWN)
		return judge_own(input, claim);
	if (claim->node->other_backend)
		return CLAIM_OTHER_BACKEND;
	if (covers_host_address(input->links, &claim->cidr))
		return CLAIM_HOST_ADDRESS;
	return judge_next_hop(input, claim);
}

/* ---- claims against each other ---- */

/* A node whose age is not known must not take what one of a known age has. */
static uint64_t birth(const struct node *node)
{
	return node->created > 0 ? (uint64_t)node->created : UINT64_MAX;
}

/* Own claims first, then older nodes before younger, then by name; a node's own in their order. */
static int compare_seniority(const void *a, const void *b)
{
	const struct claim *left = *(struct claim *const *)a;
	const struct claim *right = *(struct claim *const *)b;

	if ((left->state == CLAIM_OWN) != (right->state == CLAIM_OWN))
		return left->state == CLAIM_OWN ? -1 : 1;
	if (birth(left->node) != birth(right->node))
		return birth(left->node) < birth(right->node) ? -1 : 1;
	if (left->node != right->node)
		return strcmp(left->node->name, right->node->name);
	return left < right ? -1 : left > right;
}

/* The tree's claims overlap nowhere, so "overlaps" as "equal" leaves a total order, and a search
 * with a claim that overlaps one or more finds one of them. */
static int compare_disjoint(const void *a, const void *b)
{
	const struct claim *left = a, *right = b;

	if (prefix_overlaps(&left->cidr, &right->cidr))
		return 0;
	return prefix_compare(&left->cidr, &right->cidr);
}

static void keep(void *claim)
{
	(void)claim; /* the tree owns none of its claims */
}

static bool contends(const struct claim *claim)
{
	return claim->state == CLAIM_OWN || claim->state == CLAIM_ROUTED;
}

static int settle_conflicts(struct plan *plan)
{
	struct claim **order = calloc(plan->claim_count + 1, sizeof(*order));
	size_t count = 0;
	void *tree = NULL;
	int result = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < plan->claim_count; i++)
		if (contends(&plan->claims[i]))
			order[count++] = &plan->claims[i];
	qsort(order, count, sizeof(*order), compare_seniority);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct claim **holder = tsearch(order[i], &tree, compare_disjoint);

		if (!holder) {
			result = -ENOMEM;
		} else if (*holder != order[i]) {
			order[i]->state = CLAIM_CONFLICT;
			order[i]->other = (*holder)->node;
		}
	}
	tdestroy(tree, keep);
	free(order);
	return result;
}

/* ---- routes ---- */

static uint32_t family_metric(uint8_t family)
{
	return family == AF_INET6 ? ROUTE_METRIC_IPV6 : ROUTE_METRIC_IPV4;
}

static struct route route_to(const struct plan_input *input, const struct claim *claim)
{
	return (struct route){
		.dst = claim->cidr,
		.via = claim->via,
		.oif = input->uplink->index,
		.table = input->table,
		.metric = input->metric ? input->metric : family_metric(claim->cidr.addr.family),
		.protocol = input->protocol,
		.type = RTN_UNICAST,
	};
}

/* At any smaller metric it would beat, or in IPv4 take the place of, the bridge's own route. */
static struct route blackhole_of(const struct plan_input *input, const struct prefix *cidr)
{
	return (struct route){
		.dst = *cidr,
		.table = input->table,
		.metric = ROUTE_METRIC_LAST,
		.protocol = input->protocol,
		.type = RTN_BLACKHOLE,
	};
}

static void collect_routes(const struct plan_input *input, struct plan *plan)
{
	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];

		if (is_away(input, claim->cidr.addr.family))
			continue;
		if (claim->state == CLAIM_ROUTED)
			plan->routes[plan->route_count++] = route_to(input, claim);
		else if (claim->state == CLAIM_OWN && input->blackhole)
			plan->routes[plan->route_count++] = blackhole_of(input, &claim->cidr);
	}
	qsort(plan->routes, plan->route_count, sizeof(*plan->routes), route_compare_key);
}

static void note_own(struct plan *plan)
{
	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];
		struct prefix *own = &plan->own[ip_family_index(claim->cidr.addr.family)];

		if (claim->state == CLAIM_OWN && own->addr.family == 0)
			*own = claim->cidr;
	}
}

int plan_make(const struct plan_input *input, struct plan *out, struct error *err)
{
	struct gathering gathering = {.input = input};
	struct plan plan = {0};

	node_table_each(input->nodes, count_claims, &gathering);
	gathering.claims = calloc(gathering.room + 1, sizeof(*gathering.claims));
	plan.routes = calloc(gathering.room + 1, sizeof(*plan.routes));
	plan.claims = gathering.claims;
	memset(out, 0, sizeof(*out));
	if (!plan.claims || !plan.routes)
		goto out_of_memory;
	node_table_each(input->nodes, gather_claims, &gathering);
	plan.claim_count = gathering.count;
	for (size_t i = 0; i < plan.claim_count; i++)
		if (contends(&plan.claims[i]))
			plan.claims[i].state = judge_claim(input, &plan.claims[i]);
	if (settle_conflicts(&plan) < 0)
		goto out_of_memory;
	collect_routes(input, &plan);
	note_own(&plan);
	*out = plan;
	return 0;

out_of_memory:
	plan_free(&plan);
	return error_set(err, ENOMEM, "out of memory for the plan");
}

/* The destination comes first in the routes' order. */
static int compare_destination(const void *cidr, const void *route)
{
	return prefix_compare(cidr, &((const struct route *)route)->dst);
}

const struct route *plan_find_route(const struct plan *plan, const struct claim *claim)
{
	if (plan->route_count == 0)
		return NULL;
	return bsearch(&claim->cidr, plan->routes, plan->route_count, sizeof(*plan->routes),
	               compare_destination);
}

void plan_forget_outcomes(struct plan *plan)
{
	for (size_t i = 0; i < plan->claim_count; i++) {
		struct claim *claim = &plan->claims[i];

		claim->since = 0;
		if (claim->state >= CLAIM_PENDING)
			claim->state = CLAIM_ROUTED;
	}
}

void plan_free(struct plan *plan)
{
	free(plan->claims);
	free(plan->routes);
	memset(plan, 0, sizeof(*plan));
}
