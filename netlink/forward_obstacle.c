/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward_obstacle.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

#include "commands.h"

static int judge_side(const struct filter_chain *rules, bool dropping_policy,
                      const struct filter_class *class, const struct filter_source *source,
                      enum forward_side side, struct forward_obstacle *out, struct error *err)
{
	struct filter_judgement judgement;
	bool by_policy;
	int result = filter_judge(rules, class, source, &judgement, err);

	if (result < 0)
		return result;
	by_policy = judgement.fate == FILTER_PASSES || judgement.fate == FILTER_LEFT;
	if (judgement.perhaps || judgement.fate == FILTER_ACCEPTED ||
	    (by_policy && !dropping_policy))
		return 0;
	out->drops[side] = true;
	if (!by_policy && (out->rule == 0 || out->rule > judgement.decider))
		out->rule = judgement.decider + 1;
	return 0;
}

int forward_obstacle_judge(const struct filter_chain *rules, bool dropping_policy,
                           const struct prefix *network, const struct filter_source *source,
                           struct forward_obstacle *out, struct error *err)
{
	const struct filter_class from = {.family = network->addr.family, .source = *network};
	const struct filter_class to = {.family = network->addr.family, .destination = *network};
	int result;

	*out = (struct forward_obstacle){0};
	result = judge_side(rules, dropping_policy, &from, source, FORWARD_FROM_PODS, out, err);
	if (result == 0)
		result = judge_side(rules, dropping_policy, &to, source, FORWARD_TO_PODS, out, err);
	return result;
}

bool forward_obstacle_is_one(const struct forward_obstacle *obstacle)
{
	return obstacle->drops[FORWARD_FROM_PODS] || obstacle->drops[FORWARD_TO_PODS];
}

/* ---- words ---- */

static const char *what_drops(const struct forward_obstacle *obstacle)
{
	if (!obstacle->drops[FORWARD_TO_PODS])
		return "what pods send";
	return obstacle->drops[FORWARD_FROM_PODS] ? "what pods send and are sent"
	                                          : "what is sent to pods";
}

static const char *family_name(uint8_t nfproto)
{
	if (nfproto == NFPROTO_INET)
		return "inet";
	return nfproto == NFPROTO_IPV4 ? "ip" : "ip6";
}

/* A zone speaks of where packets come from; only a policy of firewalld's tells where they may
 * go. */
static void advise_firewalld(const struct forward_obstacle *obstacle, const char *network,
                             struct commands *out)
{
	commands_add(out, "firewall-cmd --permanent --zone=trusted --add-source=%s", network);
	if (obstacle->drops[FORWARD_TO_PODS]) {
		commands_add(out, "firewall-cmd --permanent --new-policy=pods");
		commands_add(out, "firewall-cmd --permanent --policy=pods --add-ingress-zone=ANY");
		commands_add(out,
		             "firewall-cmd --permanent --policy=pods --add-egress-zone=trusted");
		commands_add(out, "firewall-cmd --permanent --policy=pods --set-target=ACCEPT");
	}
	commands_add(out, "firewall-cmd --reload");
}

static void advise_nft(const struct forward_obstacle *obstacle, uint8_t nfproto, const char *table,
                       const char *chain, const struct prefix *network, struct commands *out)
{
	static const char *const sides[FORWARD_SIDES] = {"saddr", "daddr"};
	const char *version = network->addr.family == AF_INET ? "ip" : "ip6";
	char text[PREFIX_TEXT_MAX];

	for (enum forward_side side = 0; side < FORWARD_SIDES; side++)
		if (obstacle->drops[side])
			commands_add(out, "nft %s rule %s %s %s %s %s %s accept",
			             obstacle->rule == 0 ? "add" : "insert", family_name(nfproto),
			             table, chain, version, sides[side],
			             prefix_format(network, text));
}

void forward_obstacle_explain(const struct forward_obstacle *obstacle, uint8_t nfproto,
                              const char *table, const char *chain, const struct prefix *network,
                              struct error *out)
{
	struct commands commands = {.used = 0};
	char text[PREFIX_TEXT_MAX];
	bool firewalld = strcmp(table, "firewalld") == 0;

	if (firewalld)
		advise_firewalld(obstacle, prefix_format(network, text), &commands);
	else
		advise_nft(obstacle, nfproto, table, chain, network, &commands);
	error_set(out, EACCES,
	          "Chain %s of table %s %s drops %s%s, whatever other tables accept; %s%s", chain,
	          family_name(nfproto), table, what_drops(obstacle),
	          obstacle->rule == 0 ? " (policy drop)" : "",
	          firewalld ? "run: " : "unless a rule of it lets them pass, run, and keep: ",
	          commands.text);
}

void forward_obstacle_explain_iptables(const struct forward_obstacle *obstacle,
                                       const struct prefix *network, struct error *out)
{
	const char *tool = network->addr.family == AF_INET ? "iptables" : "ip6tables";

	error_set(out, EACCES,
	          "Rule %zu of chain FORWARD of %s drops %s, and hostgwd's own rules stay behind "
	          "such rules; narrow it or take it out, see %s -S FORWARD %zu",
	          obstacle->rule, tool, what_drops(obstacle), tool, obstacle->rule);
}

void forward_obstacle_explain_legacy(const struct forward_obstacle *obstacle,
                                     const struct prefix *network, struct error *out)
{
	const char *tool = network->addr.family == AF_INET ? "iptables-legacy" : "ip6tables-legacy";
	struct commands commands = {.used = 0};
	char text[PREFIX_TEXT_MAX], where[32] = "-A FORWARD";

	if (obstacle->rule != 0)
		snprintf(where, sizeof(where), "-I FORWARD %zu", obstacle->rule);
	for (enum forward_side side = 0; side < FORWARD_SIDES; side++)
		if (obstacle->drops[side])
			commands_add(&commands,
			             "%s %s -%c %s -m comment --comment \"%s\" -j ACCEPT", tool,
			             where, side == FORWARD_FROM_PODS ? 's' : 'd',
			             prefix_format(network, text), forward_comment(side));
	error_set(
		out, EACCES,
		"Chain FORWARD of %s drops %s%s, and hostgwd does not write there; run, and keep: %s",
		tool, what_drops(obstacle), obstacle->rule == 0 ? " (policy DROP)" : "",
		commands.text);
}
