/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps and batches against a scripted kernel: sendto(2) and recvmsg(2) are
 * this program's own, so that what a real kernel does once in a year happens now.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "netlink/batch.h"
#include "netlink/dump.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define REQUESTS_MAX 8
#define STEPS_MAX    16

enum kind {
	END,            /* of the script: nothing is there to be read */
	KIND_OBJECT,    /* RTM_NEWROUTE of the asked sequence */
	KIND_CHANGED,   /* the same with NLM_F_DUMP_INTR */
	KIND_DONE_INTR, /* NLMSG_DONE with NLM_F_DUMP_INTR */
	KIND_STALE,     /* an object of an earlier request */
	KIND_STRANGER,  /* an object that another process sent */
	KIND_DONE,      /* NLMSG_DONE, code `value` */
	KIND_ANSWER,    /* NLMSG_ERROR, code `value`, to the request number `of` of the datagram */
	KIND_UNASKED,   /* NLMSG_ERROR to a request that never was */
	KIND_OVERRUN,   /* NLMSG_OVERRUN */
	KIND_TRUNCATED, /* a datagram that did not fit */
	KIND_GARBAGE,   /* bytes that are no message */
	KIND_FAILURE,   /* recvmsg fails with errno `value` */
};

struct step {
	enum kind kind;
	int value;
	uint32_t of;
};

/* clang-format off */
#define OBJECT           {.kind = KIND_OBJECT}
#define CHANGED          {.kind = KIND_CHANGED}
#define DONE_INTR        {.kind = KIND_DONE_INTR}
#define STALE            {.kind = KIND_STALE}
#define STRANGER         {.kind = KIND_STRANGER}
#define DONE(code)       {.kind = KIND_DONE, .value = (code)}
#define ANSWER(nr, code) {.kind = KIND_ANSWER, .value = (code), .of = (nr)}
#define UNASKED          {.kind = KIND_UNASKED}
#define OVERRUN          {.kind = KIND_OVERRUN}
#define TRUNCATED        {.kind = KIND_TRUNCATED}
#define GARBAGE          {.kind = KIND_GARBAGE}
#define FAILURE(number)  {.kind = KIND_FAILURE, .value = (number)}
/* clang-format on */

/* The kernel's part; each dump starts with the step after the last one read. */
static struct {
	const struct step *steps;
	size_t next;
	int send_failures[2];             /* errno of the first sends; 0: it goes well */
	size_t sends;                     /* calls */
	size_t sent;                      /* datagrams */
	size_t requests;                  /* in all of them */
	uint32_t sequences[REQUESTS_MAX]; /* of the requests in the last one */
} script;

/* `steps` ends with END. */
static void play(const struct step *steps)
{
	memset(&script, 0, sizeof(script));
	script.steps = steps;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG address,
               socklen_t address_length)
{
	const struct nlmsghdr *message = bytes;
	int left = (int)length;

	(void)fd, (void)flags, (void)address, (void)address_length;
	if (script.sends++ < COUNT(script.send_failures)) {
		errno = script.send_failures[script.sends - 1];
		if (errno != 0)
			return -1;
	}
	script.sent++;
	for (size_t i = 0; i < REQUESTS_MAX && mnl_nlmsg_ok(message, left); i++) {
		script.sequences[i] = message->nlmsg_seq;
		script.requests++;
		message = mnl_nlmsg_next(message, &left);
	}
	return (ssize_t)length;
}

