/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control_char.h"
#include "node_states.h"
#include "text_out.h"

#define GAP     2
#define COLUMNS 4
#define INDENT  4

/* Of what is said about one node. */
#define NAME_WIDTH 11

static const char *const headings[COLUMNS] = {"NODE", "POD CIDR", "NEXT HOP", "STATE"};

struct printing {
	const struct status_facts *facts;
	struct text_out *to;
	struct status_style style;
	size_t widths[COLUMNS]; /* of the last one: what the heading takes */
	bool spill;             /* names have lines of their own: else it would be too wide */
	bool spill_state;       /* and so do states, as IPv6 addresses are long */
};

/* ---- colours ---- */

/* Select Graphic Rendition (ECMA-48), which every terminal knows that knows colours. */
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

static const char *colour_of(enum claim_state state)
{
	if (state == CLAIM_ROUTED || state == CLAIM_OWN)
		return GREEN;
	return state == CLAIM_PENDING || state == CLAIM_FAMILY_OFF ? YELLOW : RED;
}

static void put_colour(const struct printing *printing, const char *colour)
{
	if (printing->style.colour)
		text_out_text(printing->to, colour);
}

static void put_state(const struct printing *printing, enum claim_state state)
{
	put_colour(printing, colour_of(state));
	text_out_text(printing->to, claim_state_word(state));
	put_colour(printing, PLAIN);
}

/* ---- sentences ---- */

/* How much of a text, which begins with a word, goes into a line that has `room` left: whole words,
 * and at least one. */
static size_t measure_line(const char *text, size_t room)
{
	size_t length = strnlen(text, room), end = length;

	if (!text[length])
		return length;
	while (end > 0 && text[end] != ' ')
		end--;
	return end > 0 ? end : strcspn(text, " ");
}

/* Between words, each line after `indent`. The first line begins at the column `at`. Bytes are
 * columns: Nodes have no names in other scripts. Line by line: of thousands of reasons, word by
 * word takes twice as long. */
static void put_words(const struct printing *printing, const char *text, size_t indent, size_t at)
{
	size_t width = printing->style.width;

	text += strspn(text, " ");
	while (*text) {
		size_t room = width > at ? width - at : 0;
		size_t length = width > 0 ? measure_line(text, room) : strlen(text);

		text_out_visible_n(printing->to, text, length);
		text += length;
		text += strspn(text, " ");
		at = indent;
		if (!*text)
			break;
		text_out_char(printing->to, '\n');
		text_out_spaces(printing->to, indent);
	}
}

static void put_wrapped(const struct printing *printing, const char *text, size_t indent, size_t at)
{
	put_words(printing, text, indent, at);
	text_out_char(printing->to, '\n');
}

/* A line each of what the host is not ready for. */
static void put_missing(const struct printing *printing)
{
	const char *lines = printing->facts->missing;
	char line[ERROR_TEXT_MAX + 32];

	while (*lines) {
		size_t length = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		put_wrapped(printing, line, INDENT, 0);
		lines += length + (lines[length] == '\n');
	}
}

/* One line, as the last line is to say all of it; but for a node's name, which can be long. */
static void put_verdict(const struct printing *printing, const struct status_verdict *verdict)
{
	if (!printing->facts->ready)
		put_missing(printing);
	put_colour(printing, verdict->well ? GREEN : RED);
	if (printing->facts->only)
		put_words(printing, verdict->text, 0, 0);
	else
		text_out_text(printing->to, verdict->text);
	put_colour(printing, PLAIN);
	text_out_char(printing->to, '\n');
}

/* ---- the table ---- */

struct cells {
	const char *text[COLUMNS];
	char cidr[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
};

static void fill(struct cells *cells, const struct claim *claim)
{
	cells->text[0] = claim->node->name;
	cells->text[1] = claim->cidr.addr.family != 0 ? prefix_format(&claim->cidr, cells->cidr)
	                                              : "";
	cells->text[2] = claim->via.family != 0 ? ip_format(&claim->via, cells->via) : "";
	cells->text[3] = claim_state_word(claim->state);
}

static void measure(struct printing *printing)
{
	const struct plan *plan = printing->facts->plan;
	size_t total = (COLUMNS - 1) * GAP, states = strlen(headings[COLUMNS - 1]);
	struct cells cells;

	for (size_t i = 0; i < COLUMNS; i++)
		printing->widths[i] = strlen(headings[i]);
	for (size_t i = 0; i < plan->claim_count; i++) {
		fill(&cells, &plan->claims[i]);
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t *most = j == COLUMNS - 1 ? &states : &printing->widths[j];
			size_t width = strlen(cells.text[j]);

			*most = width > *most ? width : *most;
		}
	}
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		total += printing->widths[i];
	printing->spill = printing->style.width > 0 && total + states > printing->style.width;
	if (!printing->spill)
		return;
	total -= printing->widths[0] - INDENT;
	printing->widths[0] = INDENT;
	printing->spill_state = total + states > printing->style.width;
}

static void put_cell(const struct printing *printing, size_t column, const char *text)
{
	size_t used;

	if (column == 0 && printing->spill && strlen(text) > printing->widths[0]) {
		text_out_visible(printing->to, text);
		text_out_char(printing->to, '\n');
		text = "";
	}
	used = text_out_visible(printing->to, text);
	if (column + 2 == COLUMNS && printing->spill_state) {
		text_out_char(printing->to, '\n');
		text_out_spaces(printing->to, INDENT);
		return;
	}
	text_out_spaces(printing->to, printing->widths[column] - used + GAP);
}

