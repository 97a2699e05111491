/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which messages remove what flannel left, by the words that stand for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlink/flannel_plan.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define BASE  "flannel's rules in chain FORWARD of table ip filter\n"
#define RULES "flannel's rules in chain FLANNEL-FWD of table ip filter\n"
#define CHAIN "chain FLANNEL-FWD of table ip filter\n"

static const struct filter_rule jump = {
	.handle = 7, .verdict = FILTER_JUMP, .target = "FLANNEL-FWD"};
static const struct filter_rule old = {.handle = 8, .comment = "flanneld forward"};
static const struct filter_rule others[] = {
	{.handle = 9, .verdict = FILTER_JUMP, .target = "FLANNEL-POSTRTG"}, /* of another place */
	{.handle = 10, .comment = "flanneld"},
	{.handle = 11, .verdict = FILTER_JUMP, .target = "FLANNEL-FWD2"},
};

static const struct {
	int jumps, olds;
	int use; /* -1: there is no chain */
	size_t rules;
	const char *labels;
} cases[] = {
	{0, 0, -1, 0, ""},
	{1, 0, 3, 2, BASE RULES CHAIN},
	{2, 0, 4, 2, BASE BASE RULES CHAIN},
	{0, 0, 2, 2, RULES CHAIN},
	{1, 0, 1, 0, BASE CHAIN},
	{0, 0, 0, 0, CHAIN},
	{0, 2, -1, 0, BASE BASE},
	/* a rule elsewhere leads to it too */
	{1, 0, 4, 2, BASE RULES},
	{0, 0, 1, 0, ""},
	{0, 1, 1, 0, BASE}, /* its comment is no jump */
};

static void print_labels(const struct nft_batch *batch, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < batch->count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, size - used, "%s\n", batch->labels[i].text);
	}
}

static void theirs_go_in_an_order_that_the_kernel_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct filter_chain_info info = {.use = (uint32_t)cases[i].use};
		struct filter_chain base = {0};
		struct nft_batch batch = {0};
		char text[1024];

		for (size_t k = 0; k < COUNT(others); k++)
			assert_int_equal(filter_chain_append(&base, &others[k]), 0);
		for (int k = 0; k < cases[i].jumps + cases[i].olds; k++)
			assert_int_equal(
				filter_chain_append(&base, k < cases[i].jumps ? &jump : &old), 0);
		flannel_encode_place(&batch, AF_INET, &flannel_places[1], &base,
		                     cases[i].use < 0 ? NULL : &info, cases[i].rules);
		print_labels(&batch, text, sizeof(text));
		if (strcmp(text, cases[i].labels) != 0)
			fail_msg("case %zu: %s is not %s", i, text, cases[i].labels);
		filter_chain_release(&base);
		nft_batch_release(&batch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(theirs_go_in_an_order_that_the_kernel_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
