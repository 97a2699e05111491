/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses and prefixes of both families as plain values: parse, print,
 * compare. Implemented in netlink/prefix.c; no I/O, no allocation.
 */
#ifndef HOSTGW_PREFIX_H
#define HOSTGW_PREFIX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip_addr {
	uint8_t family;    /* AF_INET, AF_INET6, or 0: no address */
	uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct prefix {
	struct ip_addr addr; /* family 0: no prefix */
	uint8_t length;      /* bits, 0..32 or 0..128 */
};

#define IP_TEXT_MAX     INET6_ADDRSTRLEN
#define PREFIX_TEXT_MAX (INET6_ADDRSTRLEN + 4)

/* The two families hostgwd routes; arrays of "one a family" are indexed by this. */
enum ip_family_index { IP_V4, IP_V6, IP_FAMILIES };

/* IP_V4 for AF_INET, IP_V6 for AF_INET6. */
static inline enum ip_family_index ip_family_index(uint8_t family)
{
	return family == AF_INET6 ? IP_V6 : IP_V4;
}

static inline uint8_t ip_family(enum ip_family_index index)
{
	return index == IP_V6 ? AF_INET6 : AF_INET;
}

/* Address length in bits: 32 or 128. */
static inline uint8_t ip_bits(uint8_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Parses "192.168.2.44" or "fd00::44" (no zone, no port). False leaves *out alone. */
bool ip_parse(const char *text, struct ip_addr *out);

/* Parses "10.1.0.0/16"; host bits are cleared, as Go's net.ParseCIDR does. */
bool prefix_parse(const char *text, struct prefix *out);

/* Write the text into `buffer` and return it; family 0 prints as "-". */
const char *ip_format(const struct ip_addr *addr, char buffer[static IP_TEXT_MAX]);
const char *prefix_format(const struct prefix *prefix, char buffer[static PREFIX_TEXT_MAX]);

/* Total order for sorting: family, then address, then length (shorter first). */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
int prefix_compare(const struct prefix *a, const struct prefix *b);

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
bool prefix_equal(const struct prefix *a, const struct prefix *b);

/* An address a neighbour can have: not unspecified, loopback, multicast, reserved or broadcast. */
bool ip_is_unicast(const struct ip_addr *addr);

bool prefix_contains_ip(const struct prefix *prefix, const struct ip_addr *addr);
/* `inner` lies wholly within `outer` (equal counts). */
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

/* `prefix` with its host bits cleared. */
struct prefix prefix_masked(const struct prefix *prefix);
/* The first address after the network's own: 10.1.0.1 of 10.1.0.0/24. */
struct ip_addr prefix_first_host(const struct prefix *prefix);

#endif
