/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every cmocka program here includes: cmocka with the headers it asks
 * for, and short makers of values.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hostgw/prefix.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct ip_addr make_ip(const char *text)
{
	struct ip_addr addr = {0};

	if (text && !ip_parse(text, &addr))
		fail_msg("%s is not an address", text);
	return addr;
}

static inline struct prefix make_prefix(const char *text)
{
	struct prefix prefix = {0};

	if (text && !prefix_parse(text, &prefix))
		fail_msg("%s is not a prefix", text);
	return prefix;
}

#endif
