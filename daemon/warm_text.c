/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "warm_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "hash.h"

#define FIRST_WORDS  "hostgwd warm state "
#define FIRST_LINE   FIRST_WORDS "1\n"
#define CHECKSUM_MAX (sizeof("checksum 0123456789abcdef\n"))
#define WORDS_MAX    8

/* ---- printing ---- */

static void print_word(FILE *to, const char *word)
{
	if (!*word)
		fputc('%', to);
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c <= ' ' || c == '%' || c == 0x7f)
			fprintf(to, "%%%02x", c);
		else
			fputc(c, to);
	}
}

static void print_own(FILE *to, const struct own_node *own)
{
	if (!own->known)
		return;
	fprintf(to, "own %s\n", own->network_available ? "available" : "-");
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		if (!own->annotations[i])
			continue;
		fprintf(to, "annotation %s ", node_annotation_name((enum node_annotation)i));
		print_word(to, own->annotations[i]);
		fputc('\n', to);
	}
}

/* name, creation, what is odd about it, pod CIDRs, next hops */
static void print_node(const struct node *node, void *ctx)
{
	char cidr[PREFIX_TEXT_MAX], v4[IP_TEXT_MAX], v6[IP_TEXT_MAX];
	bool plain = !node->bad_pod_cidr && !node->other_backend;
	FILE *to = ctx;

	fputs("node ", to);
	print_word(to, node->name);
	fprintf(to, " %" PRId64 " %s%s%s ", node->created, node->bad_pod_cidr ? "b" : "",
	        node->other_backend ? "o" : "", plain ? "-" : "");
	for (size_t i = 0; i < node->pod_cidr_count; i++)
		fprintf(to, "%s%s", i > 0 ? "," : "", prefix_format(&node->pod_cidrs[i], cidr));
	fprintf(to, "%s %s %s\n", node->pod_cidr_count == 0 ? "-" : "",
	        ip_format(&node->next_hop[IP_V4], v4), ip_format(&node->next_hop[IP_V6], v6));
}

static const char *checksum_line(const char *text, size_t length, char line[static CHECKSUM_MAX])
{
	snprintf(line, CHECKSUM_MAX, "checksum %016" PRIx64 "\n",
	         hash_add(HASH_START, text, length));
	return line;
}

