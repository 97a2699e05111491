/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A warm state file. The checksum keeps nearly all bytes out, so the input is also read under
 * one that is right. What was accepted is written such that reading that gives the same again.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/hash.h"
#include "daemon/warm_text.h"
#include "fuzz.h"

#define IDENTITY 0x93c1000000000007u

/* What is kept of `text`, as it is printed; false: it was refused. */
static bool read_and_print(char *text, size_t length, char **printed)
{
	struct warm_memory memory;
	struct error err = {0};
	int result = warm_text_parse(text, length, IDENTITY, &memory, &err);

	fuzz_check_result(result, &err);
	if (result < 0)
		return false;
	const struct warm_facts facts = {IDENTITY, memory.written, memory.resource_version,
	                                 memory.nodes, &memory.own};

	assert_int_equal(warm_text_print(&facts, printed, &err), 0);
	warm_memory_free(&memory);
	return true;
}

static void check(char *text, size_t length)
{
	char *once, *copy, *twice;

	if (!read_and_print(text, length, &once))
		return;
	copy = fuzz_copy((const uint8_t *)once, strlen(once));
	if (!read_and_print(copy, strlen(copy), &twice))
		fail_msg("what was written is refused:\n%s", once);
	assert_string_equal(twice, once);
	free(once);
	free(copy);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	char checksum[40];
	struct text sealed = {0};

	snprintf(checksum, sizeof(checksum), "checksum %016" PRIx64 "\n",
	         hash_add(HASH_START, text, size));
	add_bytes(&sealed, text, size);
	add_text(&sealed, checksum);
	check(text, size);
	check(sealed.bytes, sealed.length);
	text_free(&sealed);
	free(text);
	return 0;
}
