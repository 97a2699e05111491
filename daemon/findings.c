/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

#include "log.h"

static const char *const severity_words[FINDING_SEVERITIES] = {
	[FINDING_ERROR] = "error",
	[FINDING_WARNING] = "warning",
	[FINDING_NOTE] = "note",
	[FINDING_OK] = "ok",
};

const char *finding_severity_word(enum finding_severity severity)
{
	return severity_words[severity];
}

void findings_free(struct findings *findings)
{
	free(findings->items);
	memset(findings, 0, sizeof(*findings));
}

/* NULL: no memory. */
static struct finding *append(struct findings *findings)
{
	if (findings->count == findings->room) {
		size_t room = findings->room ? 2 * findings->room : 32;
		struct finding *larger = reallocarray(findings->items, room, sizeof(*larger));

		if (!larger) {
			findings->failed = true;
			return NULL;
		}
		findings->items = larger;
		findings->room = room;
	}
	return &findings->items[findings->count++];
}

void findings_add(struct findings *findings, enum finding_severity severity, const char *where,
                  const char *remedy, const char *what, ...)
{
	struct finding *finding = append(findings);
	va_list args;

	if (!finding)
		return;
	finding->severity = severity;
	finding->check = findings->check;
	snprintf(finding->where, sizeof(finding->where), "%s", where);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
	va_start(args, what);
	vsnprintf(finding->what, sizeof(finding->what), what, args);
	va_end(args);
	log_make_visible(finding->where);
	log_make_visible(finding->what);
	log_make_visible(finding->remedy);
}

void findings_add_error(struct findings *findings, enum finding_severity severity,
                        const char *where, const struct error *err)
{
	const char *remedy = error_remedy(err);
	size_t length = remedy ? (size_t)(remedy - err->text) - strlen("; ") : strlen(err->text);

	findings_add(findings, severity, where, remedy ? remedy : "", "%.*s", (int)length,
	             err->text);
}

size_t findings_count(const struct findings *findings, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].severity == severity;
	return count;
}

void finding_describe(const struct finding *finding, int code, struct error *err)
{
	error_set(err, code, "%s%s%s%s%s", finding->where, finding->where[0] ? ": " : "",
	          finding->what, finding->remedy[0] ? "; " : "", finding->remedy);
}

/* Few: the simplest sort that keeps the order of equals. */
void findings_sort(struct findings *findings)
{
	for (size_t i = 1; i < findings->count; i++) {
		struct finding moved = findings->items[i];
		size_t at = i;

		for (; at > 0 && findings->items[at - 1].severity > moved.severity; at--)
			findings->items[at] = findings->items[at - 1];
		findings->items[at] = moved;
	}
}

/* ---- for people ---- */

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

void findings_print_text(const struct findings *findings, FILE *to)
{
	size_t counts[FINDING_SEVERITIES];

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		struct error line;

		finding_describe(finding, 0, &line);
		fprintf(to, "%-7s  %-15s  %s\n", finding_severity_word(finding->severity),
		        finding->check, line.text);
	}
	for (int i = 0; i < FINDING_SEVERITIES; i++)
		counts[i] = findings_count(findings, (enum finding_severity)i);
	fprintf(to, "%zu error%s, %zu warning%s, %zu note%s, %zu ok\n", counts[FINDING_ERROR],
	        plural(counts[FINDING_ERROR]), counts[FINDING_WARNING],
	        plural(counts[FINDING_WARNING]), counts[FINDING_NOTE], plural(counts[FINDING_NOTE]),
	        counts[FINDING_OK]);
}

/* ---- for programs: a cJSON call that finds no memory returns NULL ---- */

static bool add_finding(cJSON *list, const struct finding *finding)
{
	cJSON *object = cJSON_CreateObject();

	if (!object || !cJSON_AddItemToArray(list, object)) {
		cJSON_Delete(object);
		return false;
	}
	return cJSON_AddStringToObject(object, "severity",
	                               finding_severity_word(finding->severity)) &&
	       cJSON_AddStringToObject(object, "check", finding->check) &&
	       cJSON_AddStringToObject(object, "where", finding->where) &&
	       cJSON_AddStringToObject(object, "what", finding->what) &&
	       cJSON_AddStringToObject(object, "remedy", finding->remedy);
}

static bool fill(cJSON *root, const struct findings *findings)
{
	cJSON *list = cJSON_AddArrayToObject(root, "findings");
	cJSON *summary = cJSON_AddObjectToObject(root, "summary");
	bool good = list && summary;

	for (size_t i = 0; good && i < findings->count; i++)
		good = add_finding(list, &findings->items[i]);
	for (int i = 0; good && i < FINDING_SEVERITIES; i++)
		good = cJSON_AddNumberToObject(
			summary, severity_words[i],
			(double)findings_count(findings, (enum finding_severity)i));
	return good;
}

int findings_print_json(const struct findings *findings, FILE *to, struct error *err)
{
	cJSON *root = cJSON_CreateObject();
	char *text = root && fill(root, findings) ? cJSON_Print(root) : NULL;

	cJSON_Delete(root);
	if (!text)
		return error_set(err, ENOMEM, "out of memory");
	fprintf(to, "%s\n", text);
	cJSON_free(text);
	return 0;
}
