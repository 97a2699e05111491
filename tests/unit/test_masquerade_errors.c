/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What masquerade_apply makes of a refusal: sendto(2) and recvmsg(2) are this
 * program's own and answer as kernels do that are not at hand.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "hostgw/masquerade.h"

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define ANSWERS_MAX   128
#define NO_SUCH_TYPE  0xffff
#define BATCH_AS_SUCH NFNL_MSG_BATCH_BEGIN

enum kind { ACKNOWLEDGEMENT, END_OF_DUMP, TABLE };

/* The kernel: has an empty table or none, refuses the first message of one type, acknowledges the
 * others. */
static struct {
	bool table;
	int unreadable;   /* what reading is refused with; 0: it is not */
	uint16_t refused; /* NFT_MSG_*, BATCH_AS_SUCH: all of it, with one answer */
	int code;
	bool silent; /* the last acknowledgement is lost */
	struct {
		enum kind kind;
		uint32_t sequence;
		int code;
	} answers[ANSWERS_MAX];
	size_t count, next;
} script;

static void answer(enum kind kind, uint32_t sequence, int code)
{
	assert_true(script.count < ANSWERS_MAX);
	script.answers[script.count].kind = kind;
	script.answers[script.count].sequence = sequence;
	script.answers[script.count++].code = code;
}

static void answer_reading(const struct nlmsghdr *request)
{
	uint32_t sequence = request->nlmsg_seq;

	if (script.unreadable != 0) {
		answer(ACKNOWLEDGEMENT, sequence, script.unreadable);
	} else if (request->nlmsg_flags & NLM_F_DUMP) {
		answer(END_OF_DUMP, sequence, 0);
	} else {
		if (script.table)
			answer(TABLE, sequence, 0);
		answer(ACKNOWLEDGEMENT, sequence, script.table ? 0 : -ENOENT);
	}
}

static void answer_transaction(const struct nlmsghdr *message, int left)
{
	bool refused = false;

	if (script.refused == BATCH_AS_SUCH) {
		answer(ACKNOWLEDGEMENT, message->nlmsg_seq, script.code);
		return;
	}
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		bool hit = !refused && (message->nlmsg_type & 0xff) == script.refused &&
		           message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES;

		if (message->nlmsg_flags & NLM_F_ACK)
			answer(ACKNOWLEDGEMENT, message->nlmsg_seq, hit ? script.code : 0);
		refused |= hit;
	}
	script.count -= script.silent;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG address,
               socklen_t address_length)
{
	const struct nlmsghdr *message = bytes;

	(void)fd, (void)flags, (void)address, (void)address_length;
	if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN)
		answer_transaction(message, (int)length);
	else
		answer_reading(message);
	return (ssize_t)length;
}

static void write_table(struct nlmsghdr *message)
{
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
	header->nfgen_family = NFPROTO_INET;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, MASQUERADE_TABLE);
}

static void write_end(struct nlmsghdr *message, uint16_t type, int code)
{
	struct nlmsgerr *payload = mnl_nlmsg_put_extra_header(message, sizeof(*payload));

	message->nlmsg_type = type;
	payload->error = code; /* NLMSG_DONE has its code at the same place */
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct nlmsghdr *header;

	(void)fd, (void)flags;
	if (script.next == script.count) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(message->msg_name, &kernel, sizeof(kernel));
	message->msg_namelen = sizeof(kernel);
	message->msg_flags = 0;
	header = mnl_nlmsg_put_header(message->msg_iov->iov_base);
	header->nlmsg_seq = script.answers[script.next].sequence;
	switch (script.answers[script.next].kind) {
	case ACKNOWLEDGEMENT:
		write_end(header, NLMSG_ERROR, script.answers[script.next].code);
		break;
	case END_OF_DUMP:
		write_end(header, NLMSG_DONE, 0);
		break;
	case TABLE:
		write_table(header);
		break;
	}
	script.next++;
	return (ssize_t)header->nlmsg_len;
}

