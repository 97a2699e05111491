/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_command.h"

#include <errno.h>
#include <stdlib.h>

#include "check_gather.h"

static int print(const struct options *options, const struct findings *findings, struct error *err)
{
	int result = 0;

	if (options->output == OUTPUT_JSON)
		result = findings_print_json(findings, stdout, err);
	else
		findings_print_text(findings, stdout);
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return error_set(err, errno, "writing the findings: %s", strerror(errno));
	return result;
}

/* What is logged on the way is among the findings, too. */
static int look(const struct options *options, struct findings *findings, struct error *err)
{
	const struct log silent = {.least = LOG_LEVEL_NONE};
	struct check_host *host = malloc(sizeof(*host));

	if (!host)
		return error_set(err, ENOMEM, "out of memory");
	check_gather(host, options, &silent);
	check_run(&host->facts, findings);
	check_release(host);
	free(host);
	return findings->failed ? error_set(err, ENOMEM, "out of memory") : 0;
}

int check_command_run(const struct options *options, const struct log *log)
{
	struct findings findings = {0};
	struct error err;
	bool good;
	int result;

	if (options->output == OUTPUT_IP) {
		log_error(log, "--output=ip is a format of hostgwd plan; give text or json");
		return EXIT_MISTAKE;
	}
	result = look(options, &findings, &err);
	findings_sort(&findings);
	if (result == 0)
		result = print(options, &findings, &err);
	good = findings_count(&findings, FINDING_ERROR) == 0;
	findings_free(&findings);
	if (result < 0)
		log_error(log, "%s", err.text);
	return result == 0 && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
