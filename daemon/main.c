/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <uv.h>

#include "agent.h"
#include "hostgw/kube_launch.h"
#include "plan_command.h"
#include "version.h"

static const char *from_environment(const char *name)
{
	return getenv(name);
}

static void print_note(void *ctx, const char *text)
{
	log_info((const struct log *)ctx, "%s", text);
}

static int print_version(void)
{
	printf("hostgwd %s (commit %s)\n%s, libuv %s, cJSON %s\n", HOSTGW_VERSION, HOSTGW_COMMIT,
	       curl_version(), uv_version_string(), cJSON_Version());
	return EXIT_SUCCESS;
}

static int print_help(void)
{
	puts("hostgwd: routes between the pod networks of Kubernetes nodes, podCIDR via nodeIP\n"
	     "\n"
	     "Usage:\n"
	     "  hostgwd --kube-subnet-mgr [flags]    nodes from the Kubernetes API\n"
	     "  hostgwd --nodes-file FILE [flags]    nodes from a file\n"
	     "  hostgwd plan [flags] [-o FORMAT]     shows what a run with these flags would change\n"
	     "                                       on this host, and changes nothing\n"
	     "  hostgwd version");
	options_print_help(stdout);
	return EXIT_SUCCESS;
}

/* Verbosity and format must be known before the first line, so the notes come last. */
static void ignore_note(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* A round makes tables of megabytes in large clusters, most of which is never written to. As
 * mappings of their own they cost what was written and are gone afterwards; left to itself, glibc
 * takes them from its heap once it has seen a few. */
static void return_large_tables(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif
}

static int refuse(const struct log *log, const struct error *err)
{
	log_error(log, "%s", err->text);
	return EXIT_MISTAKE;
}

/* ---- what takes flags ---- */

static int run_daemon(const struct options *options, const struct log *log)
{
	struct error err;

	if (options->output != OUTPUT_UNSET) {
		error_set(&err, EINVAL,
		          "--output is a flag of hostgwd plan; the daemon prints nothing but its "
		          "log");
		return refuse(log, &err);
	}
	return agent_run(options, log);
}

/* `least`: it logs no less than that. */
static int run_with_flags(int argc, char *const argv[], enum log_level least,
                          int (*run)(const struct options *options, const struct log *log))
{
	struct log log = {.format = LOG_FORMAT_KLOG, .least = least};
	struct options options;
	struct error err;

	if (options_parse(argc, argv, from_environment, &options, ignore_note, NULL, &err) < 0 ||
	    log_format_parse(options.log_format, &log.format, &err) < 0)
		return refuse(&log, &err);
	if (options.version)
		return print_version();
	if (options.help)
		return print_help();
	log.verbosity = (int)options.verbosity;
	options_parse(argc, argv, from_environment, &options, print_note, &log, &err);
	/* A write to a closed connection or log pipe is an error to handle, not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	return_large_tables();
	/* Tokens and keys are in memory then: no core dumps, and no reading by other processes. */
	if (options.kube_subnet_mgr)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return run(&options, &log);
}

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "-";

	kube_launch_if_asked(argv);
	if (command[0] == '-')
		return run_with_flags(argc, argv, LOG_LEVEL_INFO, run_daemon);
	if (strcmp(command, "plan") == 0)
		return run_with_flags(argc - 1, argv + 1, LOG_LEVEL_WARNING, plan_command_run);
	if (strcmp(command, "version") == 0)
		return print_version();
	if (strcmp(command, "help") == 0)
		return print_help();
	fprintf(stderr, "hostgwd: unknown command \"%s\"; hostgwd --help shows what there is\n",
	        command);
	return EXIT_MISTAKE;
}
