/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan for programs: declared in plan_print.h. A cJSON call that finds no memory returns NULL,
 * and cJSON calls given NULL do nothing: `failed` sees each addition. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "plan_print.h"
#include "route_text.h"

#define SENTENCE_MAX 512

struct printing {
	const struct plan_outcome *outcome;
	bool failed; /* no memory for something */
	cJSON *list; /* that changes are added to */
};

/* ---- members ---- */

static void add_text(struct printing *printing, cJSON *object, const char *name, const char *text)
{
	printing->failed |= !cJSON_AddStringToObject(object, name, text);
}

static void add_number(struct printing *printing, cJSON *object, const char *name, double number)
{
	printing->failed |= !cJSON_AddNumberToObject(object, name, number);
}

static cJSON *add_object(struct printing *printing, cJSON *to, const char *name)
{
	cJSON *object = cJSON_AddObjectToObject(to, name);

	printing->failed |= !object;
	return object;
}

static cJSON *add_list(struct printing *printing, cJSON *to, const char *name)
{
	cJSON *list = cJSON_AddArrayToObject(to, name);

	printing->failed |= !list;
	return list;
}

static cJSON *append_object(struct printing *printing, cJSON *list)
{
	cJSON *object = cJSON_CreateObject();

	if (object && cJSON_AddItemToArray(list, object))
		return object;
	cJSON_Delete(object);
	printing->failed = true;
	return NULL;
}

/* ---- changes ---- */

static void add_next_hop(struct printing *printing, cJSON *object, const struct ip_addr *via,
                         int oif)
{
	char addr[IP_TEXT_MAX], name[IFNAMSIZ];

	if (via->family != 0)
		add_text(printing, object, "via", ip_format(via, addr));
	if (oif != 0)
		add_text(printing, object, "dev", plan_link_name(printing->outcome, oif, name));
}

static void add_route(struct printing *printing, cJSON *object, const struct route *route)
{
	char dst[PREFIX_TEXT_MAX];

	add_text(printing, object, "type", plan_route_type(route->type));
	add_text(printing, object, "dst", prefix_format(&route->dst, dst));
	if (route->type != RTN_BLACKHOLE)
		add_next_hop(printing, object, &route->via, route->oif);
	if (route->nexthop_id != 0)
		add_number(printing, object, "nexthopId", route->nexthop_id);
	add_number(printing, object, "table", route->table);
	add_number(printing, object, "metric", route->metric);
	add_number(printing, object, "protocol", route->protocol);
}

static void add_change(struct printing *printing, const struct route_change *change)
{
	static const char *const verbs[] = {
		[ROUTE_ADD] = "add", [ROUTE_REPLACE] = "replace", [ROUTE_DELETE] = "remove"};
	const struct route *former = NULL;
	cJSON *object = append_object(printing, printing->list);

	add_text(printing, object, "object", "route");
	add_text(printing, object, "verb", verbs[change->verb]);
	add_route(printing, object, &change->route);
	if (change->verb == ROUTE_REPLACE)
		former = plan_find_former(printing->outcome, &change->route);
	if (former)
		add_route(printing, add_object(printing, object, "was"), former);
}

static void add_nexthop(void *ctx, const struct nexthop_change *change)
{
	static const char *const verbs[] = {
		[NEXTHOP_ADD] = "add", [NEXTHOP_REPLACE] = "replace", [NEXTHOP_DELETE] = "remove"};
	struct printing *printing = ctx;
	cJSON *object = append_object(printing, printing->list);

	add_text(printing, object, "object", "nexthop");
	add_text(printing, object, "verb", verbs[change->verb]);
	add_number(printing, object, "nexthopId", change->nexthop.id);
	add_next_hop(printing, object, &change->nexthop.via, change->nexthop.oif);
	add_number(printing, object, "protocol", change->nexthop.protocol);
}

