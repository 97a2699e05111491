/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <time.h>

#include "plan.h"

#define GAP     2
#define COLUMNS 4
#define INDENT  4

static const char *const headings[COLUMNS] = {"NODE", "POD CIDR", "NEXT HOP", "STATE"};
static const char *const members[COLUMNS] = {"node", "podCIDR", "nextHop", "state"};

struct printing {
	FILE *to;
	struct status_style style;
	unsigned widths[COLUMNS]; /* of the last one: what the heading takes */
	bool spill;               /* names have lines of their own: else it would be too wide */
};

/* ---- the answer ---- */

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : 0;
}

static void release(cJSON **root)
{
	cJSON_Delete(*root);
}

/* NULL: `err` says that it is no answer of ours. */
static cJSON *parse(const char *json, size_t length, bool *well, struct error *err)
{
	cJSON *root = cJSON_ParseWithLength(json, length);

	if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "nodes")) ||
	    !text_of(root, "verdict")[0]) {
		cJSON_Delete(root);
		error_set(err, EPROTO,
		          "the answer is not that of a hostgwd: is the daemon of another version?");
		return NULL;
	}
	*well = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "well"));
	return root;
}

/* What log_make_visible makes of it. Bytes are columns: Nodes have no names in other scripts. */
static unsigned put_visible(FILE *to, const char *text)
{
	unsigned length = 0;

	for (; text[length]; length++) {
		unsigned char byte = (unsigned char)text[length];

		putc_unlocked(byte < 0x20 || byte == 0x7f ? '?' : byte, to);
	}
	return length;
}

static void put_spaces(FILE *to, unsigned count)
{
	while (count-- > 0)
		putc_unlocked(' ', to);
}

/* ---- colours ---- */

/* SGR parameters (ECMA-48), which every terminal knows that knows colours. */
#define RED    "31"
#define GREEN  "32"
#define YELLOW "33"

static bool is_state(const char *word, enum claim_state state)
{
	return strcmp(word, claim_state_word(state)) == 0;
}

static const char *colour_of(const char *state)
{
	if (is_state(state, CLAIM_ROUTED) || is_state(state, CLAIM_OWN))
		return GREEN;
	return is_state(state, CLAIM_PENDING) || is_state(state, CLAIM_FAMILY_OFF) ? YELLOW : RED;
}

static void put_coloured(const struct printing *printing, const char *colour, const char *text)
{
	if (printing->style.colour)
		fprintf(printing->to, "\033[%sm", colour);
	put_visible(printing->to, text);
	if (printing->style.colour)
		fputs("\033[0m", printing->to);
}

/* ---- sentences ---- */

