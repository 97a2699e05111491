/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table `inet hostgw` looks like, as plain data that can be compared: made of a ruleset,
 * or of what the kernel dumps. Pure. Internal to netlink/.
 */
#ifndef NETLINK_MASQUERADE_IMAGE_H
#define NETLINK_MASQUERADE_IMAGE_H

#include <linux/netlink.h>

#include "masquerade_rules.h"

#define IMAGE_NAME_MAX 256 /* NFT_NAME_MAXLEN: the kernel's longest, its NUL included */

struct image_chain {
	bool there;
	char type[16]; /* "nat"; "" of one that hangs on no hook */
	uint32_t hook; /* NF_INET_* */
	int32_t priority;
	uint32_t policy; /* NF_ACCEPT, NF_DROP */
	char **rules;    /* in their order, see nft_rule_text.h; owned */
	size_t rule_count;
};

/* One end of an interval. All of it is compared as bytes. */
struct image_element {
	uint8_t key[16];
	uint8_t end;   /* 1: the first address behind the interval */
	uint8_t other; /* 1: not as ours are (another length of key, a timeout, a comment, ...) */
};

struct image_set {
	bool there;
	uint32_t flags, key_type, key_length;
	uint32_t size;                  /* most elements; 0: any number, as ours */
	struct image_element *elements; /* sorted; owned */
	size_t element_count;
};

/* A chain or set in our table that is none of ours. */
struct image_extra {
	char name[IMAGE_NAME_MAX];
	bool is_set;
};

struct masquerade_image {
	bool there;     /* the table; it has none of what follows if not */
	uint32_t flags; /* NFT_TABLE_F_*; ours has none */
	struct image_chain chains[MASQUERADE_CHAINS];
	struct image_set sets[IP_FAMILIES][MASQUERADE_SETS];
	struct image_extra *extras; /* owned */
	size_t extra_count;

	/* of the reading */
	uint16_t generation; /* of the kernel's ruleset as a whole */
	bool started, torn;  /* the ruleset changed between two messages */
};

/* What nft numbers the types of a set's keys with. */
uint32_t image_key_type(enum ip_family_index family);

/* 0, -ENOMEM, or -EINVAL: a rule that nft_rule_print cannot print; release it also after a
 * failure. `out` need not be initialised. */
int masquerade_image_make(const struct masquerade_ruleset *ruleset, struct masquerade_image *out);

/* Takes one message of a dump in; those about other tables, chains or sets than the table's are
 * passed over. 0, -EBADMSG: malformed, or -ENOMEM. */
int masquerade_image_take(struct masquerade_image *image, const struct nlmsghdr *message);
/* Due when all messages are in. */
void masquerade_image_sort(struct masquerade_image *image);

/* Adding to an image: 0 or -ENOMEM. */
int image_add_rule(struct image_chain *chain, const char *text);
int image_add_element(struct image_set *set, const struct image_element *element);
int image_add_extra(struct masquerade_image *image, const char *name, bool is_set);

void masquerade_image_release(struct masquerade_image *image); /* leaves zeros */

#endif
