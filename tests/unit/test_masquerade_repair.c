/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is found to differ, and what is done about it. The kernel's dumps have the form of what is
 * written, so a batch that was written is read back here as if it were a dump. */
#include "check.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/attributes.h"
#include "netlink/masquerade_encode.h"

struct world {
	struct masquerade_ruleset ruleset;
	struct masquerade_image wanted, seen;
};

static void read_batch(const struct nft_batch *batch, struct masquerade_image *out)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)batch->bytes;
	int left = (int)batch->used;

	memset(out, 0, sizeof(*out));
	for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left))
		assert_int_equal(masquerade_image_take(out, message), 0);
	masquerade_image_sort(out);
}

static void write_whole(const struct masquerade_ruleset *ruleset, struct nft_batch *batch)
{
	const struct masquerade_repair whole = {.needed = true, .whole = true};

	assert_int_equal(masquerade_encode(batch, &whole, ruleset, NULL, 0), 0);
}

static int set_up(void **state)
{
	static struct prefix others[2];
	struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.fully_random = true,
		.cluster = {make_prefix("10.244.0.0/16"), make_prefix("fd00:244::/48")},
		.own = {make_prefix("10.244.1.0/24"), make_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = others,
		.nonmasquerade_count = COUNT(others),
	};
	struct world *world = calloc(1, sizeof(*world));
	struct nft_batch batch = {0};

	others[0] = make_prefix("192.168.0.0/16");
	others[1] = make_prefix("240.0.0.0/4"); /* to the end of all addresses */
	assert_non_null(world);
	assert_int_equal(masquerade_ruleset_build(&rules, &world->ruleset), 0);
	assert_int_equal(masquerade_image_make(&world->ruleset, &world->wanted), 0);
	write_whole(&world->ruleset, &batch);
	read_batch(&batch, &world->seen);
	nft_batch_release(&batch);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	masquerade_image_release(&world->seen);
	masquerade_image_release(&world->wanted);
	masquerade_ruleset_release(&world->ruleset);
	free(world);
	return 0;
}

static void what_was_written_is_what_is_wanted(void **state)
{
	struct world *world = *state;
	struct masquerade_repair repair;

	masquerade_repair_find(&world->seen, &world->wanted, &repair);
	assert_false(repair.needed);
	for (size_t i = 0; i < MASQUERADE_FINDINGS; i++)
		assert_false(repair.found[i]);
}

/* ---- one difference each ---- */

static void no_table(struct masquerade_image *seen)
{
	masquerade_image_release(seen);
}

static void dormant(struct masquerade_image *seen)
{
	seen->flags = NFT_TABLE_F_DORMANT;
}

static void no_chain(struct masquerade_image *seen)
{
	seen->chains[MASQUERADE_FORWARD].there = false;
}

static void chain_of_another_type(struct masquerade_image *seen)
{
	strcpy(seen->chains[MASQUERADE_POSTROUTING].type, "filter");
}

static void chain_at_another_hook(struct masquerade_image *seen)
{
	seen->chains[MASQUERADE_FORWARD].hook = NF_INET_LOCAL_IN;
}

static void chain_of_another_priority(struct masquerade_image *seen)
{
	seen->chains[MASQUERADE_FORWARD].priority = -1;
}

static void policy_drop(struct masquerade_image *seen)
{
	seen->chains[MASQUERADE_FORWARD].policy = NF_DROP;
}

static void rule_missing(struct masquerade_image *seen)
{
	struct image_chain *chain = &seen->chains[MASQUERADE_POSTROUTING];

	free(chain->rules[--chain->rule_count]);
}

static void rule_added(struct masquerade_image *seen)
{
	assert_int_equal(image_add_rule(&seen->chains[MASQUERADE_FORWARD], ""), 0);
}

static void rules_in_another_order(struct masquerade_image *seen)
{
	char **rules = seen->chains[MASQUERADE_FORWARD].rules, *first = rules[0];

	rules[0] = rules[1];
	rules[1] = first;
}

static void another_comment(struct masquerade_image *seen)
{
	char *comment = strstr(seen->chains[MASQUERADE_FORWARD].rules[0], "from pods");

	assert_non_null(comment);
	comment[0] = 'F';
}

static void no_set(struct masquerade_image *seen)
{
	seen->sets[IP_V6][MASQUERADE_SET_PODS].there = false;
}

