/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plan decided of a claim, in words: declared in plan.h. */
#include <stdarg.h>
#include <string.h>

#include "plan.h"

static const struct {
	const char *word;
	const char *sentence;
	const char *remedy;
} state_words[CLAIM_STATES] = {
	[CLAIM_ROUTED] = {"routed", "via the node's address", ""},
	[CLAIM_OWN] = {"own", "this host's own pod CIDR", ""},
	[CLAIM_NO_POD_CIDR] = {"no-pod-cidr", "the node has no pod CIDR",
                               "the controller manager hands them out with "
                               "--allocate-node-cidrs, or set spec.podCIDR"},
	[CLAIM_BAD_POD_CIDR] = {"bad-pod-cidr", "its pod CIDR is not a CIDR",
                                "correct the node's podCIDR"},
	[CLAIM_FAMILY_OFF] = {"family-off", "its pod CIDR is of a family that is switched off",
                              "EnableIPv4 and EnableIPv6 in net-conf.json say which are on"},
	[CLAIM_OUTSIDE_NETWORK] = {"outside-network",
                                   "its pod CIDR is not inside the configured Network",
                                   "make Network in net-conf.json the cluster CIDR"},
	[CLAIM_CONFLICT] = {"conflict", "its pod CIDR overlaps one that is taken",
                            "give one of the two another pod CIDR"},
	[CLAIM_HOST_ADDRESS] = {"host-address", "its pod CIDR covers an address of this host",
                                "remove that address or give the node another pod CIDR"},
	[CLAIM_OTHER_BACKEND] = {"other-backend", "it is annotated with another backend type",
                                 "run host-gw there too"},
	[CLAIM_NO_NEXT_HOP] = {"no-next-hop", "it names no address of the pod CIDR's family",
                               "start its daemon, or give the node an InternalIP"},
	[CLAIM_BAD_NEXT_HOP] = {"bad-next-hop", "its address cannot be a next hop",
                                "correct the node's public-ip annotation or InternalIP"},
	[CLAIM_OWN_ADDRESS] = {"own-address", "its address is this host's own",
                               "correct the node's public-ip annotation or InternalIP"},
	[CLAIM_OFF_LINK] = {"off-link", "its address is in no subnet of this host's interface",
                            "host-gw needs nodes on one link: choose another --iface or "
                            "--public-ip, or route that subnet by other means"},
	[CLAIM_PENDING] = {"pending", "its route is not in the kernel yet",
                           "if it stays so, the log says what it waits for"},
	[CLAIM_REFUSED] = {"refused", "the kernel refuses its route",
                           "the log has the kernel's reason; it is tried again"},
	[CLAIM_FOREIGN_ROUTE] = {"foreign-route", "another program's route is in the way",
                                 "remove that and ours takes its place"},
	[CLAIM_FOUGHT_OVER] = {"fought-over",
                               "another program takes its route away again and again",
                               "stop that program; the log says which protocol it uses"},
};

struct text {
	char *start;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	va_list args;

	if (text->used >= text->size)
		return;
	va_start(args, format);
	text->used += (size_t)vsnprintf(text->start + text->used, text->size - text->used, format,
	                                args);
	va_end(args);
}

/* Without a format: a table of thousands of reasons is made of these. */
static void append_text(struct text *text, const char *piece)
{
	size_t length = strlen(piece), room;

	if (text->used >= text->size)
		return;
	room = text->size - text->used - 1;
	memcpy(text->start + text->used, piece, length < room ? length : room);
	text->start[text->used + (length < room ? length : room)] = '\0';
	text->used += length;
}

static void append_address(struct text *text, const struct link_address *address)
{
	char prefix[PREFIX_TEXT_MAX];

	append_text(text, prefix_format(&address->prefix, prefix));
}

/* " eth0 (192.168.2.44/24)": where a neighbour would have to be. */
static void append_uplink(struct text *text, const struct claim *claim, const struct uplink *uplink,
                          const struct link_snapshot *links)
{
	const char *separator = " (";

	append_text(text, " ");
	append_text(text, uplink->name);
	for (size_t i = 0; i < links->address_count; i++) {
		const struct link_address *address = &links->addresses[i];

		if (address->index != uplink->index || !address->global || address->temporary ||
		    address->prefix.addr.family != claim->via.family)
			continue;
		append_text(text, separator);
		append_address(text, address);
		separator = ", ";
	}
	append_text(text, separator[0] == ',' ? ")" : "");
}

/* The address of this host in the subnet of `via`; NULL: none. */
static const struct link_address *find_subnet(const struct link_snapshot *links,
                                              const struct ip_addr *via)
{
	for (size_t i = 0; i < links->address_count; i++)
		if (prefix_contains_ip(&links->addresses[i].prefix, via))
			return &links->addresses[i];
	return NULL;
}

static void append_off_link_remedy(struct text *text, const struct claim *claim,
                                   const struct link_snapshot *links)
{
	const struct link_address *address = find_subnet(links, &claim->via);
	const struct link *link = address ? link_find(links, address->index) : NULL;

	if (!link) {
		append_text(text, "; ");
		append_text(text, state_words[CLAIM_OFF_LINK].remedy);
		return;
	}
	append(text, "; it is in the subnet of interface %s (", link->name);
	append_address(text, address);
	append(text,
	       "), and host-gw needs all nodes on one link: choose --iface=%s if that is the one, or "
	       "correct the node's public-ip annotation or InternalIP",
	       link->name);
}

const char *claim_state_word(enum claim_state state)
{
	return state_words[state].word;
}

const char *claim_reason(const struct claim *claim, const struct uplink *uplink,
                         const struct link_snapshot *links, char *buffer, size_t size)
{
	struct text text = {.start = buffer, .size = size};

	append_text(&text, state_words[claim->state].sentence);
	if (claim->state == CLAIM_OFF_LINK) {
		append_uplink(&text, claim, uplink, links);
		append_off_link_remedy(&text, claim, links);
		return buffer;
	}
	if (claim->other)
		append(&text, " (by node %s)", claim->other->name);
	if (state_words[claim->state].remedy[0])
		append(&text, "; %s", state_words[claim->state].remedy);
	return buffer;
}

const char *claim_describe(const struct claim *claim, const struct uplink *uplink,
                           const struct link_snapshot *links, char *buffer, size_t size)
{
	char cidr[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
	struct text text = {.start = buffer, .size = size};

	append(&text, "node %s", claim->node->name);
	if (claim->cidr.addr.family != 0)
		append(&text, " (%s via %s)", prefix_format(&claim->cidr, cidr),
		       ip_format(&claim->via, via));
	append(&text, ": %s: ", state_words[claim->state].word);
	if (text.used < size)
		claim_reason(claim, uplink, links, buffer + text.used, size - text.used);
	return buffer;
}
