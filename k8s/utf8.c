/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utf8.h"

#include <stdint.h>

/* Bytes of the sequence that begins with `lead`; 0: none does. *low and *high: what its second
 * byte may be (RFC 3629, section 4), which rules out overlong forms and surrogates. */
static size_t sequence(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

bool utf8_is_valid(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t at = 0;

	while (at < length) {
		uint8_t low, high;
		size_t size = sequence(bytes[at], &low, &high);

		if (size == 0 || size > length - at)
			return false;
		for (size_t i = 1; i < size; i++) {
			uint8_t byte = bytes[at + i];

			if (byte < (i == 1 ? low : 0x80) || byte > (i == 1 ? high : 0xbf))
				return false;
		}
		at += size;
	}
	return true;
}