static size_t write_message(const struct step *step, void *buffer)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_seq = script.sequences[step->of];
	message->nlmsg_type = RTM_NEWROUTE;
	if (step->kind == KIND_STALE)
		message->nlmsg_seq--;
	if (step->kind == KIND_UNASKED)
		message->nlmsg_seq += 99;
	if (step->kind == KIND_CHANGED || step->kind == KIND_DONE_INTR)
		message->nlmsg_flags |= NLM_F_DUMP_INTR;
	if (step->kind == KIND_OVERRUN)
		message->nlmsg_type = NLMSG_OVERRUN;
	if (step->kind == KIND_GARBAGE)
		message->nlmsg_len = 4;
	if (step->kind == KIND_DONE || step->kind == KIND_DONE_INTR) {
		message->nlmsg_type = NLMSG_DONE;
		*(int *)mnl_nlmsg_put_extra_header(message, sizeof(int)) = step->value;
	}
	if (step->kind == KIND_ANSWER || step->kind == KIND_UNASKED) {
		message->nlmsg_type = NLMSG_ERROR;
		((struct nlmsgerr *)mnl_nlmsg_put_extra_header(message, sizeof(struct nlmsgerr)))
			->error = step->value;
	}
	return step->kind == KIND_GARBAGE ? 16 : message->nlmsg_len;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	const struct step *step = &script.steps[script.next];
	struct sockaddr_nl sender = {.nl_family = AF_NETLINK,
	                             .nl_pid = step->kind == KIND_STRANGER ? 4711 : 0};

	(void)fd, (void)flags;
	if (step->kind != END)
		script.next++;
	if (step->kind == END || step->kind == KIND_FAILURE) {
		errno = step->kind == END ? EAGAIN : step->value;
		return -1;
	}
	memcpy(message->msg_name, &sender, sizeof(sender));
	message->msg_namelen = sizeof(sender);
	message->msg_flags = step->kind == KIND_TRUNCATED ? MSG_TRUNC : 0;
	return (ssize_t)write_message(step, message->msg_iov->iov_base);
}

struct seen {
	size_t objects, restarts;
	int refuse; /* what `message` returns */
};

static int take_object(void *ctx, const struct nlmsghdr *message)
{
	struct seen *seen = ctx;

	(void)message;
	seen->objects++;
	return seen->refuse;
}

static void forget_objects(void *ctx)
{
	struct seen *seen = ctx;

	seen->objects = 0;
	seen->restarts++;
}

static const struct nl_dump_ops dump_ops = {take_object, forget_objects};

static struct nl_socket *open_socket(void)
{
	struct nl_socket *nl = calloc(1, sizeof(*nl));
	struct error err;

	assert_non_null(nl);
	if (nl_socket_open(nl, NETLINK_ROUTE, &err) != 0)
		fail_msg("%s", err.text);
	return nl;
}

static void close_socket(struct nl_socket *nl)
{
	nl_socket_close(nl);
	free(nl);
}

static int dump(struct nl_socket *nl, struct seen *seen, struct error *err)
{
	alignas(struct nlmsghdr) unsigned char buffer[64];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = RTM_GETROUTE;
	mnl_nlmsg_put_extra_header(request, sizeof(struct rtmsg));
	return nl_dump(nl, request, &dump_ops, seen, err);
}

struct dump_case {
	struct step steps[STEPS_MAX];
	int result;
	size_t objects, restarts;
	int refuse;
};

static const struct dump_case dump_cases[] = {
	{{OBJECT, OBJECT, DONE(0)}, 0, 2, 0, 0},
	{{DONE(0)}, 0, 0, 0, 0},
	/* Not whole: the table must not be taken for empty, or for what came so far. */
	{{OBJECT, DONE(-EBUSY)}, -EBUSY, 1, 0, 0},
	{{ANSWER(0, -EOPNOTSUPP)}, -EOPNOTSUPP, 0, 0, 0},
	{{OBJECT}, -EAGAIN, 1, 0, 0},
	{{OBJECT, FAILURE(ENOBUFS), DONE(0)}, -ENOBUFS, 1, 0, 0},
	{{OBJECT, TRUNCATED, DONE(0)}, -EMSGSIZE, 1, 0, 0},
	{{OBJECT, OVERRUN, DONE(0)}, -ENOBUFS, 1, 0, 0},
	{{OBJECT, GARBAGE}, -EAGAIN, 1, 0, 0},
	{{OBJECT, DONE(0)}, -EBADMSG, 1, 0, -EBADMSG},
	/* Passed over. */
	{{FAILURE(EINTR), OBJECT, STALE, STRANGER, DONE(0)}, 0, 1, 0, 0},
	/* Interrupted: once more from the start. */
	{{OBJECT, CHANGED, DONE(0), OBJECT, DONE(0)}, 0, 1, 1, 0},
	{{OBJECT, DONE_INTR, OBJECT, OBJECT, DONE(0)}, 0, 2, 1, 0},
	{{CHANGED, DONE(0), CHANGED, DONE(0), CHANGED, DONE(0), CHANGED, DONE(0), CHANGED, DONE(0)},
         -EAGAIN,
         0,
         5,
         0},
};

