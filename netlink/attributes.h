/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked reading of netlink attributes (RFC 3549, section 2.3.2), and writing what libmnl has no
 * words for. Nothing that the kernel sent is trusted to have the length it should. Internal to
 * netlink/.
 */
#ifndef NETLINK_ATTRIBUTES_H
#define NETLINK_ATTRIBUTES_H

#include <linux/netlink.h>

#include "hostgw/prefix.h"

/* The message lies whole within the `left` bytes of a datagram that begin with it. */
bool nl_message_fits(const struct nlmsghdr *message, int left);

/*
 * Points table[type] at each attribute of the payload, for types up to `max`
 * (the table has max + 1 places, NULL where there is none; the last of a kind wins;
 * unknown types are passed over). False: malformed. The table points into the payload.
 */
bool nl_attributes_read(const void *payload, size_t length, const struct nlattr **table,
                        uint16_t max);

/* The same for what follows a message's fixed header of `header` bytes; false also when that
 * header is cut short. */
bool nl_message_attributes(const struct nlmsghdr *message, size_t header,
                           const struct nlattr **table, uint16_t max);

/* The same for the attributes inside another one; NULL reads as an empty one. */
bool nl_nested_attributes(const struct nlattr *attribute, const struct nlattr **table,
                          uint16_t max);

/* Set *out if the attribute is there; false: it is there and its length is wrong. */
bool nl_attribute_u32(const struct nlattr *attribute, uint32_t *out);
/* An interface index; the kernel counts them as int. */
bool nl_attribute_index(const struct nlattr *attribute, int *out);
bool nl_attribute_ip(const struct nlattr *attribute, uint8_t family, struct ip_addr *out);

/* The text of a NUL-terminated string; NULL where there is none or no NUL. */
const char *nl_attribute_text(const struct nlattr *attribute);

/* Appends an address; false: no room. */
bool nl_put_ip(struct nlmsghdr *message, size_t room, uint16_t type, const struct ip_addr *addr);

#endif