static void set_with_timeouts(struct masquerade_image *seen)
{
	seen->sets[IP_V4][MASQUERADE_SET_PODS].flags |= NFT_SET_TIMEOUT;
}

static void set_with_a_limit(struct masquerade_image *seen)
{
	seen->sets[IP_V4][MASQUERADE_SET_PODS].size = 1;
}

static void set_of_ports(struct masquerade_image *seen)
{
	seen->sets[IP_V4][MASQUERADE_SET_PODS].key_type = 13;
}

static void element_missing(struct masquerade_image *seen)
{
	seen->sets[IP_V4][MASQUERADE_SET_CLUSTER].element_count--;
}

static void element_added(struct masquerade_image *seen)
{
	struct image_element element = {.key = {8, 8, 8, 8}};

	assert_int_equal(image_add_element(&seen->sets[IP_V4][MASQUERADE_SET_CLUSTER], &element),
	                 0);
}

static void element_of_another_kind(struct masquerade_image *seen)
{
	seen->sets[IP_V4][MASQUERADE_SET_CLUSTER].elements[0].other = 1;
}

static void extra_set(struct masquerade_image *seen)
{
	assert_int_equal(image_add_extra(seen, "mine", true), 0);
}

/* What a step touches is told by letters, so that one sees what stays: K M r(E)make (F)ill
 * (D)elete, for the two chains, then the sets of IPv4, then those of IPv6. */
static const struct {
	const char *name;
	void (*tamper)(struct masquerade_image *seen);
	enum masquerade_finding found;
	const char *steps;
} cases[] = {
	{"no table", no_table, MASQUERADE_TABLE_MISSING, "KK KKK KKK whole"},
	{"dormant", dormant, MASQUERADE_FLAGS_DIFFER, "KK KKK KKK flags"},
	{"no chain", no_chain, MASQUERADE_CHAIN_DIFFERS, "KM KKK KKK"},
	{"type", chain_of_another_type, MASQUERADE_CHAIN_DIFFERS, "EK KKK KKK"},
	{"hook", chain_at_another_hook, MASQUERADE_CHAIN_DIFFERS, "KE KKK KKK"},
	{"priority", chain_of_another_priority, MASQUERADE_CHAIN_DIFFERS, "KE KKK KKK"},
	{"policy", policy_drop, MASQUERADE_CHAIN_DIFFERS, "KK KKK KKK policy"},
	{"rule missing", rule_missing, MASQUERADE_RULES_DIFFER, "FK KKK KKK"},
	{"rule added", rule_added, MASQUERADE_RULES_DIFFER, "KF KKK KKK"},
	{"order", rules_in_another_order, MASQUERADE_RULES_DIFFER, "KF KKK KKK"},
	{"comment", another_comment, MASQUERADE_RULES_DIFFER, "KF KKK KKK"},
	{"no set", no_set, MASQUERADE_SET_DIFFERS, "KK KKK KMK"},
	/* No rule may hold on to a set that goes. */
	{"timeouts", set_with_timeouts, MASQUERADE_SET_DIFFERS, "FF KEK KKK"},
	{"limit", set_with_a_limit, MASQUERADE_SET_DIFFERS, "FF KEK KKK"},
	{"ports", set_of_ports, MASQUERADE_SET_DIFFERS, "FF KEK KKK"},
	{"element missing", element_missing, MASQUERADE_ELEMENTS_DIFFER, "KK FKK KKK"},
	{"element added", element_added, MASQUERADE_ELEMENTS_DIFFER, "KK FKK KKK"},
	{"other element", element_of_another_kind, MASQUERADE_ELEMENTS_DIFFER, "KK FKK KKK"},
	{"extra set", extra_set, MASQUERADE_FOREIGN_OBJECT, "KK KKK KKK"},
};

static void print_steps(const struct masquerade_repair *repair, char *text)
{
	static const char letters[] = {[REPAIR_KEEP] = 'K',
	                               [REPAIR_MAKE] = 'M',
	                               [REPAIR_REMAKE] = 'E',
	                               [REPAIR_REFILL] = 'F',
	                               [REPAIR_REMOVE] = 'D'};

	for (size_t i = 0; i < MASQUERADE_CHAINS; i++)
		*text++ = letters[repair->chains[i]];
	for (size_t family = 0; family < IP_FAMILIES; family++) {
		*text++ = ' ';
		for (size_t set = 0; set < MASQUERADE_SETS; set++)
			*text++ = letters[repair->sets[family][set]];
	}
	sprintf(text, "%s%s%s", repair->whole ? " whole" : "", repair->reset_flags ? " flags" : "",
	        repair->set_policy[MASQUERADE_FORWARD] ? " policy" : "");
}

