/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "plan_fixture.h"

/* Each state that leaves a node out says why and what helps. */
static void test_every_state_has_words(void **state)
{
	struct plan_fixture *f = *state;
	char text[512];

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.3.45");
	plan_fixture_make(f);
	for (int i = 0; i < CLAIM_STATES; i++) {
		struct claim claim = *plan_fixture_claim(f, "peer");

		claim.state = (enum claim_state)i;
		assert_non_null(claim_state_word(claim.state));
		claim_describe(&claim, &f->uplink, &f->snapshot, text, sizeof(text));
		assert_non_null(strstr(text, "node peer (10.1.4.0/24 via 192.168.3.45): "));
		if (i != CLAIM_ROUTED && i != CLAIM_OWN)
			assert_non_null(strstr(text, "; "));
	}
}

static void test_conflict_names_the_other(void **state)
{
	struct plan_fixture *f = *state;
	char text[512];

	plan_fixture_add(f, "elder", 1, "10.1.4.0/24", "192.168.2.45");
	plan_fixture_add(f, "peer", 2, "10.1.4.0/24", "192.168.2.46");
	plan_fixture_make(f);
	claim_describe(plan_fixture_claim(f, "peer"), &f->uplink, &f->snapshot, text, sizeof(text));
	assert_string_equal(
		text, "node peer (10.1.4.0/24 via 192.168.2.46): conflict: its pod CIDR "
		      "overlaps one that is taken (by node elder); give one of the two another "
		      "pod CIDR");
}

/* With ens224 (192.168.3.44/24) and a second address on ens192; what is not global is no place
 * for nodes. */
static const struct {
	const char *cidr, *address, *says;
} off_link[] = {
	{"10.1.4.0/24", "192.168.9.47",
         "node kubworker4 (10.1.4.0/24 via 192.168.9.47): off-link: its address is in no subnet of this "
         "host's interface ens192 (192.168.2.44/24); host-gw needs nodes on one link: choose "
         "another --iface or --public-ip, or route that subnet by other means"},
	{"10.1.4.0/24", "192.168.3.47",
         "node kubworker4 (10.1.4.0/24 via 192.168.3.47): off-link: its address is in no subnet of this "
         "host's interface ens192 (192.168.2.44/24); it is in the subnet of interface ens224 "
         "(192.168.3.44/24), and host-gw needs all nodes on one link: choose --iface=ens224 if "
         "that is the one, or correct the node's public-ip annotation or InternalIP"},
	{"fd00:1:4::/64", "fd00:9::47",
         "node kubworker4 (fd00:1:4::/64 via fd00:9::47): off-link: its address is in no subnet of this "
         "host's interface ens192 (fd00::44/64, fd00:8::44/64); host-gw needs nodes on one link: "
         "choose another --iface or --public-ip, or route that subnet by other means"},
};

static void test_off_link_says_where_it_is(void **state)
{
	struct plan_fixture *f = *state;
	struct link_address addresses[] = {
		f->addresses[0],
		f->addresses[1],
		plan_fixture_address(2, "fd00:8::44", 64),
		plan_fixture_address(2, "fe80::44", 64),
		plan_fixture_address(6, "192.168.3.44", 24),
	};

	addresses[3].global = false;
	f->links[2] = (struct link){.index = 6, .name = "ens224"};
	f->snapshot = (struct link_snapshot){f->links, 3, addresses, COUNT(addresses)};
	for (size_t i = 0; i < COUNT(off_link); i++) {
		char text[512];

		plan_fixture_add(f, "kubworker4", 1, off_link[i].cidr, off_link[i].address);
		plan_fixture_make(f);
		claim_describe(plan_fixture_claim(f, "kubworker4"), &f->uplink, &f->snapshot, text,
		               sizeof(text));
		assert_string_equal(text, off_link[i].says);
	}
}

/* A short buffer cuts the sentence and nothing else. */
static void test_room_is_kept_to(void **state)
{
	struct plan_fixture *f = *state;
	char text[512], whole[512];

	plan_fixture_add(f, "peer", 1, "10.1.4.0/24", "192.168.3.45");
	plan_fixture_make(f);
	claim_describe(plan_fixture_claim(f, "peer"), &f->uplink, &f->snapshot, whole,
	               sizeof(whole));
	for (size_t size = 1; size <= strlen(whole); size++) {
		memset(text, '!', sizeof(text));
		claim_describe(plan_fixture_claim(f, "peer"), &f->uplink, &f->snapshot, text, size);
		assert_int_equal(strlen(text), size - 1);
		assert_memory_equal(text, whole, size - 1);
		assert_int_equal(text[size], '!');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_CASE(test_every_state_has_words),
		PLAN_CASE(test_conflict_names_the_other),
		PLAN_CASE(test_off_link_says_where_it_is),
		PLAN_CASE(test_room_is_kept_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
