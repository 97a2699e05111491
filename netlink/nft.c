/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <stdlib.h>

#include "answer.h"
#include "attributes.h"

/* ---- transactions ---- */

/* What the kernel said to one. */
struct verdict {
	uint32_t sequence;               /* of the batch's begin */
	size_t answered;                 /* messages that have their answer */
	const struct nft_label *refused; /* the first that failed; NULL: none */
	struct nl_answer answer;         /* to that one */
};

/* Offset 0 is the batch's begin: missing privileges, or the commit itself failed. */
static const struct nft_label as_such = {.text = "the transaction"};

static void take_answer(const struct nft_batch *batch, const struct nlmsghdr *message,
                        struct verdict *verdict)
{
	size_t offset = message->nlmsg_seq - verdict->sequence;
	struct nl_answer answer;

	if (message->nlmsg_type != NLMSG_ERROR || offset > batch->count)
		return;
	answer = nl_answer_read(message);
	if (offset > 0)
		verdict->answered++;
	if (answer.result == 0 || verdict->refused)
		return;
	verdict->answer = answer;
	verdict->refused = offset > 0 ? &batch->labels[offset - 1] : &as_such;
}

/* The answers all wait by now; reading stops when there are no more. */
static int collect(struct nft *nft, const struct nft_batch *batch, struct verdict *verdict,
                   struct error *err)
{
	for (;;) {
		ssize_t length = nl_socket_receive(&nft->requests);
		const struct nlmsghdr *message = (const struct nlmsghdr *)nft->requests.buffer;
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

/* What to do about a refusal; "" if there is nothing to say. */
static const char *remedy_for(int code, const char *needs)
{
	if (code == EPERM || code == EACCES)
		return "; CAP_NET_ADMIN is needed";
	if (!needs && (code == EOPNOTSUPP || code == EAFNOSUPPORT))
		return "; the kernel needs nf_tables (CONFIG_NF_TABLES, and for inet tables "
		       "CONFIG_NF_TABLES_INET)";
	return "";
}

/* Puts what to do behind what went wrong. */
static int explain(const struct verdict *verdict, struct error *err)
{
	const char *about = verdict->refused->text, *needs = verdict->refused->needs;
	int code = -verdict->answer.result;
	struct error words;

	nl_answer_error(&verdict->answer, &words);
	/* A missing chain type is -ENOENT, which callers could take for a missing table. */
	if (needs && (code == ENOENT || code == EOPNOTSUPP))
		return error_set(err, EOPNOTSUPP, "%s: %s; %s", about, words.text, needs);
	return error_set(err, code, "%s: %s%s", about, words.text, remedy_for(code, needs));
}

static int judge(const struct nft_batch *batch, const struct verdict *verdict, struct error *err)
{
	if (verdict->refused)
		return explain(verdict, err);
	if (verdict->answered < batch->count)
		return error_set(err, ENOBUFS, "the kernel answered only %zu of %zu messages",
		                 verdict->answered, batch->count);
	return 0;
}

int nft_run(struct nft *nft, struct nft_batch *batch, struct error *err)
{
	struct verdict verdict = {.sequence = nft->requests.sequence + 1};
	int result;

	if ((batch->count == 0 || nft->dry) && !batch->failed)
		return 0;
	result = nft_batch_seal(batch, verdict.sequence);
	if (result < 0)
		return error_set(err, -result, "no memory for the transaction");
	nft->requests.sequence += (uint32_t)batch->count + 2;
	result = nl_socket_send(&nft->requests, batch->bytes, batch->used, err);
	if (result == 0)
		result = collect(nft, batch, &verdict, err);
	return result < 0 ? result : judge(batch, &verdict, err);
}

/* ---- reading ---- */

/* Header and two names of the kernel's longest (NFT_NAME_MAXLEN), with room to spare. */
#define REQUEST_MAX 1024

/* The attributes that name table and member in a request of the type. */
static void name_attributes(uint16_t type, uint16_t *table, uint16_t *member)
{
	*table = NFTA_TABLE_NAME;
	*member = 0; /* tables are in nothing */
	if (type == NFT_MSG_GETCHAIN) {
		*table = NFTA_CHAIN_TABLE;
		*member = NFTA_CHAIN_NAME;
	} else if (type == NFT_MSG_GETRULE) {
		*table = NFTA_RULE_TABLE;
		*member = NFTA_RULE_CHAIN;
	} else if (type == NFT_MSG_GETSET) {
		*table = NFTA_SET_TABLE;
		*member = NFTA_SET_NAME;
	} else if (type == NFT_MSG_GETSETELEM) {
		*table = NFTA_SET_ELEM_LIST_TABLE;
		*member = NFTA_SET_ELEM_LIST_SET;
	}
}

static int write_request(const struct nft_selection *what, void *buffer, struct error *err)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	uint16_t table, member;

	request->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what->type);
	header->nfgen_family = what->family;
	header->version = NFNETLINK_V0;
	name_attributes(what->type, &table, &member);
	if ((what->table && !mnl_attr_put_strz_check(request, REQUEST_MAX, table, what->table)) ||
	    (what->member && !mnl_attr_put_strz_check(request, REQUEST_MAX, member, what->member)))
		return error_set(err, ENAMETOOLONG, "the name %s is too long for nf_tables",
		                 what->member ? what->member : what->table);
	return 0;
}

/* Reading needs the same rights as writing. */
static int explain_reading(int result, struct error *err)
{
	char words[ERROR_TEXT_MAX];
	const char *remedy = result < 0 ? remedy_for(-result, NULL) : "";

	if (remedy[0] == '\0')
		return result;
	memcpy(words, err->text, sizeof(words));
	return error_set(err, -result, "%s%s", words, remedy);
}

int nft_dump(struct nft *nft, const struct nft_selection *what, const struct nl_dump_ops *ops,
             void *ctx, struct error *err)
{
	alignas(struct nlmsghdr) unsigned char buffer[REQUEST_MAX] = {0};
	int result = write_request(what, buffer, err);

	if (result == 0)
		result = nl_dump(&nft->dumps, (struct nlmsghdr *)buffer, ops, ctx, err);
	return explain_reading(result, err);
}

int nft_get(struct nft *nft, const struct nft_selection *what, const struct nl_dump_ops *ops,
            void *ctx, struct error *err)
{
	alignas(struct nlmsghdr) unsigned char buffer[REQUEST_MAX] = {0};
	int result = write_request(what, buffer, err);

	if (result == 0)
		result = nl_query(&nft->dumps, (struct nlmsghdr *)buffer, ops, ctx, err);
	return explain_reading(result, err);
}

/* ---- sockets ---- */

int nft_open(struct nft **out, struct error *err)
{
	struct nft *nft = calloc(1, sizeof(*nft));
	int result;

	if (!nft)
		return error_set(err, ENOMEM, "no memory for the nf_tables sockets");
	nft->requests.fd = nft->dumps.fd = -1;
	result = nl_socket_open(&nft->requests, NETLINK_NETFILTER, err);
	if (result == 0)
		result = nl_socket_open(&nft->dumps, NETLINK_NETFILTER, err);
	if (result < 0) {
		nft_close(nft);
		return error_wrap(err, "nf_tables");
	}
	*out = nft;
	return 0;
}

int nft_open_dry(struct nft **out, struct error *err)
{
	int result = nft_open(out, err);

	if (result == 0)
		(*out)->dry = true;
	return result;
}

void nft_close(struct nft *nft)
{
	if (!nft)
		return;
	nl_socket_close(&nft->requests);
	nl_socket_close(&nft->dumps);
	free(nft);
}
