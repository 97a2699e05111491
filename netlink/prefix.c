/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostgw/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Compares the first `bits` bits of two addresses. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

	if (memcmp(a, b, whole) != 0)
		return false;
	return bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

/* Reads decimal digits up to the end of the text; Go refuses signs, spaces and leading zeros. */
static bool parse_length(const char *text, unsigned max, uint8_t *out)
{
	unsigned value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	if (value > max)
		return false;
	*out = (uint8_t)value;
	return true;
}

bool ip_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr addr = {0};

	addr.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(addr.family, text, addr.bytes) != 1)
		return false;
	*out = addr;
	return true;
}

bool prefix_parse(const char *text, struct prefix *out)
{
	char address[IP_TEXT_MAX];
	struct prefix prefix = {0};
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : 0;

	if (!slash || length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!ip_parse(address, &prefix.addr) ||
	    !parse_length(slash + 1, ip_bits(prefix.addr.family), &prefix.length))
		return false;
	*out = prefix_masked(&prefix);
	return true;
}

/* Of thousands of addresses in a page: inet_ntop and snprintf take ten times as long. */
static char *put_byte(char *to, uint8_t byte)
{
	if (byte >= 100)
		*to++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*to++ = (char)('0' + byte / 10 % 10);
	*to++ = (char)('0' + byte % 10);
	return to;
}

const char *ip_format(const struct ip_addr *addr, char buffer[static IP_TEXT_MAX])
{
	char *to = buffer;

	if (addr->family == AF_INET) {
		for (int i = 0; i < 4; i++) {
			to = put_byte(to, addr->bytes[i]);
			*to++ = i < 3 ? '.' : '\0';
		}
	} else if (addr->family == 0 ||
	           !inet_ntop(addr->family, addr->bytes, buffer, IP_TEXT_MAX)) {
		strcpy(buffer, "-");
	}
	return buffer;
}

const char *prefix_format(const struct prefix *prefix, char buffer[static PREFIX_TEXT_MAX])
{
	char *to;

	ip_format(&prefix->addr, buffer);
	if (prefix->addr.family == 0)
		return buffer;
	to = buffer + strlen(buffer);
	*to++ = '/';
	*put_byte(to, prefix->length) = '\0';
	return buffer;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = ip_compare(&a->addr, &b->addr);

	if (order != 0)
		return order;
	return (int)a->length - (int)b->length;
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_compare(a, b) == 0;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return prefix_compare(a, b) == 0;
}

static bool is_unicast_v4(const uint8_t *bytes)
{
	/* RFC 6890: "this network", loopback; RFC 1112: 224/4 is multicast, 240/4 reserved. */
	return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
}

static bool is_unicast_v6(const uint8_t *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t zero[15] = {0};

	/* RFC 4291: ff00::/8 is multicast, :: and ::1 are no neighbour's, ::ffff:0:0/96 is IPv4. */
	if (bytes[0] == 0xff || memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return false;
	return memcmp(bytes, zero, sizeof(zero)) != 0 || bytes[15] > 1;
}

bool ip_is_unicast(const struct ip_addr *addr)
{
	if (addr->family == AF_INET)
		return is_unicast_v4(addr->bytes);
	return addr->family == AF_INET6 && is_unicast_v6(addr->bytes);
}

bool prefix_contains_ip(const struct prefix *prefix, const struct ip_addr *addr)
{
	return prefix->addr.family == addr->family && addr->family != 0 &&
	       same_bits(prefix->addr.bytes, addr->bytes, prefix->length);
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->length <= inner->length && prefix_contains_ip(outer, &inner->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

struct prefix prefix_masked(const struct prefix *prefix)
{
	struct prefix masked = *prefix;
	unsigned bits = prefix->length;

	for (unsigned i = 0; i < sizeof(masked.addr.bytes); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			masked.addr.bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
	return masked;
}

struct ip_addr prefix_first_host(const struct prefix *prefix)
{
	struct ip_addr addr = prefix_masked(prefix).addr;
	size_t last = ip_bits(addr.family) / 8 - 1;

	/* The lowest bit is free of carry in every prefix that is shorter than the address. */
	if (prefix->length < ip_bits(addr.family))
		addr.bytes[last] |= 1;
	return addr;
}
