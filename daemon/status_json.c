/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printed member by member: of five thousand nodes a tree would cost more than the plan did. */
#include "status_json.h"

#include <stdio_ext.h>
#include <stdlib.h>

#include "node_states.h"
#include "route_protocol.h"
#include "route_text.h"

struct counts {
	size_t nodes, troubled; /* nodes; such that a claim is not well */
};

/* ---- members ---- */

static bool is_plain(char character)
{
	unsigned char byte = (unsigned char)character;

	return byte >= 0x20 && byte != 0x7f && byte != '"' && byte != '\\';
}

/* Bytes that are no UTF-8 stay what they are. */
static void put_text(FILE *to, const char *text)
{
	fputc('"', to);
	while (*text) {
		const char *end = text;

		while (is_plain(*end))
			end++;
		fwrite(text, 1, (size_t)(end - text), to);
		text = end;
		if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text++);
		else if (*text)
			fprintf(to, "\\u%04x", (unsigned char)*text++);
	}
	fputc('"', to);
}

static void put_member(FILE *to, const char *name, const char *text)
{
	fputc('"', to);
	fputs(name, to);
	fputs("\":", to);
	put_text(to, text);
}

/* Lines become an array's texts. */
static void put_lines(FILE *to, const char *name, const char *lines)
{
	const char *separator = "";
	char line[ERROR_TEXT_MAX + 32];

	fprintf(to, "\"%s\":[", name);
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		fputs(separator, to);
		put_text(to, line);
		separator = ",";
		lines += length + (lines[length] == '\n');
	}
	fputs("],", to);
}

/* ---- one node ---- */

static void put_read(FILE *to, const struct node *node)
{
	char text[PREFIX_TEXT_MAX];
	const char *separator = "";

	fprintf(to, ",\"read\":{\"created\":%lld,\"podCIDRs\":[", (long long)node->created);
	for (size_t i = 0; i < node->pod_cidr_count; i++) {
		fputs(i > 0 ? "," : "", to);
		put_text(to, prefix_format(&node->pod_cidrs[i], text));
	}
	fputs("],\"nextHops\":[", to);
	for (int i = 0; i < IP_FAMILIES; i++) {
		if (node->next_hop[i].family == 0)
			continue;
		fputs(separator, to);
		put_text(to, ip_format(&node->next_hop[i], text));
		separator = ",";
	}
	fprintf(to, "],\"badPodCIDR\":%s,\"otherBackend\":%s}",
	        node->bad_pod_cidr ? "true" : "false", node->other_backend ? "true" : "false");
}

/* What is under the route's key now, whoever's. */
static void put_kernel(const struct status_facts *facts, FILE *to, const struct claim *claim)
{
	const struct route *wanted = plan_find_route(facts->plan, claim), *found = NULL;
	char text[256], route[128], name[ROUTE_PROTOCOL_TEXT_MAX], nhid[24] = "";
	const struct link *link;

	snprintf(text, sizeof(text), "%s", wanted ? "no route" : "no route, and none is due");
	if (wanted)
		found = facts->find_observed(facts->ctx, wanted);
	if (found) {
		link = link_find(facts->links, found->oif);
		if (found->nexthop_id != 0)
			snprintf(nhid, sizeof(nhid), " nhid %u", found->nexthop_id);
		snprintf(text, sizeof(text), "%s%s%s%s, protocol %s",
		         route_describe(found, route, sizeof(route)), link ? " dev " : "",
		         link ? link->name : "", nhid,
		         route_protocol_format(found->protocol, name));
	}
	fputc(',', to);
	put_member(to, "kernel", text);
}

static void put_claim(const struct status_facts *facts, FILE *to, const struct claim *claim)
{
	char text[ERROR_TEXT_MAX];

	fputc('{', to);
	put_member(to, "node", claim->node->name);
	if (claim->cidr.addr.family != 0) {
		fputc(',', to);
		put_member(to, "podCIDR", prefix_format(&claim->cidr, text));
	}
	if (claim->via.family != 0) {
		fputc(',', to);
		put_member(to, "nextHop", ip_format(&claim->via, text));
	}
	fputc(',', to);
	put_member(to, "state", claim_state_word(claim->state));
	fprintf(to, ",\"since\":%u", claim->since);
	if (facts->only || !node_states_is_well(claim->state)) {
		fputc(',', to);
		put_member(to, "reason",
		           claim_reason(claim, facts->uplink, facts->links, text, sizeof(text)));
	}
	if (facts->only) {
		put_read(to, claim->node);
		put_kernel(facts, to, claim);
	}
	fputc('}', to);
}

