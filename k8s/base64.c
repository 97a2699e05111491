/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The value of a digit, or -1. */
static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

struct decoder {
	char *out;
	size_t length;
	uint32_t bits;
	unsigned digits;  /* in the group of four, padding included */
	unsigned padding; /* of them */
	bool done;        /* a padded group was the last */
};

static bool end_group(struct decoder *d)
{
	unsigned bytes = 3 - d->padding;

	if (d->padding > 2 || (d->bits & ((1u << (8 * d->padding)) - 1)) != 0)
		return false; /* bits that encode nothing must be zero */
	for (unsigned i = 0; i < bytes; i++) {
		char byte = (char)(d->bits >> (16 - 8 * i));

		if (byte == '\0')
			return false;
		d->out[d->length++] = byte;
	}
	d->done = d->padding > 0;
	d->bits = 0;
	d->digits = 0;
	d->padding = 0;
	return true;
}

static bool take(struct decoder *d, char c)
{
	int value = digit_value(c);

	if (d->done)
		return false;
	if (c == '=') {
		d->padding++;
		value = 0;
	} else if (value < 0 || d->padding > 0) {
		return false;
	}
	d->bits = d->bits << 6 | (uint32_t)value;
	return ++d->digits < 4 || end_group(d);
}

char *base64_decode_text(const char *encoded)
{
	struct decoder d = {.out = malloc(strlen(encoded) / 4 * 3 + 4)};
	bool good = d.out != NULL;

	for (; good && *encoded; encoded++)
		good = *encoded == '\n' || *encoded == '\r' || take(&d, *encoded);
	if (good && d.digits == 0) {
		d.out[d.length] = '\0';
		return d.out;
	}
	if (d.out)
		explicit_bzero(d.out, d.length);
	free(d.out);
	return NULL;
}

/* Up to three bytes become four digits. */
static void encode_group(const char *bytes, size_t count, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;

	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 | (i < count ? (unsigned char)bytes[i] : 0);
	for (size_t i = 0; i < 4; i++)
		out[i] = i <= count ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

char *base64_encode_text(const char *text)
{
	size_t length = strlen(text);
	char *encoded = malloc((length + 2) / 3 * 4 + 1);
	char *at = encoded;

	if (!encoded)
		return NULL;
	for (size_t i = 0; i < length; i += 3, at += 4)
		encode_group(text + i, length - i < 3 ? length - i : 3, at);
	*at = '\0';
	return encoded;
}
