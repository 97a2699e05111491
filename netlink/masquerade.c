/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/masquerade.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "masquerade_encode.h"
#include "nft.h"

/* Others change their rules meanwhile; each reading takes a fraction of a millisecond. */
#define READ_ATTEMPTS 5

/* ---- how it is ---- */

static int take_message(void *ctx, const struct nlmsghdr *message)
{
	return masquerade_image_take(ctx, message);
}

static void start_again(void *ctx)
{
	masquerade_image_release(ctx);
	((struct masquerade_image *)ctx)->torn = true; /* what earlier dumps told is gone, too */
}

static const struct nl_dump_ops image_ops = {.message = take_message, .restart = start_again};

static int read_elements(struct nft *nft, struct masquerade_image *image, struct error *err)
{
	int result = 0;

	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		for (enum masquerade_set set = 0; result == 0 && set < MASQUERADE_SETS; set++) {
			const struct nft_selection elements = {NFT_MSG_GETSETELEM, NFPROTO_INET,
			                                       MASQUERADE_TABLE,
			                                       masquerade_set_name(family, set)};

			if (image->sets[family][set].there)
				result = nft_dump(nft, &elements, &image_ops, image, err);
		}
	}
	return result;
}

static int read_once(struct nft *nft, struct masquerade_image *image, struct error *err)
{
	const struct nft_selection table = {NFT_MSG_GETTABLE, NFPROTO_INET, MASQUERADE_TABLE, NULL};
	const struct nft_selection contents[] = {
		{NFT_MSG_GETCHAIN, NFPROTO_INET, NULL, NULL},
		{NFT_MSG_GETRULE, NFPROTO_INET, MASQUERADE_TABLE, NULL},
		{NFT_MSG_GETSET, NFPROTO_INET, MASQUERADE_TABLE, NULL},
	};
	int result = nft_get(nft, &table, &image_ops, image, err);

	if (result == -ENOENT)
		return 0;
	for (size_t i = 0; result == 0 && i < sizeof(contents) / sizeof(*contents); i++)
		result = nft_dump(nft, &contents[i], &image_ops, image, err);
	if (result == 0)
		result = read_elements(nft, image, err);
	/* A set went between two dumps. */
	if (result == -ENOENT) {
		image->torn = true;
		return 0;
	}
	return result;
}

static int read_image(struct nft *nft, struct masquerade_image *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		int result = read_once(nft, out, err);

		if (result < 0)
			return error_wrap(err, "reading");
		if (!out->torn) {
			masquerade_image_sort(out);
			return 0;
		}
		masquerade_image_release(out);
	}
	return error_set(err, EAGAIN,
	                 "reading: others changed their rules during each of %d "
	                 "attempts",
	                 READ_ATTEMPTS);
}

/* ---- how it is to be ---- */

static int carry_out(struct nft *nft, const struct masquerade_repair *repair,
                     const struct masquerade_ruleset *ruleset, const struct masquerade_image *seen,
                     struct error *err)
{
	struct nft_batch batch = {0};
	int result = masquerade_encode(&batch, repair, ruleset, seen->extras, seen->extra_count);

	if (result < 0)
		error_set(err, -result, "no memory for the rules");
	else
		result = nft_run(nft, &batch, err);
	nft_batch_release(&batch);
	return result;
}

/* Brings the table from how it was seen to how it is wanted. */
static int mend(struct nft *nft, const struct masquerade_ruleset *ruleset,
                const struct masquerade_image *seen, const struct masquerade_image *wanted,
                struct masquerade_report *report, struct error *err)
{
	struct masquerade_repair repair;
	int result;

	masquerade_repair_find(seen, wanted, &repair);
	memcpy(report->found, repair.found, sizeof(report->found));
	if (!repair.needed)
		return 0;
	result = carry_out(nft, &repair, ruleset, seen, err);
	/* Others changed it in between, or its state resists: then all of it at once. */
	if (result < 0 && result != -EPERM && !repair.whole && !repair.remove_table) {
		masquerade_repair_whole(&repair);
		result = carry_out(nft, &repair, ruleset, seen, err);
	}
	if (repair.remove_table && result == -ENOENT)
		result = 0;
	report->changed = result == 0;
	return result;
}

static int apply(struct nft *nft, const struct masquerade_ruleset *ruleset,
                 struct masquerade_report *report, struct error *err)
{
	struct masquerade_image wanted, seen = {0};
	int result = masquerade_image_make(ruleset, &wanted);

	if (result < 0) {
		error_set(err, -result, "preparing the rules: %s", strerror(-result));
	} else {
		result = read_image(nft, &seen, err);
		/* What cannot be in this kernel need not be deleted. */
		if (!wanted.there &&
		    (result == -EOPNOTSUPP || result == -EAFNOSUPPORT || result == -EINVAL))
			result = 0;
		else if (result == 0)
			result = mend(nft, ruleset, &seen, &wanted, report, err);
	}
	masquerade_image_release(&seen);
	masquerade_image_release(&wanted);
	return result;
}

const char *masquerade_finding_text(enum masquerade_finding finding)
{
	static const char *const texts[MASQUERADE_FINDINGS] = {
		[MASQUERADE_TABLE_MISSING] = "it was not there",
		[MASQUERADE_TABLE_UNWANTED] = "it is not wanted",
		[MASQUERADE_FLAGS_DIFFER] = "it was dormant or had other flags",
		[MASQUERADE_CHAIN_DIFFERS] = "a chain was missing or changed",
		[MASQUERADE_RULES_DIFFER] = "its rules differed",
		[MASQUERADE_SET_DIFFERS] = "a set was missing or changed",
		[MASQUERADE_ELEMENTS_DIFFER] = "the contents of a set differed",
		[MASQUERADE_FOREIGN_OBJECT] = "it had a chain or set of others",
	};

	return texts[finding];
}

int masquerade_apply(struct nft *nft, const struct masquerade_rules *rules,
                     struct masquerade_report *report, struct error *err)
{
	struct masquerade_ruleset ruleset;
	int result = masquerade_ruleset_build(rules, &ruleset);

	memset(report, 0, sizeof(*report));
	if (result < 0)
		error_set(err, -result, "no memory for the rules");
	else
		result = apply(nft, &ruleset, report, err);
	masquerade_ruleset_release(&ruleset);
	if (result < 0)
		return error_wrap(err, "nftables table inet " MASQUERADE_TABLE);
	return 0;
}
