/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "masquerade_fixture.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox.h"

struct masquerade_rules fixture_rules(const struct prefix *nonmasquerade, size_t count)
{
	struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.fully_random = true,
		.cluster = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")},
		.own = {sandbox_prefix("10.244.1.0/24"), sandbox_prefix("fd00:244:0:1::/64")},
		.nonmasquerade = nonmasquerade,
		.nonmasquerade_count = count,
	};

	return rules;
}

bool fixture_apply(struct nft *nft, const struct masquerade_rules *rules,
                   struct masquerade_report *report)
{
	struct masquerade_report own;
	struct error err;

	if (!report)
		report = &own;
	if (masquerade_apply(nft, rules, report, &err) != 0)
		fail_msg("%s", err.text);
	return report->changed;
}

/* "packets 12 bytes 345" becomes "packets 0 bytes 0". */
static void zero_counters(char *text)
{
	char *out = text;

	while (*text) {
		bool number = (strncmp(text, "packets ", 8) == 0 ||
		               strncmp(text, "bytes ", 6) == 0);

		do
			*out++ = *text;
		while (*text++ != ' ' && number);
		if (!number)
			continue;
		*out++ = '0';
		while (isdigit((unsigned char)*text))
			text++;
	}
	*out = '\0';
}

static void read_golden(const char *name, char text[static TEXT_MAX])
{
	char path[256];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s.nft", GOLDEN_FOLDER, name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("cannot read %s", path);
	length = fread(text, 1, TEXT_MAX - 1, file);
	fclose(file);
	text[length] = '\0';
}

/* Cuts off the next chain or set of a listing; NULL: that was the last. */
static char *next_part(char **rest)
{
	char *part = *rest, *end;

	if (!part)
		return NULL;
	end = strstr(part, "\n\n");
	*rest = end ? end + 2 : NULL;
	if (end)
		*end = '\0';
	else if ((end = strstr(part, "\n}\n")) != NULL)
		*end = '\0';
	return part;
}

void fixture_assert_listed(const char *name)
{
	static const char head[] = "table inet hostgw {\n";
	char wanted[TEXT_MAX], seen[TEXT_MAX], *rest = wanted + strlen(head), *part;

	read_golden(name, wanted);
	sandbox_capture(LIST, seen, sizeof(seen));
	zero_counters(seen);
	if (strlen(seen) != strlen(wanted) || strncmp(seen, head, strlen(head)) != 0)
		fail_msg("not as in %s.nft:\n%s", name, seen);
	while ((part = next_part(&rest)) != NULL)
		if (!strstr(seen, part))
			fail_msg("not as in %s.nft:\n%s\nlacks:\n%s", name, seen, part);
}
