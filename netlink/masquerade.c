/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/masquerade.h"

#include <errno.h>

#include "masquerade_encode.h"
#include "nft.h"

static int commit(struct nft *nft, const struct masquerade_ruleset *ruleset, struct error *err)
{
	bool deleting = !ruleset->chains[MASQUERADE_POSTROUTING] &&
	                !ruleset->chains[MASQUERADE_FORWARD];
	struct nft_batch batch = {0};
	int result = masquerade_encode(&batch, ruleset);

	if (result < 0)
		error_set(err, -result, "no memory for the rules");
	else
		result = nft_run(nft, &batch, err);
	nft_batch_release(&batch);
	/* What is not there, or cannot be in this kernel, need not be deleted. */
	if (deleting && (result == -ENOENT || result == -EOPNOTSUPP || result == -EAFNOSUPPORT))
		return 0;
	return result;
}

int masquerade_apply(struct nft *nft, const struct masquerade_rules *rules, struct error *err)
{
	struct masquerade_ruleset ruleset;
	int result = masquerade_ruleset_build(rules, &ruleset);

	if (result < 0)
		error_set(err, -result, "no memory for the rules");
	else
		result = commit(nft, &ruleset, err);
	masquerade_ruleset_release(&ruleset);
	if (result < 0)
		return error_wrap(err, "nftables table inet " MASQUERADE_TABLE);
	return 0;
}
