/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whoever answers `hostgwd status`: what is printed steers no terminal but by colours. */
#include <stdlib.h>
#include <string.h>

#include "daemon/status_text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);

	status_text_make_harmless(text, size);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '\033') /* of a colour, whose end is inside */
			assert_non_null(memchr(text + i, 'm', size - i < 5 ? size - i : 5));
		else
			assert_true(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
		if (byte == 0xc2 && i + 1 < size) /* U+0080 to U+009F */
			assert_false((text[i + 1] & 0xe0) == 0x80);
	}
	free(text);
	return 0;
}
