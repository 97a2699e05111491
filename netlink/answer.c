/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "attributes.h"

#define ERRNO_MAX 4095 /* the kernel's own bound, MAX_ERRNO */

/* Where the attributes start: behind the code and, unless capped, the echoed request. */
static size_t attributes_offset(const struct nlmsghdr *message)
{
	const struct nlmsgerr *payload = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(struct nlmsgerr);

	if (message->nlmsg_type == NLMSG_DONE)
		return sizeof(int);
	/* Success echoes the header alone, whatever NETLINK_CAP_ACK says. */
	if (payload->error != 0 && !(message->nlmsg_flags & NLM_F_CAPPED) &&
	    payload->msg.nlmsg_len > sizeof(payload->msg))
		offset += payload->msg.nlmsg_len - sizeof(payload->msg);
	return offset;
}

static void read_detail(const struct nlmsghdr *message, struct nl_answer *answer)
{
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1];
	const char *text;
	uint32_t offset;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    !nl_message_attributes(message, attributes_offset(message), table, NLMSGERR_ATTR_MAX))
		return;
	text = nl_attribute_text(table[NLMSGERR_ATTR_MSG]);
	if (text)
		snprintf(answer->detail, sizeof(answer->detail), "%s", text);
	else if (table[NLMSGERR_ATTR_OFFS] && nl_attribute_u32(table[NLMSGERR_ATTR_OFFS], &offset))
		snprintf(answer->detail, sizeof(answer->detail),
		         "the attribute at byte %u of the request is refused", offset);
}

struct nl_answer nl_answer_read(const struct nlmsghdr *message)
{
	size_t least = message->nlmsg_type == NLMSG_DONE ? sizeof(int) : sizeof(struct nlmsgerr);
	struct nl_answer answer = {.result = -EBADMSG};

	if (mnl_nlmsg_get_payload_len(message) < least)
		return answer;
	memcpy(&answer.result, mnl_nlmsg_get_payload(message), sizeof(answer.result));
	if (answer.result < -ERRNO_MAX)
		answer.result = -EBADMSG;
	/* A positive NLMSG_DONE is the length of a dump's last part in old kernels. */
	if (answer.result > 0)
		answer.result = 0;
	read_detail(message, &answer);
	return answer;
}

int nl_answer_error(const struct nl_answer *answer, struct error *err)
{
	int code = -answer->result;

	if (answer->detail[0] == '\0')
		return error_set(err, code, "%s", strerror(code));
	return error_set(err, code, "%s (%s)", strerror(code), answer->detail);
}

void nl_answer_keep(const struct nl_answer *answer, int *result, char **detail)
{
	*result = answer->result;
	if (answer->result < 0 && answer->detail[0] != '\0')
		*detail = strdup(answer->detail);
}
