/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "route_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

int route_compare_key(const void *a, const void *b)
{
	const struct route *left = a, *right = b;
	int order = prefix_compare(&left->dst, &right->dst);

	if (order == 0)
		order = COMPARE(left->table, right->table);
	if (order == 0)
		order = COMPARE(left->metric, right->metric);
	return order ? order : COMPARE(left->tos, right->tos);
}

bool route_satisfies(const struct route *desired, const struct route *observed)
{
	if (observed->protocol != desired->protocol || observed->type != desired->type ||
	    observed->foreign_attributes || observed->nexthop_id != desired->nexthop_id)
		return false;
	if (desired->nexthop_id != 0)
		return true;
	/* The kernel gives an IPv6 blackhole the loopback interface. */
	if (desired->type == RTN_BLACKHOLE)
		return true;
	return observed->oif == desired->oif && ip_equal(&observed->via, &desired->via);
}

struct merge {
	const struct route_diff_input *input;
	struct route_diff *diff;
	struct route_change *deletes; /* appended to the changes at the end */
	size_t delete_count;
	struct ip_addr *next_hops; /* of the desired routes: nodes' addresses; sorted */
};

static int compare_addresses(const void *a, const void *b)
{
	return ip_compare(a, b);
}

/* What flanneld leaves behind: `proto boot`, via a node's address on the way to the nodes. */
static bool is_flannel_leftover(const struct merge *merge, const struct route *route)
{
	return route->protocol == RTPROT_BOOT && route->type == RTN_UNICAST &&
	       route->via.family != 0 && route->oif == merge->input->uplink &&
	       !route->foreign_attributes && route->nexthop_id == 0 &&
	       merge->input->desired_count > 0 &&
	       bsearch(&route->via, merge->next_hops, merge->input->desired_count,
	               sizeof(*merge->next_hops), compare_addresses);
}

static void add_change(struct merge *merge, enum route_verb verb, const struct route *route)
{
	struct route_diff *diff = merge->diff;
	struct route_change change = {.verb = verb, .route = *route, .result = -EINPROGRESS};

	if (verb == ROUTE_DELETE)
		merge->deletes[merge->delete_count++] = change;
	else
		diff->changes[diff->change_count++] = change;
}

static void add_conflict(struct merge *merge, const struct route *desired,
                         const struct route *foreign, bool ours_stands)
{
	struct route_diff *diff = merge->diff;

	diff->conflicts[diff->conflict_count++] = (struct route_conflict){
		.desired = *desired, .observed = *foreign, .ours_stands = ours_stands};
}

/* What others put into our Network: not the kernel's routes to interfaces, nor what leads to
 * this host's own pods. A route to a desired destination at another metric is one, too. */
static bool is_stranger(const struct merge *merge, const struct route *route)
{
	const struct route_diff_input *input = merge->input;
	enum ip_family_index family = ip_family_index(route->dst.addr.family);

	return route->protocol != input->protocol && route->protocol != RTPROT_KERNEL &&
	       route->table == input->table && input->networks[family].addr.family != 0 &&
	       prefix_contains(&input->networks[family], &route->dst) &&
	       (input->own[family].addr.family == 0 ||
	        !prefix_contains(&input->own[family], &route->dst));
}

/* Our route was there, and another program put its own in its place. */
static bool was_taken(const struct merge *merge, const struct route *desired, size_t count)
{
	const struct route_diff_input *input = merge->input;

	return count == 1 && input->is_held && input->is_held(input->ctx, desired);
}

/* Leftovers go on complete knowledge alone; what this life had wanted and wants no longer, because
 * it was told so. */
static bool may_delete(const struct merge *merge, const struct route *route)
{
	const struct route_diff_input *input = merge->input;

	return input->may_delete || (input->was_desired && input->was_desired(input->ctx, route));
}

/*
 * The routes of one key: at most one is desired, several may be there (IPv4 takes more of one key
 * with `ip route append`, IPv6 makes them one with several next hops). A replace takes the place of
 * one of them, the kernel chooses which: so the rest of ours goes only once the right one was seen.
 */