/* ---- the whole ---- */

/* A node's claims lie side by side. */
static struct counts count(const struct plan *plan)
{
	const struct node *last = NULL, *last_troubled = NULL;
	struct counts counts = {0};

	for (size_t i = 0; i < plan->claim_count; i++) {
		const struct claim *claim = &plan->claims[i];

		counts.nodes += claim->node != last;
		last = claim->node;
		if (node_states_is_well(claim->state))
			continue;
		counts.troubled += claim->node != last_troubled;
		last_troubled = claim->node;
	}
	return counts;
}

/* Of one node: whether that is well. */
static void put_verdict_of_one(const struct status_facts *facts, FILE *to)
{
	bool found = false, well = true;
	char text[512];

	for (size_t i = 0; i < facts->plan->claim_count; i++) {
		const struct claim *claim = &facts->plan->claims[i];

		if (strcmp(claim->node->name, facts->only) != 0)
			continue;
		found = true;
		well = well && node_states_is_well(claim->state);
	}
	if (!found)
		snprintf(text, sizeof(text), "There is no node %.300s: nobody has told of it",
		         facts->only);
	else
		snprintf(text, sizeof(text), "Node %.300s is %swell", facts->only,
		         well ? "" : "not ");
	fprintf(to, "\"well\":%s,", found && well ? "true" : "false");
	put_member(to, "verdict", text);
}

static void put_verdict(const struct status_facts *facts, FILE *to)
{
	const struct reconcile_stats routes = facts->routes;
	const struct counts counts = count(facts->plan);
	bool well = facts->ready && counts.troubled == 0 && routes.installed == routes.desired;
	char text[512], first[256];

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(facts->missing, "\n"), facts->missing);
	if (well)
		snprintf(text, sizeof(text), "All is well: %zu nodes, %zu of %zu routes in place",
		         counts.nodes, routes.installed, routes.desired);
	else if (!facts->ready)
		snprintf(text, sizeof(text), "Not ready: %s", first);
	else
		snprintf(text, sizeof(text),
		         "Not well: %zu of %zu nodes; %zu of %zu routes in place", counts.troubled,
		         counts.nodes, routes.installed, routes.desired);
	fprintf(to,
	        "\"routes\":{\"desired\":%zu,\"installed\":%zu,\"conflicts\":%zu,\"strangers\":%zu,"
	        "\"foughtOver\":%zu},\"well\":%s,",
	        routes.desired, routes.installed, routes.conflicts, routes.strangers,
	        routes.fighting, well ? "true" : "false");
	put_member(to, "verdict", text);
}

static void put_all(const struct status_facts *facts, FILE *to)
{
	const char *separator = "";

	fputc('{', to);
	put_member(to, "version", facts->version);
	fputc(',', to);
	put_member(to, "node", facts->node_name);
	fputc(',', to);
	put_member(to, "interface", facts->uplink->name);
	fprintf(to, ",\"since\":%lld,\"lastSync\":%lld,\"ready\":%s,", (long long)facts->start_time,
	        (long long)facts->last_sync, facts->ready ? "true" : "false");
	put_lines(to, "missing", facts->missing);
	fputs("\"nodes\":[", to);
	for (size_t i = 0; i < facts->plan->claim_count; i++) {
		const struct claim *claim = &facts->plan->claims[i];

		if (facts->only && strcmp(claim->node->name, facts->only) != 0)
			continue;
		fputs(separator, to);
		put_claim(facts, to, claim);
		separator = ",\n";
	}
	fputs("],", to);
	if (facts->only)
		put_verdict_of_one(facts, to);
	else
		put_verdict(facts, to);
	fputs("}\n", to);
}

char *status_json_render(const struct status_facts *facts, size_t *length)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, length);
	bool failed;

	if (!to)
		return NULL;
	__fsetlocking(to, FSETLOCKING_BYCALLER); /* nobody else has it */
	put_all(facts, to);
	failed = ferror(to) != 0;
	if (fclose(to) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
