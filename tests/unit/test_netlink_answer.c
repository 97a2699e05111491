/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "netlink/answer.h"
#include "netlink/attributes.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* An answer as the kernel would write it. */
struct sample {
	uint16_t type, flags;
	int code;
	uint32_t echoed;  /* bytes of the request behind its header, in an answer not capped */
	const char *text; /* NLMSGERR_ATTR_MSG; NULL: none */
	bool cut_text;    /* without its NUL */
	bool offset;      /* NLMSGERR_ATTR_OFFS 20 */
	int result;
	const char *detail;
};

static struct nlmsghdr *write_answer(const struct sample *sample, unsigned char *buffer)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = sample->type;
	message->nlmsg_flags = sample->flags;
	if (sample->type == NLMSG_DONE) {
		*(int *)mnl_nlmsg_put_extra_header(message, sizeof(int)) = sample->code;
	} else {
		struct nlmsgerr *payload = mnl_nlmsg_put_extra_header(message, sizeof(*payload));

		payload->error = sample->code;
		payload->msg.nlmsg_len = (uint32_t)sizeof(payload->msg) + 40;
		if (sample->echoed > 0)
			mnl_nlmsg_put_extra_header(message, sample->echoed);
	}
	if (sample->text)
		mnl_attr_put(message, NLMSGERR_ATTR_MSG,
		             strlen(sample->text) + (sample->cut_text ? 0 : 1), sample->text);
	if (sample->offset)
		mnl_attr_put_u32(message, NLMSGERR_ATTR_OFFS, 20);
	return message;
}

static void answers_are_read(void **state)
{
	static const char *const text = "Nexthop has invalid gateway";
	static const char *const refused = "the attribute at byte 20 of the request is refused";
	const uint16_t capped = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	const struct sample cases[] = {
		{.type = NLMSG_ERROR, .flags = NLM_F_CAPPED, .detail = ""},
		{NLMSG_ERROR, NLM_F_CAPPED, -EEXIST, 0, NULL, false, false, -EEXIST, ""},
		{NLMSG_ERROR, capped, -ENETUNREACH, 0, text, false, false, -ENETUNREACH, text},
		{NLMSG_ERROR, capped, -EINVAL, 0, text, false, true, -EINVAL, text},
		{NLMSG_ERROR, capped, -EINVAL, 0, NULL, false, true, -EINVAL, refused},
		{NLMSG_ERROR, capped, -EINVAL, 0, text, true, false, -EINVAL, ""},
		/* Not capped: the request stands between the code and the text. */
		{NLMSG_ERROR, NLM_F_ACK_TLVS, -EINVAL, 40, text, false, false, -EINVAL, text},
		{NLMSG_ERROR, NLM_F_ACK_TLVS, -EINVAL, 0, text, false, false, -EINVAL, ""},
		{NLMSG_ERROR, NLM_F_ACK_TLVS, 0, 0, text, false, false, 0, text},
		/* The text is there only if the flag says so. */
		{NLMSG_ERROR, NLM_F_CAPPED, -EINVAL, 0, text, false, false, -EINVAL, ""},
		/* No errno, and the first of them has no positive counterpart. */
		{NLMSG_ERROR, NLM_F_CAPPED, INT_MIN, 0, NULL, false, false, -EBADMSG, ""},
		{NLMSG_ERROR, NLM_F_CAPPED, -4096, 0, NULL, false, false, -EBADMSG, ""},
		{NLMSG_ERROR, NLM_F_CAPPED, -4095, 0, NULL, false, false, -4095, ""},
		{NLMSG_DONE, NLM_F_MULTI, 0, 0, NULL, false, false, 0, ""},
		{NLMSG_DONE, NLM_F_MULTI, -EOPNOTSUPP, 0, NULL, false, false, -EOPNOTSUPP, ""},
		{NLMSG_DONE, NLM_F_ACK_TLVS, -EINVAL, 0, text, false, false, -EINVAL, text},
		{NLMSG_DONE, NLM_F_MULTI, 120, 0, NULL, false, false, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[512];
		struct nl_answer answer = nl_answer_read(write_answer(&cases[i], buffer));

		if (answer.result != cases[i].result || strcmp(answer.detail, cases[i].detail) != 0)
			fail_msg("case %zu: %d, \"%s\"", i, answer.result, answer.detail);
	}
}

static void short_answers_are_malformed(void **state)
{
	static const struct {
		uint16_t type;
		size_t payload;
		int result;
	} cases[] = {
		{NLMSG_ERROR, 0, -EBADMSG},
		{NLMSG_ERROR, sizeof(struct nlmsgerr) - 4, -EBADMSG},
		{NLMSG_ERROR, sizeof(struct nlmsgerr), 0},
		{NLMSG_DONE, 0, -EBADMSG},
		{NLMSG_DONE, sizeof(int), 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		alignas(struct nlmsghdr) unsigned char buffer[512] = {0};
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

		message->nlmsg_type = cases[i].type;
		message->nlmsg_len += (uint32_t)cases[i].payload;
		assert_int_equal(nl_answer_read(message).result, cases[i].result);
	}
}

static void long_words_are_cut(void **state)
{
	alignas(struct nlmsghdr) unsigned char buffer[1024];
	char text[600];
	struct sample sample = {.type = NLMSG_ERROR,
	                        .flags = NLM_F_CAPPED | NLM_F_ACK_TLVS,
	                        .code = -EINVAL,
	                        .text = text};
	struct nl_answer answer;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	answer = nl_answer_read(write_answer(&sample, buffer));
	assert_int_equal(strlen(answer.detail), NL_DETAIL_MAX - 1);
}

static void errors_carry_the_kernels_words(void **state)
{
	struct nl_answer answer = {.result = -EEXIST};
	struct error err;

	(void)state;
	assert_int_equal(nl_answer_error(&answer, &err), -EEXIST);
	assert_string_equal(err.text, "File exists");
	strcpy(answer.detail, "there is one");
	assert_int_equal(nl_answer_error(&answer, &err), -EEXIST);
	assert_string_equal(err.text, "File exists (there is one)");
}

static void messages_end_with_their_datagram(void **state)
{
	static const struct {
		uint32_t length;
		int left;
		bool fits;
	} cases[] = {
		{NLMSG_HDRLEN, NLMSG_HDRLEN, true},
		{NLMSG_HDRLEN + 4, NLMSG_HDRLEN + 8, true},
		{NLMSG_HDRLEN + 5, NLMSG_HDRLEN + 4, false},
		{NLMSG_HDRLEN, NLMSG_HDRLEN - 1, false},
		{NLMSG_HDRLEN - 1, NLMSG_HDRLEN, false},
		{NLMSG_HDRLEN, 0, false},
		{NLMSG_HDRLEN, -4, false},
		{INT32_MAX, NLMSG_HDRLEN, false},
		{(uint32_t)INT32_MAX + 1, NLMSG_HDRLEN, false},
		{UINT32_MAX, NLMSG_HDRLEN, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nlmsghdr message = {.nlmsg_len = cases[i].length};

		if (nl_message_fits(&message, cases[i].left) != cases[i].fits)
			fail_msg("%u bytes of %d", cases[i].length, cases[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read),
		cmocka_unit_test(short_answers_are_malformed),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(errors_carry_the_kernels_words),
		cmocka_unit_test(messages_end_with_their_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