int warm_text_print(const struct warm_facts *facts, char **text, struct error *err)
{
	char line[CHECKSUM_MAX];
	size_t length = 0;
	FILE *to = open_memstream(text, &length);
	bool failed;

	if (!to)
		return error_set(err, ENOMEM, "out of memory");
	fprintf(to, FIRST_LINE "identity %016" PRIx64 "\nwritten %" PRId64 "\nversion ",
	        facts->identity, facts->written);
	print_word(to, facts->resource_version);
	fputc('\n', to);
	print_own(to, facts->own);
	node_table_each(facts->nodes, print_node, to);
	failed = fflush(to) != 0 || ferror(to);
	if (!failed)
		fputs(checksum_line(*text, length, line), to);
	failed |= ferror(to) != 0;
	if (fclose(to) != 0 || failed) {
		free(*text);
		*text = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

uint64_t warm_text_content(const char *text)
{
	const char *nodes = strchr(strstr(text, "\nversion ") + 1, '\n');
	const char *end = strstr(nodes, "\nchecksum ");

	return hash_add(HASH_START, nodes, (size_t)(end - nodes));
}

/* ---- parsing ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. False: this is no word that print_word makes. */
static bool restore_word(char *word)
{
	char *to = word;

	if (strcmp(word, "%") == 0) {
		*word = '\0';
		return true;
	}
	for (const char *from = word; *from; from++) {
		if (*from == '%') {
			int high = hex_digit(from[1]);
			int low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0 || high + low == 0)
				return false;
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return true;
}

static bool read_number(const char *word, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(word, &end, 10);
	return errno == 0 && end != word && *end == '\0';
}

static const char *unless_dash(const char *word)
{
	return strcmp(word, "-") == 0 ? NULL : word;
}

/* The node goes through the same checks as one that the API tells of. */
static int read_node(struct warm_memory *memory, char **words)
{
	struct node_record record = {.name = words[1]};
	const char *const hops[] = {unless_dash(words[5]), unless_dash(words[6])};
	char *cidrs = words[4], *cidr;
	struct error err;
	bool changed;

	if (!restore_word(words[1]) || !*words[1] || !read_number(words[2], &record.created))
		return -EINVAL;
	while (unless_dash(words[4]) && (cidr = strsep(&cidrs, ","))) {
		if (record.pod_cidr_count == NODE_POD_CIDRS_MAX)
			return -EINVAL;
		record.pod_cidrs[record.pod_cidr_count++] = cidr;
	}
	/* A pod CIDR that is none and a backend that is not ours were not kept themselves. */
	if (strchr(words[3], 'b') && record.pod_cidr_count < NODE_POD_CIDRS_MAX)
		record.pod_cidrs[record.pod_cidr_count++] = "bad";
	if (strchr(words[3], 'o'))
		record.annotations[NODE_ANNOTATION_BACKEND_TYPE] = "other";
	for (size_t i = 0; i < 2; i++)
		if (hops[i])
			record.addresses[record.address_count++] = hops[i];
	return node_table_upsert(memory->nodes, &record, &changed, &err);
}

static int read_annotation(struct warm_memory *memory, char **words)
{
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		if (strcmp(words[1], node_annotation_name((enum node_annotation)i)) != 0)
			continue;
		if (!memory->own.known || memory->own.annotations[i] || !restore_word(words[2]))
			return -EINVAL;
		memory->own.annotations[i] = strdup(words[2]);
		return memory->own.annotations[i] ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

static int read_own(struct warm_memory *memory, char **words)
{
	memory->own.known = true;
	memory->own.network_available = strcmp(words[1], "available") == 0;
	return 0;
}

static int read_written(struct warm_memory *memory, char **words)
{
	return read_number(words[1], &memory->written) ? 0 : -EINVAL;
}

static int read_version(struct warm_memory *memory, char **words)
{
	if (memory->resource_version || !restore_word(words[1]) || !*words[1])
		return -EINVAL;
	memory->resource_version = strdup(words[1]);
	return memory->resource_version ? 0 : -ENOMEM;
}

static int read_line(struct warm_memory *memory, char *line)
{
	static const struct {
		const char *name;
		size_t words;
		int (*read)(struct warm_memory *, char **);
	} kinds[] = {
		{"node", 7, read_node},       {"annotation", 3, read_annotation},
		{"own", 2, read_own},         {"version", 2, read_version},
		{"written", 2, read_written},
	};
	char *words[WORDS_MAX];
	size_t count = 0;

	while (line && count < WORDS_MAX)
		words[count++] = strsep(&line, " ");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(words[0], kinds[i].name) == 0)
			return count == kinds[i].words ? kinds[i].read(memory, words) : -EINVAL;
	return -EINVAL;
}

/* `text` begins after the first line and ends before the checksum. */
static int read_lines(char *text, uint64_t identity, struct warm_memory *memory, struct error *err)
{
	char wanted[40], *line = strsep(&text, "\n");

	snprintf(wanted, sizeof(wanted), "identity %016" PRIx64, identity);
	if (strcmp(line, wanted) != 0)
		return error_set(err, EXDEV, "it is of another cluster, node or annotation prefix");
	while ((line = strsep(&text, "\n")) && *line) {
		int result = read_line(memory, line);

		if (result == -ENOMEM)
			return error_set(err, ENOMEM, "out of memory");
		if (result < 0)
			return error_set(err, EINVAL, "it holds a line that makes no sense");
	}
	if (text || !memory->resource_version)
		return error_set(err, EINVAL, "it is not whole");
	return 0;
}

/* The checksum speaks of every byte before it, and is itself compared byte by byte. */
static int check_whole(char *text, size_t length, struct error *err)
{
	size_t line_length = CHECKSUM_MAX - 1;
	char line[CHECKSUM_MAX];
	char *last;

	if (strncmp(text, FIRST_WORDS, strlen(FIRST_WORDS)) == 0 &&
	    strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return error_set(err, EINVAL, "it is of another version of hostgwd, or damaged");
	if (length < strlen(FIRST_LINE) + line_length)
		return error_set(err, EINVAL, "it is damaged: it is too short");
	last = text + length - line_length;
	if (memcmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 || last[-1] != '\n' ||
	    strcmp(last, checksum_line(text, length - line_length, line)) != 0)
		return error_set(err, EINVAL, "it is damaged: its checksum is wrong");
	*last = '\0';
	return 0;
}

int warm_text_parse(char *text, size_t length, uint64_t identity, struct warm_memory *out,
                    struct error *err)
{
	int result = check_whole(text, length, err);

	if (result < 0)
		return result;
	memset(out, 0, sizeof(*out));
	result = node_table_new(&out->nodes, err);
	if (result == 0)
		result = read_lines(text + strlen(FIRST_LINE), identity, out, err);
	if (result < 0)
		warm_memory_free(out);
	return result;
}

void warm_memory_free(struct warm_memory *memory)
{
	free(memory->resource_version);
	node_table_free(memory->nodes);
	own_node_forget(&memory->own);
	memset(memory, 0, sizeof(*memory));
}
