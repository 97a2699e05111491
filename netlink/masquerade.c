/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/masquerade.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "attributes.h"
#include "masquerade_encode.h"
#include "socket.h"

struct nft {
	struct nl_socket nl;
};

/* What the kernel said to a transaction. */
struct verdict {
	size_t answered;         /* messages that have their answer */
	const char *refused;     /* the first that failed, in words; NULL: none */
	struct nl_answer answer; /* to that one */
	bool needs_nat;
};

static void take_answer(const struct nft_batch *batch, const struct nlmsghdr *message,
                        struct verdict *verdict)
{
	size_t offset = message->nlmsg_seq - batch->sequence;
	struct nl_answer answer;

	if (message->nlmsg_type != NLMSG_ERROR || offset > batch->count)
		return;
	answer = nl_answer_read(message);
	if (offset > 0)
		verdict->answered++;
	if (answer.result == 0 || verdict->refused)
		return;
	verdict->answer = answer;
	/* Offset 0 is the batch's begin: missing privileges, or the commit itself failed. */
	verdict->refused = offset > 0 ? batch->labels[offset - 1].text : "the transaction";
	verdict->needs_nat = offset > 0 && batch->labels[offset - 1].needs_nat;
}

/* The answers all wait by now; reading stops when there are no more. */
static int collect(struct nft *nft, const struct nft_batch *batch, struct verdict *verdict,
                   struct error *err)
{
	for (;;) {
		ssize_t length = nl_socket_receive(&nft->nl);
		const struct nlmsghdr *message = (const struct nlmsghdr *)nft->nl.buffer;
		int left = (int)length;

		if (length == -EAGAIN)
			return 0;
		if (length == -ENOBUFS || length == -EMSGSIZE)
			continue; /* a lost answer is missed below */
		if (length < 0)
			return error_set(err, (int)-length, "cannot read the kernel's answer: %s",
			                 strerror((int)-length));
		for (; nl_message_fits(message, left); message = mnl_nlmsg_next(message, &left))
			take_answer(batch, message, verdict);
	}
}

/* Puts what to do behind what went wrong. */
static int explain(const struct verdict *verdict, struct error *err)
{
	int code = -verdict->answer.result;
	struct error words;
	const char *remedy = "";

	nl_answer_error(&verdict->answer, &words);
	if (code == EPERM || code == EACCES)
		remedy = "; CAP_NET_ADMIN is needed";
	else if (verdict->needs_nat && (code == ENOENT || code == EOPNOTSUPP))
		remedy = "; masquerading needs Linux 5.2 or newer with nft_chain_nat and nft_masq";
	else if (code == EOPNOTSUPP || code == EAFNOSUPPORT || code == EINVAL)
		remedy =
			"; the kernel needs nf_tables with the inet family (CONFIG_NF_TABLES_INET)";
	/* A missing chain type is -ENOENT, which callers could take for a missing table. */
	if (verdict->needs_nat && code == ENOENT)
		code = EOPNOTSUPP;
	return error_set(err, code, "%s: %s%s", verdict->refused, words.text, remedy);
}

static int judge(const struct nft_batch *batch, const struct verdict *verdict, bool deleting,
                 struct error *err)
{
	if (verdict->refused) {
		int result = verdict->answer.result;

		/* What is not there, or cannot be in this kernel, need not be deleted. */
		if (deleting &&
		    (result == -ENOENT || result == -EOPNOTSUPP || result == -EAFNOSUPPORT))
			return 0;
		return explain(verdict, err);
	}
	if (verdict->answered < batch->count)
		return error_set(err, ENOBUFS, "the kernel answered only %zu of %zu messages",
		                 verdict->answered, batch->count);
	return 0;
}

static int commit(struct nft *nft, const struct masquerade_ruleset *ruleset, struct error *err)
{
	bool deleting = !ruleset->chains[MASQUERADE_POSTROUTING] &&
	                !ruleset->chains[MASQUERADE_FORWARD];
	struct nft_batch batch = {.sequence = nft->nl.sequence + 1};
	struct verdict verdict = {0};
	int result = nft_batch_encode(&batch, ruleset);

	if (result < 0)
		error_set(err, -result, "no memory for the rules");
	nft->nl.sequence += (uint32_t)batch.count + 2;
	if (result == 0)
		result = nl_socket_send(&nft->nl, batch.bytes, batch.used, err);
	if (result == 0)
		result = collect(nft, &batch, &verdict, err);
	if (result == 0)
		result = judge(&batch, &verdict, deleting, err);
	nft_batch_release(&batch);
	return result;
}

int nft_open(struct nft **out, struct error *err)
{
	struct nft *nft = calloc(1, sizeof(*nft));

	if (!nft)
		return error_set(err, ENOMEM, "no memory for the nf_tables socket");
	if (nl_socket_open(&nft->nl, NETLINK_NETFILTER, err) < 0) {
		free(nft);
		return error_wrap(err, "nf_tables");
	}
	*out = nft;
	return 0;
}

void nft_close(struct nft *nft)
{
	if (!nft)
		return;
	nl_socket_close(&nft->nl);
	free(nft);
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
