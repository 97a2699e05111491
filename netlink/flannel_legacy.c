/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flannel_legacy.h"

#include <errno.h>

#include "commands.h"
#include "hostgw/flannel_rules.h"

/* From the last to the first, as each deletion moves up those behind it. */
static void advise_rules(const struct legacy_chain *base, const char *tool,
                         const struct flannel_place *place, struct commands *out)
{
	for (size_t i = base ? base->rules.count : 0; i > 0; i--)
		if (flannel_rule_is_theirs(place, &base->rules.rules[i - 1]))
			commands_add(out, "%s -t %s -D %s %zu", tool, place->table, place->base, i);
}

bool flannel_legacy_explain(const struct legacy_table *table, uint8_t family,
                            const struct flannel_place *place, struct error *out)
{
	const char *tool = family == AF_INET ? "iptables-legacy" : "ip6tables-legacy";
	struct commands commands = {.used = 0};

	advise_rules(legacy_table_find(table, place->base), tool, place, &commands);
	if (legacy_table_find(table, place->chain)) {
		commands_add(&commands, "%s -t %s -F %s", tool, place->table, place->chain);
		commands_add(&commands, "%s -t %s -X %s", tool, place->table, place->chain);
	}
	if (commands.used == 0)
		return false;
	error_set(
		out, EEXIST,
		"Table %s of %s still has rules of flannel, and hostgwd does not write there; run: "
		"%s",
		place->table, tool, commands.text);
	return true;
}

static int look_at_place(uint8_t family, const struct flannel_place *place,
                         void (*complain)(void *ctx, const struct error *leftover), void *ctx,
                         struct error *err)
{
	struct legacy_table table = {0};
	struct error words;
	int result = legacy_table_is_used(legacy_table_names(family), place->table, err);

	if (result <= 0)
		return result;
	result = legacy_table_read(family, place->table, &table, err);
	if (result == 0 && flannel_legacy_explain(&table, family, place, &words))
		complain(ctx, &words);
	legacy_table_release(&table);
	return result;
}

int flannel_legacy_find(void (*complain)(void *ctx, const struct error *leftover), void *ctx,
                        struct error *err)
{
	int result = 0;

	for (int i = 0; result == 0 && i < IP_FAMILIES; i++)
		for (size_t k = 0; result == 0 && k < FLANNEL_PLACES; k++)
			result = look_at_place(ip_family((enum ip_family_index)i),
			                       &flannel_places[k], complain, ctx, err);
	return result < 0 ? error_wrap(err, "looking for what flannel left") : 0;
}
