/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <stdlib.h>

#include "daemon/hash.h"

char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	assert_non_null(copy);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

struct chance fuzz_chance(const uint8_t *data, size_t size)
{
	return (struct chance){hash_add(HASH_START, data, size) | 1};
}

void fuzz_check_result(int result, const struct error *err)
{
	if (result >= 0)
		return;
	assert_int_equal(result, -err->code);
	assert_non_null(memchr(err->text, '\0', sizeof(err->text)));
	assert_string_not_equal(err->text, "");
}

void fuzz_check_same(const struct text *seen, const struct text *wanted, const char *what)
{
	if (seen->length == wanted->length &&
	    (seen->length == 0 || memcmp(seen->bytes, wanted->bytes, seen->length) == 0))
		return;
	fail_msg("%s:\n%s\nbut it should be\n%s", what, seen->bytes ? seen->bytes : "",
	         wanted->bytes ? wanted->bytes : "");
}