static void dumps_are_whole_or_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dump_cases); i++) {
		const struct dump_case *wanted = &dump_cases[i];
		struct nl_socket *nl = open_socket();
		struct seen seen = {.refuse = wanted->refuse};
		struct error err = {0};
		int result;

		play(wanted->steps);
		result = dump(nl, &seen, &err);
		if (result != wanted->result || seen.objects != wanted->objects ||
		    seen.restarts != wanted->restarts)
			fail_msg("case %zu: %d (%s), %zu objects, %zu restarts", i, result,
			         err.text, seen.objects, seen.restarts);
		assert_int_equal(err.code, -result);
		assert_int_equal(err.text[0] != '\0', result < 0);
		close_socket(nl);
	}
}

/* The socket's own number; the kernel may give its port id to the next one. */
static ino_t identity(const struct nl_socket *nl)
{
	struct stat info;

	assert_int_equal(fstat(nl->fd, &info), 0);
	return info.st_ino;
}

/* A dump left half-way keeps its socket busy in the kernel, so the next one needs another. */
static void a_broken_dump_renews_the_socket(void **state)
{
	static const struct step broken[] = {OBJECT, TRUNCATED, {.kind = END}};
	static const struct step refused[] = {ANSWER(0, -EPERM), {.kind = END}};
	struct nl_socket *nl = open_socket();
	struct seen seen = {0};
	ino_t before = identity(nl);
	struct error err;

	(void)state;
	play(refused);
	assert_int_equal(dump(nl, &seen, &err), -EPERM);
	assert_true(identity(nl) == before);
	play(broken);
	assert_int_equal(dump(nl, &seen, &err), -EMSGSIZE);
	assert_true(identity(nl) != before);
	close_socket(nl);
}

#define REQUESTS 4

struct outcome {
	int results[REQUESTS];
	int refuse[REQUESTS]; /* what `encode` returns instead; 0: it writes */
	size_t padding;       /* bytes of each request */
};

static int encode(void *ctx, size_t index, void *buffer, size_t room)
{
	const struct outcome *outcome = ctx;
	struct nlmsghdr *message;

	if (outcome->refuse[index] != 0)
		return outcome->refuse[index];
	if (room < mnl_nlmsg_size(outcome->padding))
		return -ENOSPC;
	message = mnl_nlmsg_put_header(buffer);
	mnl_nlmsg_put_extra_header(message, outcome->padding);
	return (int)message->nlmsg_len;
}

static void take_answer(void *ctx, size_t index, const struct nl_answer *answer)
{
	struct outcome *outcome = ctx;

	assert_true(index < REQUESTS);
	assert_int_equal(outcome->results[index], -EINPROGRESS); /* answered once */
	outcome->results[index] = answer->result;
}

static const struct nl_batch_ops batch_ops = {encode, take_answer};

struct batch_case {
	struct step steps[STEPS_MAX];
	int refuse[REQUESTS];
	int result;
	int results[REQUESTS];
};

#define LOST (-EINPROGRESS)

static const struct batch_case batch_cases[] = {
	{{ANSWER(0, 0), ANSWER(1, 0), ANSWER(2, 0), ANSWER(3, 0)}, {0}, 0, {0}},
	{{ANSWER(0, -ENODEV), ANSWER(1, -EEXIST), ANSWER(2, 0), ANSWER(3, -ENETUNREACH)},
         {0},
         0,
         {-ENODEV, -EEXIST, 0, -ENETUNREACH}},
	/* Silence is no success. */
	{{ANSWER(0, 0), ANSWER(1, 0)}, {0}, -ENOBUFS, {0, 0, LOST, LOST}},
	{{ANSWER(0, 0), FAILURE(ENOBUFS), ANSWER(2, 0)}, {0}, -ENOBUFS, {0, LOST, 0, LOST}},
	{{ANSWER(0, 0), TRUNCATED, ANSWER(2, 0), ANSWER(3, 0)}, {0}, -ENOBUFS, {0, LOST, 0, 0}},
	{{ANSWER(0, 0), FAILURE(EINTR), ANSWER(1, 0), ANSWER(2, 0), ANSWER(3, 0)}, {0}, 0, {0}},
	{{ANSWER(0, 0), FAILURE(EBADF)}, {0}, -EBADF, {0, LOST, LOST, LOST}},
	/* Answers to nothing that was asked, or for the second time. */
	{{ANSWER(0, 0), STALE, UNASKED, ANSWER(0, 0), ANSWER(1, 0), ANSWER(2, 0), ANSWER(3, 0)},
         {0},
         0,
         {0}},
	/* One that cannot be written never shifts the answers of the others. */
	{{ANSWER(0, 0), ANSWER(1, -EEXIST), ANSWER(2, 0)},
         {0, -EINVAL},
         0,
         {0, -EINVAL, -EEXIST, 0}},
	{{ANSWER(0, -EEXIST), ANSWER(1, 0), ANSWER(2, 0)},
         {0, 0, 0, -ENOSPC},
         0,
         {-EEXIST, 0, 0, -ENOSPC}},
};