/* Between words, each line after `indent`. The first line begins at the column `at`. */
static void put_wrapped(const struct printing *printing, const char *text, unsigned indent,
                        unsigned at)
{
	unsigned width = printing->style.width;
	bool first = true;

	while (*text) {
		char word[512];
		size_t length = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (!first && width > 0 && at + 1 + length > width) {
			fprintf(printing->to, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		if (!first) {
			fputc(' ', printing->to);
			at++;
		}
		at += put_visible(printing->to, word);
		first = false;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', printing->to);
}

static void put_verdict(const struct printing *printing, const cJSON *root, bool well)
{
	if (printing->style.colour)
		fprintf(printing->to, "\033[%sm", well ? GREEN : RED);
	put_wrapped(printing, text_of(root, "verdict"), 0, 0);
	if (printing->style.colour)
		fputs("\033[0m", printing->to);
}

/* ---- the table ---- */

static void measure(struct printing *printing, const cJSON *nodes)
{
	const cJSON *node;
	unsigned total = (COLUMNS - 1) * GAP, states = (unsigned)strlen(headings[COLUMNS - 1]);

	for (size_t i = 0; i < COLUMNS; i++)
		printing->widths[i] = (unsigned)strlen(headings[i]);
	cJSON_ArrayForEach(node, nodes)
	{
		for (size_t i = 0; i < COLUMNS; i++) {
			unsigned width = (unsigned)strlen(text_of(node, members[i]));

			if (i == COLUMNS - 1)
				states = width > states ? width : states;
			else if (width > printing->widths[i])
				printing->widths[i] = width;
		}
	}
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		total += printing->widths[i];
	printing->spill = printing->style.width > 0 && total + states > printing->style.width;
	if (printing->spill)
		printing->widths[0] = INDENT;
}

static void put_cell(const struct printing *printing, size_t column, const char *text)
{
	unsigned used;

	if (column == 0 && printing->spill && strlen(text) > printing->widths[0]) {
		put_visible(printing->to, text);
		fputc('\n', printing->to);
		text = "";
	}
	used = put_visible(printing->to, text);
	put_spaces(printing->to, printing->widths[column] - used + GAP);
}

static void put_row(const struct printing *printing, const cJSON *node)
{
	const char *state = text_of(node, "state"), *reason = text_of(node, "reason");

	for (size_t i = 0; i + 1 < COLUMNS; i++)
		put_cell(printing, i, text_of(node, members[i]));
	put_coloured(printing, colour_of(state), state);
	fputc('\n', printing->to);
	if (!reason[0])
		return;
	fprintf(printing->to, "%*s", INDENT, "");
	put_wrapped(printing, reason, INDENT, INDENT);
}

int status_text_print(const char *json, size_t length, const struct status_style *style, FILE *to,
                      bool *well, struct error *err)
{
	__attribute__((cleanup(release))) cJSON *root = parse(json, length, well, err);
	struct printing printing = {.to = to, .style = *style};
	const cJSON *nodes, *node;

	if (!root)
		return -err->code;
	nodes = cJSON_GetObjectItemCaseSensitive(root, "nodes");
	measure(&printing, nodes);
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		put_cell(&printing, i, i == 0 && printing.spill ? "" : headings[i]);
	fprintf(to, "%s\n", headings[COLUMNS - 1]);
	cJSON_ArrayForEach(node, nodes) put_row(&printing, node);
	put_verdict(&printing, root, *well);
	return 0;
}

/* ---- one node ---- */

static void put_line(const struct printing *printing, const char *name, const char *text)
{
	fprintf(printing->to, "  %-9s", name);
	put_wrapped(printing, text, 11, 11);
}

static void put_list(char *text, size_t size, const cJSON *list, const char *none)
{
	const cJSON *item;
	size_t used = (size_t)snprintf(text, size, "%s", cJSON_GetArraySize(list) > 0 ? "" : none);

	cJSON_ArrayForEach(item, list) if (used < size && cJSON_IsString(item))
		used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
	                                 item->valuestring);
}

static void format_time(double seconds, char *text, size_t size)
{
	time_t time = (time_t)seconds;
	struct tm utc;

	if (seconds <= 0 || !gmtime_r(&time, &utc) ||
	    strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
		snprintf(text, size, "(not known)");
}

static void explain(const struct printing *printing, const cJSON *node)
{
	const cJSON *read = cJSON_GetObjectItemCaseSensitive(node, "read");
	const char *cidr = text_of(node, "podCIDR"), *via = text_of(node, "nextHop");
	char cidrs[256], hops[128], time[64], text[640];

	put_list(cidrs, sizeof(cidrs), cJSON_GetObjectItemCaseSensitive(read, "podCIDRs"), "none");
	put_list(hops, sizeof(hops), cJSON_GetObjectItemCaseSensitive(read, "nextHops"), "none");
	format_time(number_of(read, "created"), time, sizeof(time));
	snprintf(text, sizeof(text), "pod CIDR %s%s; next hop %s; created %s%s", cidrs,
	         cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(read, "badPodCIDR"))
	                 ? ", and one that is none"
	                 : "",
	         hops, time,
	         cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(read, "otherBackend"))
	                 ? "; another backend type"
	                 : "");
	put_visible(printing->to, cidr[0] ? cidr : "(no pod CIDR)");
	fputs(" via ", printing->to);
	put_visible(printing->to, via[0] ? via : "(nothing)");
	fputc('\n', printing->to);
	put_line(printing, "read:", text);
	fprintf(printing->to, "  %-9s", "state:");
	put_coloured(printing, colour_of(text_of(node, "state")), text_of(node, "state"));
	fputs(": ", printing->to);
	put_wrapped(printing, text_of(node, "reason"), 11,
	            13 + (unsigned)strlen(text_of(node, "state")));
	put_line(printing, "kernel:", text_of(node, "kernel"));
	format_time(number_of(node, "since"), time, sizeof(time));
	put_line(printing, "since:", time);
}

int status_text_explain(const char *json, size_t length, const struct status_style *style, FILE *to,
                        bool *well, struct error *err)
{
	__attribute__((cleanup(release))) cJSON *root = parse(json, length, well, err);
	const struct printing printing = {.to = to, .style = *style};
	const cJSON *node;

	if (!root)
		return -err->code;
	cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(root, "nodes"))
		explain(&printing, node);
	put_verdict(&printing, root, *well);
	return 0;
}

int status_text_judge(const char *json, size_t length, bool *well, struct error *err)
{
	__attribute__((cleanup(release))) cJSON *root = parse(json, length, well, err);

	return root ? 0 : -err->code;
}
