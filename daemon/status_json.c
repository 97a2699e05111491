/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printed member by member: of five thousand nodes a tree would cost more than the plan did. */
#include "status_json.h"

#include <stdio.h>
#include <string.h>

#include "control_char.h"
#include "node_states.h"
#include "text_out.h"

/* ---- members ---- */

static bool is_plain(char character)
{
	unsigned char byte = (unsigned char)character;

	return byte >= 0x20 && byte != 0x7f && byte != '"' && byte != '\\' && byte != 0xc2;
}

/* Bytes that are no UTF-8 stay what they are. */
static void put_text(struct text_out *to, const char *text)
{
	text_out_char(to, '"');
	while (*text) {
		const char *end = text;
		size_t control;
		char escaped[8];

		while (is_plain(*end) || (*end == '\xc2' && control_char_length(end, 2) == 0))
			end++;
		text_out_bytes(to, text, (size_t)(end - text));
		text = end;
		if (!*text)
			break;
		control = control_char_length(text, 2);
		if (control > 0) /* in UTF-8 the last byte is the number of each of them */
			snprintf(escaped, sizeof(escaped), "\\u%04x",
			         (unsigned char)text[control - 1]);
		else
			snprintf(escaped, sizeof(escaped), "\\%c", *text);
		text_out_text(to, escaped);
		text += control > 0 ? control : 1;
	}
	text_out_char(to, '"');
}

/* `name` with what comes before it, and the colon: ",\"node\":". */
static void put_member(struct text_out *to, const char *name, const char *text)
{
	text_out_text(to, name);
	put_text(to, text);
}

static void put_number(struct text_out *to, const char *name, int64_t number)
{
	text_out_text(to, name);
	if (number < 0)
		text_out_char(to, '-');
	text_out_number(to, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static void put_bool(struct text_out *to, const char *name, bool value)
{
	text_out_text(to, name);
	text_out_text(to, value ? "true" : "false");
}

/* Lines become an array's texts. */
static void put_lines(struct text_out *to, const char *lines)
{
	const char *separator = "";
	char line[ERROR_TEXT_MAX + 32];

	while (*lines) {
		size_t length = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		put_member(to, separator, line);
		separator = ",";
		lines += length + (lines[length] == '\n');
	}
}

/* ---- one node ---- */

static void put_read(struct text_out *to, const struct node *node)
{
	char text[PREFIX_TEXT_MAX];
	const char *separator = "";

	put_number(to, ",\"read\":{\"created\":", node->created);
	text_out_text(to, ",\"podCIDRs\":[");
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		put_member(to, i > 0 ? "," : "", prefix_format(&node->pod_cidrs[i], text));
	text_out_text(to, "],\"nextHops\":[");
	for (int i = 0; i < IP_FAMILIES; i++) {
		if (node->next_hop[i].family == 0)
			continue;
		put_member(to, separator, ip_format(&node->next_hop[i], text));
		separator = ",";
	}
	put_bool(to, "],\"badPodCIDR\":", node->bad_pod_cidr);
	put_bool(to, ",\"otherBackend\":", node->other_backend);
	text_out_char(to, '}');
}

static void put_claim(const struct status_facts *facts, struct text_out *to,
                      const struct claim *claim)
{
	char text[ERROR_TEXT_MAX];

	put_member(to, "{\"node\":", claim->node->name);
	if (claim->cidr.addr.family != 0)
		put_member(to, ",\"podCIDR\":", prefix_format(&claim->cidr, text));
	if (claim->via.family != 0)
		put_member(to, ",\"nextHop\":", ip_format(&claim->via, text));
	put_member(to, ",\"state\":", claim_state_word(claim->state));
	put_number(to, ",\"since\":", claim->since);
	if (facts->only || !node_states_is_well(claim->state))
		put_member(to, ",\"reason\":",
		           claim_reason(claim, facts->uplink, facts->links, text, sizeof(text)));
	if (facts->only) {
		put_read(to, claim->node);
		status_describe_kernel(facts, claim, text, sizeof(text));
		put_member(to, ",\"kernel\":", text);
	}
	text_out_char(to, '}');
}

/* ---- the whole ---- */

static void put_routes(struct text_out *to, const struct reconcile_stats *routes)
{
	put_number(to, "\"routes\":{\"desired\":", (int64_t)routes->desired);
	put_number(to, ",\"installed\":", (int64_t)routes->installed);
	put_number(to, ",\"conflicts\":", (int64_t)routes->conflicts);
	put_number(to, ",\"strangers\":", (int64_t)routes->strangers);
	put_number(to, ",\"foughtOver\":", (int64_t)routes->fighting);
	text_out_text(to, "},");
}

char *status_json_render(const struct status_facts *facts, const struct status_verdict *verdict,
                         size_t *length)
{
	struct text_out to = {0};
	const char *separator = "";

	put_member(&to, "{\"version\":", facts->version);
	put_member(&to, ",\"node\":", facts->node_name);
	put_member(&to, ",\"interface\":", facts->uplink->name);
	put_number(&to, ",\"since\":", facts->start_time);
	put_number(&to, ",\"lastSync\":", facts->last_sync);
	put_bool(&to, ",\"ready\":", facts->ready);
	text_out_text(&to, ",\"missing\":[");
	put_lines(&to, facts->missing);
	text_out_text(&to, "],\"nodes\":[");
	for (size_t i = 0; i < facts->plan->claim_count; i++) {
		if (!status_has(facts, &facts->plan->claims[i]))
			continue;
		text_out_text(&to, separator);
		put_claim(facts, &to, &facts->plan->claims[i]);
		separator = ",\n";
	}
	text_out_text(&to, "],");
	if (!facts->only)
		put_routes(&to, &facts->routes);
	put_bool(&to, "\"well\":", verdict->well);
	put_member(&to, ",\"verdict\":", verdict->text);
	text_out_text(&to, "}\n");
	return text_out_take(&to, length);
}
