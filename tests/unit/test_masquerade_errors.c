/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What masquerade_apply makes of a refusal: sendto(2) and recvmsg(2) are this
 * program's own and answer as kernels do that are not at hand.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "hostgw/masquerade.h"

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define MESSAGES_MAX  64
#define NO_SUCH_TYPE  0xffff
#define BATCH_AS_SUCH NFNL_MSG_BATCH_BEGIN

/* The kernel: refuses the first message of one type, acknowledges the others. */
static struct {
	uint16_t refused; /* NFT_MSG_*, BATCH_AS_SUCH: all of it, with one answer */
	int code;
	bool silent; /* the last acknowledgement is lost */
	uint32_t sequences[MESSAGES_MAX];
	int codes[MESSAGES_MAX];
	size_t count, next;
} script;

static void answer(uint32_t sequence, int code)
{
	assert_true(script.count < MESSAGES_MAX);
	script.sequences[script.count] = sequence;
	script.codes[script.count++] = code;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG address,
               socklen_t address_length)
{
	const struct nlmsghdr *message = bytes;
	int left = (int)length;
	bool refused = false;

	(void)fd, (void)flags, (void)address, (void)address_length;
	if (script.refused == BATCH_AS_SUCH) {
		answer(message->nlmsg_seq, script.code);
		return (ssize_t)length;
	}
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		bool hit = !refused && (message->nlmsg_type & 0xff) == script.refused &&
		           message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES;

		if (message->nlmsg_flags & NLM_F_ACK)
			answer(message->nlmsg_seq, hit ? script.code : 0);
		refused |= hit;
	}
	script.count -= script.silent;
	return (ssize_t)length;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct nlmsgerr *payload;
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
	payload = mnl_nlmsg_put_extra_header(header, sizeof(*payload));
	header->nlmsg_type = NLMSG_ERROR;
	header->nlmsg_seq = script.sequences[script.next];
	payload->error = script.codes[script.next++];
	return (ssize_t)header->nlmsg_len;
}

static const struct {
	bool wanted; /* rules; else the table is to go */
	uint16_t refused;
	int code;
	bool silent;
	int result;
	const char *about, *remedy; /* found in the error's text */
} cases[] = {
	{true, NO_SUCH_TYPE, 0, false, 0, "", ""},
	{true, BATCH_AS_SUCH, -EPERM, false, -EPERM, "the transaction: ", "CAP_NET_ADMIN"},
	{true, BATCH_AS_SUCH, -EOPNOTSUPP, false, -EOPNOTSUPP, "the transaction: ", "nf_tables"},
	{true, NFT_MSG_NEWTABLE, -EAFNOSUPPORT, false, -EAFNOSUPPORT,
         "hostgw: table inet hostgw: ", "CONFIG_NF_TABLES_INET"},
	{true, NFT_MSG_NEWSET, -ENOMEM, false, -ENOMEM, "set cluster4: ", "Cannot allocate"},
	{true, NFT_MSG_NEWSETELEM, -EEXIST, false, -EEXIST, "elements of set cluster4: ", "exists"},
	{true, NFT_MSG_NEWCHAIN, -ENOENT, false, -EOPNOTSUPP,
         "chain postrouting: ", "5.2 or newer"},
	{true, NFT_MSG_NEWCHAIN, -EOPNOTSUPP, false, -EOPNOTSUPP,
         "chain postrouting: ", "5.2 or newer"},
	{true, NFT_MSG_NEWRULE, -ENOENT, false, -ENOENT,
         "rule \"left to kube-proxy\" of chain postrouting: ", "No such"},
	{true, NO_SUCH_TYPE, 0, true, -ENOBUFS, "hostgw: the kernel answered only", "messages"},
	{false, NO_SUCH_TYPE, 0, false, 0, "", ""},
	{false, NFT_MSG_DELTABLE, -ENOENT, false, 0, "", ""},
	{false, BATCH_AS_SUCH, -EOPNOTSUPP, false, 0, "", ""},
	{false, BATCH_AS_SUCH, -EPERM, false, -EPERM, "the transaction: ", "CAP_NET_ADMIN"},
	{false, NFT_MSG_DELTABLE, -EBUSY, false, -EBUSY, "table inet hostgw: ", "busy"},
	{false, NO_SUCH_TYPE, 0, true, -ENOBUFS, "answered only", ""},
};

static void refusals_are_told_in_words(void **state)
{
	struct masquerade_rules rules = {.masquerade = true, .forward = true};
	struct masquerade_rules none = {0};

	(void)state;
	assert_true(prefix_parse("10.244.0.0/16", &rules.cluster[IP_V4]));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {0};
		struct nft *nft;
		int result;

		assert_int_equal(nft_open(&nft, &err), 0);
		memset(&script, 0, sizeof(script));
		script.refused = cases[i].refused;
		script.code = cases[i].code;
		script.silent = cases[i].silent;
		result = masquerade_apply(nft, cases[i].wanted ? &rules : &none, &err);
		if (result != cases[i].result || !strstr(err.text, cases[i].about) ||
		    !strstr(err.text, cases[i].remedy))
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