static void a_difference_is_found_and_no_more_is_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct masquerade_repair repair;
		char steps[64];
		void *made;
		struct world *world;

		set_up(&made);
		world = made;
		cases[i].tamper(&world->seen);
		masquerade_image_sort(&world->seen);
		masquerade_repair_find(&world->seen, &world->wanted, &repair);
		print_steps(&repair, steps);
		if (!repair.needed || strcmp(steps, cases[i].steps) != 0)
			fail_msg("%s: %s", cases[i].name, steps);
		for (size_t found = 0; found < MASQUERADE_FINDINGS; found++)
			if (repair.found[found] != (found == cases[i].found))
				fail_msg("%s: found %zu: %d", cases[i].name, found,
				         repair.found[found]);
		tear_down(&made);
	}
}

static void an_unwanted_table_goes_as_a_whole(void **state)
{
	struct world *world = *state;
	struct masquerade_image none = {0};
	struct masquerade_repair repair;

	masquerade_repair_find(&world->seen, &none, &repair);
	assert_true(repair.needed && repair.remove_table && !repair.whole);
	assert_true(repair.found[MASQUERADE_TABLE_UNWANTED]);
	masquerade_repair_whole(&repair); /* a second attempt still only removes it */
	assert_true(repair.remove_table && !repair.whole);
	masquerade_repair_find(&none, &none, &repair);
	assert_false(repair.needed);
}

/* ---- what is written for it ---- */

static size_t count_messages(const struct nft_batch *batch, uint16_t type)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)batch->bytes;
	int left = (int)batch->used;
	size_t count = 0;

	for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left))
		count += message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
	return count;
}

/* No chain that is right is deleted or made, and strangers go. */
static void a_mend_writes_only_what_differs(void **state)
{
	struct world *world = *state;
	struct masquerade_repair repair;
	struct nft_batch batch = {0};

	element_added(&world->seen);
	rule_added(&world->seen);
	extra_set(&world->seen);
	assert_int_equal(image_add_extra(&world->seen, "a chain", false), 0);
	masquerade_image_sort(&world->seen);
	masquerade_repair_find(&world->seen, &world->wanted, &repair);
	assert_int_equal(masquerade_encode(&batch, &repair, &world->ruleset, world->seen.extras,
	                                   world->seen.extra_count),
	                 0);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWTABLE), 0);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELTABLE), 0);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWCHAIN), 0);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELCHAIN), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWSET), 0);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELSET), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELSETELEM), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWSETELEM), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELRULE), 2);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWRULE),
	                 world->wanted.chains[MASQUERADE_FORWARD].rule_count);
	nft_batch_release(&batch);
}

/* ---- reading ---- */

/* Messages about other tables do not count, those that are cut short are refused, and two of
 * different generations make an image that is torn. */
static void other_messages_are_told_apart(void **state)
{
	alignas(struct nlmsghdr) char buffer[256] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct masquerade_image image = {0};
	struct nfgenmsg *header;

	(void)state;
	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
	assert_int_equal(masquerade_image_take(&image, message), -EBADMSG);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "firewalld");
	assert_int_equal(masquerade_image_take(&image, message), 0);
	assert_false(image.there || image.torn);
	header->res_id = 1;
	assert_int_equal(masquerade_image_take(&image, message), 0);
	assert_true(image.torn);
	mnl_attr_put_u16(message, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, MASQUERADE_TABLE); /* the last of a kind wins */
	assert_int_equal(masquerade_image_take(&image, message), -EBADMSG);
	header->nfgen_family = NFPROTO_IPV4;
	assert_int_equal(masquerade_image_take(&image, message), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_what_is_wanted),
		cmocka_unit_test(a_difference_is_found_and_no_more_is_touched),
		TEST(an_unwanted_table_goes_as_a_whole),
		TEST(a_mend_writes_only_what_differs),
		cmocka_unit_test(other_messages_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