static void put_row(const struct printing *printing, const struct claim *claim)
{
	const struct status_facts *facts = printing->facts;
	char reason[ERROR_TEXT_MAX];
	struct cells cells;

	fill(&cells, claim);
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		put_cell(printing, i, cells.text[i]);
	put_state(printing, claim->state);
	text_out_char(printing->to, '\n');
	if (node_states_is_well(claim->state))
		return;
	text_out_spaces(printing->to, INDENT);
	claim_reason(claim, facts->uplink, facts->links, reason, sizeof(reason));
	put_wrapped(printing, reason, INDENT, INDENT);
}

static void put_table(struct printing *printing)
{
	const struct plan *plan = printing->facts->plan;

	measure(printing);
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		put_cell(printing, i, i == 0 && printing->spill ? "" : headings[i]);
	text_out_text(printing->to, headings[COLUMNS - 1]);
	text_out_char(printing->to, '\n');
	for (size_t i = 0; i < plan->claim_count; i++)
		put_row(printing, &plan->claims[i]);
}

/* ---- one node ---- */

static void put_name(const struct printing *printing, const char *name)
{
	text_out_spaces(printing->to, GAP);
	text_out_text(printing->to, name);
	text_out_spaces(printing->to, NAME_WIDTH - GAP - strlen(name));
}

static void put_line(const struct printing *printing, const char *name, const char *text)
{
	put_name(printing, name);
	put_wrapped(printing, text, NAME_WIDTH, NAME_WIDTH);
}

static void format_time(int64_t seconds, char *text, size_t size)
{
	time_t time = (time_t)seconds;
	struct tm utc;

	if (seconds <= 0 || !gmtime_r(&time, &utc) ||
	    strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
		snprintf(text, size, "(not known)");
}

static void put_read(const struct printing *printing, const struct node *node)
{
	char cidrs[256] = "none", hops[128] = "none", text[PREFIX_TEXT_MAX], time[64], line[640];
	size_t used = 0;

	for (size_t i = 0; i < node->pod_cidr_count && used < sizeof(cidrs); i++)
		used += (size_t)snprintf(cidrs + used, sizeof(cidrs) - used, "%s%s",
		                         i > 0 ? ", " : "",
		                         prefix_format(&node->pod_cidrs[i], text));
	used = 0;
	for (size_t i = 0; i < IP_FAMILIES && used < sizeof(hops); i++)
		if (node->next_hop[i].family != 0)
			used += (size_t)snprintf(hops + used, sizeof(hops) - used, "%s%s",
			                         used > 0 ? ", " : "",
			                         ip_format(&node->next_hop[i], text));
	format_time(node->created, time, sizeof(time));
	snprintf(line, sizeof(line), "pod CIDR %s%s; next hop %s; created %s%s", cidrs,
	         node->bad_pod_cidr ? ", and one that is none" : "", hops, time,
	         node->other_backend ? "; another backend type" : "");
	put_line(printing, "read:", line);
}

static void put_claim(const struct printing *printing, const struct claim *claim)
{
	const struct status_facts *facts = printing->facts;
	char text[ERROR_TEXT_MAX];
	struct cells cells;

	fill(&cells, claim);
	text_out_text(printing->to, cells.text[1][0] ? cells.text[1] : "(no pod CIDR)");
	text_out_text(printing->to, " via ");
	text_out_text(printing->to, cells.text[2][0] ? cells.text[2] : "(nothing)");
	text_out_char(printing->to, '\n');
	put_read(printing, claim->node);
	put_name(printing, "state:");
	put_state(printing, claim->state);
	text_out_text(printing->to, ": ");
	claim_reason(claim, facts->uplink, facts->links, text, sizeof(text));
	put_wrapped(printing, text, NAME_WIDTH, NAME_WIDTH + 2 + strlen(cells.text[3]));
	status_describe_kernel(facts, claim, text, sizeof(text));
	put_line(printing, "kernel:", text);
	format_time(claim->since, text, sizeof(text));
	put_line(printing, "since:", text);
}

/* ---- the whole ---- */

char *status_text_render(const struct status_facts *facts, const struct status_verdict *verdict,
                         const struct status_style *style, size_t *length)
{
	struct text_out to = {0};
	struct printing printing = {.facts = facts, .to = &to, .style = *style};

	if (!facts->only)
		put_table(&printing);
	for (size_t i = 0; facts->only && i < facts->plan->claim_count; i++)
		if (status_has(facts, &facts->plan->claims[i]))
			put_claim(&printing, &facts->plan->claims[i]);
	put_verdict(&printing, verdict);
	return text_out_take(&to, length);
}

/* ---- the asking side ---- */

#define BLOCK 64 /* bytes; the compiler looks at many of them at once */

/* The length of the colour that begins here; 0: it is none. */
static size_t measure_colour(const char *text, size_t length)
{
	static const char *const colours[] = {RED, GREEN, YELLOW, PLAIN};

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strlen(colours[i]) <= length &&
		    memcmp(text, colours[i], strlen(colours[i])) == 0)
			return strlen(colours[i]);
	return 0;
}

/* Most of what comes is plain, and is a megabyte or more. */
static bool is_plain_block(const char *text)
{
	unsigned special = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		unsigned char byte = (unsigned char)text[i];

		special |= (unsigned)(byte < 0x20) & (unsigned)(byte != '\n');
		special |= (unsigned)(byte == 0x7f) | (unsigned)(byte == 0xc2);
	}
	return special == 0;
}

void status_text_make_harmless(char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		unsigned char byte = (unsigned char)text[i];
		size_t colour = byte == '\033' ? measure_colour(text + i, length - i) : 0;
		size_t control;

		if (length - i >= BLOCK && is_plain_block(text + i)) {
			i += BLOCK;
			continue;
		}
		control = colour > 0 || byte == '\n' ? 0
		                                     : control_char_length(text + i, length - i);
		memset(text + i, '?', control);
		i += colour + control > 0 ? colour + control : 1;
	}
}