static void each_answer_finds_its_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(batch_cases); i++) {
		const struct batch_case *wanted = &batch_cases[i];
		struct nl_socket *nl = open_socket();
		struct outcome outcome = {.results = {LOST, LOST, LOST, LOST}};
		struct error err = {0};
		int result;

		memcpy(outcome.refuse, wanted->refuse, sizeof(outcome.refuse));
		play(wanted->steps);
		result = nl_batch_run(nl, REQUESTS, &batch_ops, &outcome, &err);
		if (result != wanted->result)
			fail_msg("case %zu: %d (%s)", i, result, err.text);
		for (size_t j = 0; j < REQUESTS; j++) {
			if (outcome.results[j] != wanted->results[j])
				fail_msg("case %zu, request %zu: %d", i, j, outcome.results[j]);
		}
		close_socket(nl);
	}
}

/* What was not sent is not answered; an interrupted call is made again. */
static void sends_that_fail_are_told(void **state)
{
	static const struct step answers[] = {
		ANSWER(0, 0), ANSWER(1, 0), ANSWER(2, 0), ANSWER(3, 0), {.kind = END}};
	static const struct {
		int failures[2];
		int result, outcome;
	} cases[] = {
		{{EINTR, EINTR}, 0, 0},
		{{ENOBUFS}, -ENOBUFS, LOST},
		{{EINTR, EPERM}, -EPERM, LOST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nl_socket *nl = open_socket();
		struct outcome outcome = {.results = {LOST, LOST, LOST, LOST}};
		struct error err = {0};

		play(answers);
		memcpy(script.send_failures, cases[i].failures, sizeof(script.send_failures));
		assert_int_equal(nl_batch_run(nl, REQUESTS, &batch_ops, &outcome, &err),
		                 cases[i].result);
		assert_int_equal(err.code, -cases[i].result);
		for (size_t j = 0; j < REQUESTS; j++)
			assert_int_equal(outcome.results[j], cases[i].outcome);
		close_socket(nl);
	}
}

/* Datagrams end where the buffer does, or where more answers than the receive space holds would
 * come back. */
static void batches_are_split(void **state)
{
	static const struct step silence = {.kind = END};
	static const struct {
		size_t padding;
		uint32_t receive_space;
		size_t datagrams;
	} cases[] = {
		{100, 1 << 20, 1}, {30000, 1 << 20, 2}, {60000, 1 << 20, 4},
		{100, 4096, 2},    {100, 0, 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nl_socket *nl = open_socket();
		struct outcome outcome = {.padding = cases[i].padding,
		                          .results = {LOST, LOST, LOST, LOST}};
		struct error err;

		nl->receive_space = cases[i].receive_space;
		play(&silence); /* no answer at all: the batch goes on to its end even so */
		assert_int_equal(nl_batch_run(nl, REQUESTS, &batch_ops, &outcome, &err), -ENOBUFS);
		assert_int_equal(script.sent, cases[i].datagrams);
		assert_int_equal(script.requests, REQUESTS);
		close_socket(nl);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps_are_whole_or_fail),
		cmocka_unit_test(a_broken_dump_renews_the_socket),
		cmocka_unit_test(each_answer_finds_its_request),
		cmocka_unit_test(sends_that_fail_are_told),
		cmocka_unit_test(batches_are_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