static void add_changes(struct printing *printing, cJSON *root)
{
	const struct route_diff *routes = &printing->outcome->proposal->routes;

	printing->list = add_list(printing, root, "changes");
	plan_each_nexthop(printing->outcome, true, add_nexthop, printing);
	for (size_t i = 0; i < routes->change_count; i++)
		add_change(printing, &routes->changes[i]);
	plan_each_nexthop(printing->outcome, false, add_nexthop, printing);
}

/* ---- nodes and others' routes ---- */

static void add_node(struct printing *printing, cJSON *list, const struct claim *claim)
{
	const struct plan_outcome *outcome = printing->outcome;
	char cidr[PREFIX_TEXT_MAX], via[IP_TEXT_MAX], reason[SENTENCE_MAX];
	cJSON *object = append_object(printing, list);

	add_text(printing, object, "name", claim->node->name);
	if (claim->cidr.addr.family != 0)
		add_text(printing, object, "podCIDR", prefix_format(&claim->cidr, cidr));
	if (claim->via.family != 0)
		add_text(printing, object, "via", ip_format(&claim->via, via));
	add_text(printing, object, "state", claim_state_word(claim->state));
	add_text(printing, object, "reason",
	         claim_describe(claim, outcome->uplink, outcome->links, reason, sizeof(reason)));
}

static void add_nodes(struct printing *printing, cJSON *root)
{
	const struct plan *plan = printing->outcome->plan;
	cJSON *list = add_list(printing, root, "nodes");

	for (size_t i = 0; i < plan->claim_count; i++)
		add_node(printing, list, &plan->claims[i]);
}

static void add_foreign_routes(struct printing *printing, cJSON *root)
{
	const struct route_diff *routes = &printing->outcome->proposal->routes;
	cJSON *list = add_list(printing, root, "conflicts");
	char reason[SENTENCE_MAX];

	for (size_t i = 0; i < routes->conflict_count; i++) {
		const struct route_conflict *conflict = &routes->conflicts[i];
		cJSON *object = append_object(printing, list);

		add_route(printing, add_object(printing, object, "desired"), &conflict->desired);
		add_route(printing, add_object(printing, object, "observed"), &conflict->observed);
		add_text(printing, object, "reason",
		         route_describe_conflict(conflict, reason, sizeof(reason)));
	}
	list = add_list(printing, root, "strangers");
	for (size_t i = 0; i < routes->stranger_count; i++) {
		const struct route *stranger = &routes->strangers[i];
		cJSON *object = append_object(printing, list);

		add_route(printing, object, stranger);
		add_text(printing, object, "reason",
		         route_describe_stranger(stranger, reason, sizeof(reason)));
	}
}

/* ---- the whole ---- */

static void add_summary(struct printing *printing, cJSON *root)
{
	struct plan_summary summary = plan_summarize(printing->outcome);
	cJSON *object = add_object(printing, root, "summary");

	add_number(printing, object, "add", (double)summary.add);
	add_number(printing, object, "replace", (double)summary.replace);
	add_number(printing, object, "remove", (double)summary.remove);
	add_number(printing, object, "right", (double)summary.right);
	add_number(printing, object, "nexthops", (double)summary.nexthops);
	add_number(printing, object, "conflicts", (double)summary.conflicts);
	add_number(printing, object, "strangers", (double)summary.strangers);
	add_number(printing, object, "nodesLeftOut", (double)summary.left_out);
}

int plan_print_json(const struct plan_outcome *outcome, FILE *to, struct error *err)
{
	struct printing printing = {.outcome = outcome};
	cJSON *root = cJSON_CreateObject();
	char *text = NULL;

	add_changes(&printing, root);
	add_nodes(&printing, root);
	add_foreign_routes(&printing, root);
	if (outcome->waiting)
		add_text(&printing, root, "waiting", outcome->waiting);
	add_summary(&printing, root);
	if (!printing.failed)
		text = cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return error_set(err, ENOMEM, "out of memory for the plan as JSON");
	fputs(text, to);
	fputc('\n', to);
	cJSON_free(text);
	return 0;
}
