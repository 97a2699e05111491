/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump of nf_tables objects: nothing is read beyond it, and whatever the table holds, a repair of
 * it can be found and written.
 */
#include "fuzz.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <stdlib.h>

#include "netlink/attributes.h"
#include "netlink/masquerade_encode.h"
#include "netlink/nft_committer.h"

static void make_ruleset(struct masquerade_ruleset *out)
{
	const struct prefix others[] = {make_prefix("192.168.0.0/16"), make_prefix("fd00:9::/32")};
	const struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.cluster = {make_prefix("10.244.0.0/16"), make_prefix("fd00:244::/48")},
		.own = {make_prefix("10.244.1.0/24"), make_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = others,
		.nonmasquerade_count = COUNT(others),
	};

	assert_int_equal(masquerade_ruleset_build(&rules, out), 0);
}

static void check_repair(const struct masquerade_image *seen)
{
	struct masquerade_ruleset ruleset;
	struct masquerade_image wanted;
	struct masquerade_repair repair;
	struct nft_batch batch = {0};

	make_ruleset(&ruleset);
	assert_int_equal(masquerade_image_make(&ruleset, &wanted), 0);
	masquerade_repair_find(seen, &wanted, &repair);
	assert_int_equal(
		masquerade_encode(&batch, &repair, &ruleset, seen->extras, seen->extra_count), 0);
	assert_int_equal(repair.needed, batch.count > 0);
	nft_batch_release(&batch);
	masquerade_image_release(&wanted);
	masquerade_ruleset_release(&ruleset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *datagram = malloc(size > 0 ? size : 1);
	const struct nlmsghdr *message = datagram;
	struct masquerade_image image = {0};
	struct nft_committer by;
	int left = (int)size;

	assert_non_null(datagram);
	if (size > 0)
		memcpy(datagram, data, size);
	for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left)) {
		(void)masquerade_image_take(&image, message);
		nft_committer_read(message, &by);
		assert_non_null(memchr(by.name, '\0', sizeof(by.name)));
	}
	masquerade_image_sort(&image);
	check_repair(&image);
	masquerade_image_release(&image);
	free(datagram);
	return 0;
}

/* ---- seeds: the table as it is to be, whole and each message alone; who committed it ---- */

static void add_committer(struct text *seed)
{
	alignas(struct nlmsghdr) char buffer[256] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	mnl_attr_put_u32(message, NFTA_GEN_ID, 0x01000000);
	mnl_attr_put_u32(message, NFTA_GEN_PROC_PID, 0x02000000);
	mnl_attr_put_strz(message, NFTA_GEN_PROC_NAME, "nft");
	add_bytes(seed, buffer, message->nlmsg_len);
}

static void add_message(struct text *seed, const struct nft_batch *batch, size_t number)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)batch->bytes;
	int left = (int)batch->used;

	for (size_t i = 0; nl_message_fits(message, left); i++) {
		if (i == number)
			add_bytes(seed, (const char *)message, NLMSG_ALIGN(message->nlmsg_len));
		message = mnl_nlmsg_next(message, &left);
	}
}

bool fuzz_make_seed(size_t number, struct text *seed)
{
	const struct masquerade_repair whole = {.whole = true};
	struct masquerade_ruleset ruleset;
	struct nft_batch batch = {0};
	size_t count;

	make_ruleset(&ruleset);
	assert_int_equal(masquerade_encode(&batch, &whole, &ruleset, NULL, 0), 0);
	count = batch.count;
	if (number < count)
		add_message(seed, &batch, number + 1); /* the first one only opens the batch */
	else if (number == count)
		add_bytes(seed, (const char *)batch.bytes, batch.used);
	else if (number == count + 1)
		add_committer(seed);
	nft_batch_release(&batch);
	masquerade_ruleset_release(&ruleset);
	return number <= count + 1;
}