static const struct {
	bool wanted; /* rules; else the table is to go */
	bool table;
	int unreadable;
	uint16_t refused;
	int code;
	bool silent;
	int result;
	bool changed;
	const char *about, *remedy; /* found in the error's text */
} cases[] = {
	{true, false, 0, NO_SUCH_TYPE, 0, false, 0, true, "", ""},
	{true, true, 0, NO_SUCH_TYPE, 0, false, 0, true, "", ""},
	{true, false, -EPERM, NO_SUCH_TYPE, 0, false, -EPERM, false, "reading: ", "CAP_NET_ADMIN"},
	{true, false, -EOPNOTSUPP, NO_SUCH_TYPE, 0, false, -EOPNOTSUPP, false,
         "reading: ", "nf_tables"},
	{true, false, 0, BATCH_AS_SUCH, -EPERM, false, -EPERM, false,
         "the transaction: ", "CAP_NET_ADMIN"},
	{true, false, 0, BATCH_AS_SUCH, -EOPNOTSUPP, false, -EOPNOTSUPP, false,
         "the transaction: ", "nf_tables"},
	{true, false, 0, NFT_MSG_NEWTABLE, -EAFNOSUPPORT, false, -EAFNOSUPPORT, false,
         "hostgw: table inet hostgw: ", "CONFIG_NF_TABLES_INET"},
	{true, false, 0, NFT_MSG_NEWSET, -ENOMEM, false, -ENOMEM, false,
         "set cluster4: ", "Cannot allocate"},
	{true, false, 0, NFT_MSG_NEWSETELEM, -EEXIST, false, -EEXIST, false,
         "elements of set cluster4: ", "exists"},
	{true, false, 0, NFT_MSG_NEWCHAIN, -ENOENT, false, -EOPNOTSUPP, false,
         "chain postrouting: ", "5.2 or newer"},
	{true, false, 0, NFT_MSG_NEWCHAIN, -EOPNOTSUPP, false, -EOPNOTSUPP, false,
         "chain postrouting: ", "5.2 or newer"},
	{true, true, 0, NFT_MSG_NEWCHAIN, -ENOENT, false, -EOPNOTSUPP, false,
         "chain postrouting: ", "5.2 or newer"},
	{true, false, 0, NFT_MSG_NEWRULE, -ENOENT, false, -ENOENT, false,
         "rule \"left to kube-proxy\" of chain postrouting: ", "No such"},
	{true, false, 0, NO_SUCH_TYPE, 0, true, -ENOBUFS, false, "hostgw: the kernel answered only",
         "messages"},
	{false, false, 0, NO_SUCH_TYPE, 0, false, 0, false, "", ""},
	{false, true, 0, NO_SUCH_TYPE, 0, false, 0, true, "", ""},
	{false, true, 0, NFT_MSG_DELTABLE, -ENOENT, false, 0, true, "", ""},
	{false, false, -EOPNOTSUPP, NO_SUCH_TYPE, 0, false, 0, false, "", ""},
	{false, false, -EINVAL, NO_SUCH_TYPE, 0, false, 0, false, "", ""},
	{false, false, -EPERM, NO_SUCH_TYPE, 0, false, -EPERM, false, "reading: ", "CAP_NET_ADMIN"},
	{false, true, 0, BATCH_AS_SUCH, -EPERM, false, -EPERM, false,
         "the transaction: ", "CAP_NET_ADMIN"},
	{false, true, 0, NFT_MSG_DELTABLE, -EBUSY, false, -EBUSY, false,
         "table inet hostgw: ", "busy"},
	{false, true, 0, NO_SUCH_TYPE, 0, true, -ENOBUFS, false, "answered only", ""},
};

static void refusals_are_told_in_words(void **state)
{
	struct masquerade_rules rules = {.masquerade = true, .forward = true};
	struct masquerade_rules none = {0};

	(void)state;
	assert_true(prefix_parse("10.244.0.0/16", &rules.cluster[IP_V4]));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct masquerade_report report;
		struct error err = {0};
		struct nft *nft;
		int result;

		assert_int_equal(nft_open(&nft, &err), 0);
		memset(&script, 0, sizeof(script));
		script.table = cases[i].table;
		script.unreadable = cases[i].unreadable;
		script.refused = cases[i].refused;
		script.code = cases[i].code;
		script.silent = cases[i].silent;
		result = masquerade_apply(nft, cases[i].wanted ? &rules : &none, &report, &err);
		if (result != cases[i].result || report.changed != cases[i].changed ||
		    !strstr(err.text, cases[i].about) || !strstr(err.text, cases[i].remedy))
			fail_msg("case %zu: %d, %s", i, result, err.text);
		nft_close(nft);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_are_told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
