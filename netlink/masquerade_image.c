/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_image.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "masquerade_expr.h"
#include "nft_batch.h"
#include "nft_rule_text.h"

/* nft's own numbers for types, which it keeps in the kernel for its listing. */
enum { NFT_TYPE_IPV4_ADDR = 7, NFT_TYPE_IPV6_ADDR = 8 };

uint32_t image_key_type(enum ip_family_index family)
{
	return family == IP_V4 ? NFT_TYPE_IPV4_ADDR : NFT_TYPE_IPV6_ADDR;
}

/* ---- filling an image ---- */

int image_add_rule(struct image_chain *chain, const char *text)
{
	char **rules = reallocarray(chain->rules, chain->rule_count + 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	chain->rules = rules;
	rules[chain->rule_count] = strdup(text);
	if (!rules[chain->rule_count])
		return -ENOMEM;
	chain->rule_count++;
	return 0;
}

int image_add_element(struct image_set *set, const struct image_element *element)
{
	size_t count = set->element_count;
	struct image_element *elements = set->elements;

	/* Doubled whenever the count is a power of two. */
	if ((count & (count - 1)) == 0) {
		elements = reallocarray(elements, count > 0 ? 2 * count : 1, sizeof(*elements));
		if (!elements)
			return -ENOMEM;
		set->elements = elements;
	}
	elements[count] = *element;
	set->element_count++;
	return 0;
}

int image_add_extra(struct masquerade_image *image, const char *name, bool is_set)
{
	struct image_extra *extras = reallocarray(image->extras, image->extra_count + 1,
	                                          sizeof(*extras));
	struct image_extra *extra;

	if (!extras)
		return -ENOMEM;
	image->extras = extras;
	extra = &extras[image->extra_count++];
	extra->is_set = is_set;
	snprintf(extra->name, sizeof(extra->name), "%s", name);
	return 0;
}

/* ---- of a ruleset ---- */

/* As the kernel will tell of it. */
static int make_rule(const struct masquerade_ruleset *ruleset, const struct masquerade_entry *entry,
                     struct image_chain *chain)
{
	alignas(struct nlmsghdr) char buffer[NFT_MESSAGE_MAX] = {0};
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_INET, 0,
	                                                 0);
	struct nftnl_rule *rule = masquerade_rule_new(entry, ruleset->fully_random);
	char text[NFT_RULE_TEXT_MAX];

	if (!rule)
		return -ENOMEM;
	nftnl_rule_nlmsg_build_payload(message, rule);
	nftnl_rule_free(rule);
	return nft_rule_print(message, text) ? image_add_rule(chain, text) : -EINVAL;
}

static struct image_element element_of(const struct ip_addr *addr, bool end)
{
	struct image_element element = {.end = end};

	memcpy(element.key, addr->bytes, ip_bits(addr->family) / 8U);
	return element;
}

static int make_set(const struct masquerade_intervals *intervals, enum ip_family_index family,
                    struct image_set *set)
{
	set->there = intervals->count > 0;
	set->flags = NFT_SET_INTERVAL;
	set->key_type = image_key_type(family);
	set->key_length = ip_bits(ip_family(family)) / 8U;
	for (size_t i = 0; i < intervals->count; i++) {
		const struct masquerade_interval *interval = &intervals->items[i];
		struct image_element first = element_of(&interval->first, false);
		struct image_element after = element_of(&interval->after, true);

		if (image_add_element(set, &first) < 0 ||
		    (!interval->open && image_add_element(set, &after) < 0))
			return -ENOMEM;
	}
	return 0;
}

static void make_chain(enum masquerade_chain which, struct image_chain *chain)
{
	const struct masquerade_chain_spec *spec = masquerade_chain_spec(which);

	chain->there = true;
	snprintf(chain->type, sizeof(chain->type), "%s", spec->type);
	chain->hook = spec->hook;
	chain->priority = spec->priority;
	chain->policy = NF_ACCEPT;
}

int masquerade_image_make(const struct masquerade_ruleset *ruleset, struct masquerade_image *out)
{
	int result = 0;

	memset(out, 0, sizeof(*out));
	for (enum masquerade_chain chain = 0; chain < MASQUERADE_CHAINS; chain++) {
		if (!ruleset->chains[chain])
			continue;
		out->there = true;
		make_chain(chain, &out->chains[chain]);
	}
	if (!out->there)
		return 0;
	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		for (size_t set = 0; result == 0 && set < MASQUERADE_SETS; set++)
			result = make_set(&ruleset->sets[family][set], family,
			                  &out->sets[family][set]);
	}
	for (size_t i = 0; result == 0 && i < ruleset->entry_count; i++)
		result = make_rule(ruleset, &ruleset->entries[i],
		                   &out->chains[ruleset->entries[i].rule->chain]);
	masquerade_image_sort(out);
	return result;
}

/* ---- both ---- */

static int compare_elements(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct image_element));
}

void masquerade_image_sort(struct masquerade_image *image)
{
	for (enum ip_family_index family = 0; family < IP_FAMILIES; family++) {
		for (size_t i = 0; i < MASQUERADE_SETS; i++) {
			struct image_set *set = &image->sets[family][i];

			if (set->element_count > 0)
				qsort(set->elements, set->element_count, sizeof(*set->elements),
				      compare_elements);
		}
	}
}

void masquerade_image_release(struct masquerade_image *image)
{
	for (size_t i = 0; i < MASQUERADE_CHAINS; i++) {
		for (size_t rule = 0; rule < image->chains[i].rule_count; rule++)
			free(image->chains[i].rules[rule]);
		free(image->chains[i].rules);
	}
	for (size_t family = 0; family < IP_FAMILIES; family++)
		for (size_t i = 0; i < MASQUERADE_SETS; i++)
			free(image->sets[family][i].elements);
	free(image->extras);
	memset(image, 0, sizeof(*image));
}