static void settle_key(struct merge *merge, const struct route *desired,
                       const struct route *observed, size_t count)
{
	const struct route *right = NULL, *replaceable = NULL, *foreign = NULL, *leftover = NULL;
	uint8_t ours = merge->input->protocol;

	for (size_t i = 0; i < count; i++) {
		if (desired && !right && route_satisfies(desired, &observed[i]))
			right = &observed[i];
		else if (observed[i].protocol == ours)
			replaceable = &observed[i];
		else if (is_flannel_leftover(merge, &observed[i]))
			replaceable = leftover = &observed[i];
		else
			foreign = &observed[i];
	}
	/* A leftover beside the right one cannot be replaced by it any more. */
	if (right && leftover)
		foreign = leftover;
	if (desired && !right && foreign && was_taken(merge, desired, count))
		add_change(merge, ROUTE_REPLACE, desired);
	else if (desired && foreign)
		add_conflict(merge, desired, foreign, right != NULL);
	else if (desired && !right)
		add_change(merge, replaceable ? ROUTE_REPLACE : ROUTE_ADD, desired);
	for (size_t i = 0; !desired && i < count; i++)
		if (is_stranger(merge, &observed[i]))
			merge->diff->strangers[merge->diff->stranger_count++] = observed[i];

	if (desired && !right && !foreign) {
		merge->diff->waiting_count += count > 1;
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (&observed[i] != right && observed[i].protocol == ours &&
		    observed[i].dst.length != 0 && may_delete(merge, &observed[i]))
			add_change(merge, ROUTE_DELETE, &observed[i]);
}

static void collect_next_hops(struct merge *merge)
{
	const struct route_diff_input *input = merge->input;

	for (size_t i = 0; i < input->desired_count; i++)
		merge->next_hops[i] = input->desired[i].via;
	if (input->desired_count > 0)
		qsort(merge->next_hops, input->desired_count, sizeof(*merge->next_hops),
		      compare_addresses);
}

static void merge_sorted(struct merge *merge)
{
	const struct route *desired = merge->input->desired;
	const struct route *observed = merge->input->observed;
	const struct route *desired_end = desired + merge->input->desired_count;
	const struct route *observed_end = observed + merge->input->observed_count;

	while (desired < desired_end || observed < observed_end) {
		const struct route *group = observed;
		int order = desired == desired_end     ? 1
		            : observed == observed_end ? -1
		                                       : route_compare_key(desired, observed);

		if (order >= 0)
			while (observed < observed_end && route_compare_key(group, observed) == 0)
				observed++;
		settle_key(merge, order <= 0 ? desired : NULL, group, (size_t)(observed - group));
		if (order <= 0)
			desired++;
	}
}

int route_diff_make(const struct route_diff_input *input, struct route_diff *out, struct error *err)
{
	struct merge merge = {.input = input, .diff = out};
	size_t most = input->desired_count + input->observed_count + 1;

	memset(out, 0, sizeof(*out));
	out->changes = calloc(most, sizeof(*out->changes));
	out->conflicts = calloc(input->desired_count + 1, sizeof(*out->conflicts));
	out->strangers = calloc(input->observed_count + 1, sizeof(*out->strangers));
	merge.deletes = calloc(input->observed_count + 1, sizeof(*merge.deletes));
	merge.next_hops = calloc(input->desired_count + 1, sizeof(*merge.next_hops));
	if (!out->changes || !out->conflicts || !out->strangers || !merge.deletes ||
	    !merge.next_hops) {
		free(merge.deletes);
		free(merge.next_hops);
		route_diff_free(out);
		return error_set(err, ENOMEM, "out of memory for %zu routes", most);
	}
	collect_next_hops(&merge);
	merge_sorted(&merge);
	memcpy(out->changes + out->change_count, merge.deletes,
	       merge.delete_count * sizeof(*merge.deletes));
	out->change_count += merge.delete_count;
	free(merge.deletes);
	free(merge.next_hops);
	return 0;
}

void route_diff_free(struct route_diff *diff)
{
	if (diff->changes)
		route_changes_release(diff->changes, diff->change_count);
	free(diff->changes);
	free(diff->conflicts);
	free(diff->strangers);
	memset(diff, 0, sizeof(*diff));
}
