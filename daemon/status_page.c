/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_page.h"

#include <stdlib.h>
#include <string.h>

#include "status_json.h"
#include "status_text.h"

static bool is_given(const struct http_query *query, const char *name, const char *value)
{
	const char *given = http_query_value(query, name);

	return given && strcmp(given, value) == 0;
}

void status_page_answer(const struct status_facts *facts, const struct http_query *query,
                        struct http_answer *answer)
{
	const char *width = http_query_value(query, "width");
	struct status_verdict verdict;

	status_judge(facts, &verdict);
	answer->header.name = STATUS_HEADER;
	answer->header.value = verdict.well ? STATUS_WELL : STATUS_NOT_WELL;
	if (is_given(query, "form", "text")) {
		const struct status_style style = {
			.width = width ? (unsigned)strtoul(width, NULL, 10) : 0,
			.colour = is_given(query, "colour", "yes"),
		};

		answer->content_type = "text/plain; charset=utf-8";
		answer->body = status_text_render(facts, &verdict, &style, &answer->length);
	} else {
		answer->content_type = "application/json";
		answer->body = status_json_render(facts, &verdict, &answer->length);
	}
}
