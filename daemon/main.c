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
#include "check_command.h"
#include "cleanup_command.h"
#include "command.h"
#include "hostgw/kube_launch.h"
#include "init_container.h"
#include "plan_command.h"
#include "status_command.h"
#include "version.h"

static const char *from_environment(const char *name)
{
	return getenv(name);
}

static void print_note(void *ctx, const char *text)
{
	log_info((const struct log *)ctx, "%s", text);
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

/* Somebody who wanted to look only must not get a daemon. */
static int check_no_cleanup(const struct options *options, struct error *err)
{
	if (options->dry_run || options->flannel)
		return error_set(err, EINVAL, "--%s is a flag of hostgwd cleanup",
		                 options->dry_run ? "dry-run" : "flannel");
	return 0;
}

static int run_daemon(const struct options *options, const struct log *log)
{
	struct error err;

	if (options->output != OUTPUT_UNSET || options->node[0]) {
		error_set(&err, EINVAL,
		          "--%s is a flag of hostgwd %s; the daemon prints nothing but its log",
		          options->node[0] ? "node" : "output",
		          options->node[0] ? "status" : "plan, check and status");
		return refuse(log, &err);
	}
	if (check_no_cleanup(options, &err) < 0)
		return refuse(log, &err);
	return agent_run(options, log);
}

/* ---- what takes none ---- */

static int print_version(struct command_list commands, int argc, char *const argv[])
{
	(void)commands;
	(void)argc;
	(void)argv;
	printf("hostgwd %s (commit %s)\n%s, libuv %s, cJSON %s\n", HOSTGW_VERSION, HOSTGW_COMMIT,
	       curl_version(), uv_version_string(), cJSON_Version());
	return EXIT_SUCCESS;
}

static int print_help(struct command_list commands, int argc, char *const argv[])
{
	(void)argc;
	(void)argv;
	help_print(stdout, commands);
	return EXIT_SUCCESS;
}

static const struct command commands[] = {
	{
		.name = "plan",
		.arguments = "[flags] [-o FORMAT]",
		.help = "shows what a run with these flags would change "
			"on this host, and changes nothing",
		.run = plan_command_run,
		.least = LOG_LEVEL_WARNING,
	},
	{
		.name = "cleanup",
		.arguments = "[--dry-run] [--flannel] [flags]",
		.help = "takes off this host what hostgwd put there: routes, rules, files and, with "
			"--kube-subnet-mgr, its Node's annotations, but not the condition "
			"NetworkUnavailable=False; --flannel: what flannel left, too",
		.run = cleanup_command_run,
		.least = LOG_LEVEL_WARNING,
	},
	{
		.name = "check",
		.arguments = "[flags] [-o FORMAT]",
		.help = "looks for what on this host, or at the API server, would be in the way of "
			"a run with these flags",
		.run = check_command_run,
		.least = LOG_LEVEL_WARNING,
	},
	{
		.name = "status",
		.arguments = "[--node NAME] [-o text|json]",
		.help = "shows what the running daemon does for each node; exits with 1 unless all is "
			"well",
		.run = status_command_run,
		.least = LOG_LEVEL_WARNING,
	},
	{
		.name = "version",
		.arguments = "",
		.help = "prints the version and those of libraries",
		.run_plain = print_version,
	},
	{
		.name = "help",
		.arguments = "",
		.help = "prints this",
		.run_plain = print_help,
	},
	{
		.name = "generate",
		.arguments = "man|bash|zsh",
		.help = "prints the man page, or a shell's completion",
		.run_plain = generate_run,
	},
};

static const struct command_list command_list = {commands, sizeof(commands) / sizeof(commands[0])};

/* Without a word. */
static const struct command daemon_command = {
	.name = "hostgwd",
	.run = run_daemon,
	.least = LOG_LEVEL_INFO,
};

static int run_with_flags(const struct command *command, int argc, char *const argv[])
{
	struct log log = {.format = LOG_FORMAT_KLOG, .least = command->least};
	struct options options;
	struct error err;

	if (options_parse(argc, argv, from_environment, &options, NULL, NULL, &err) < 0 ||
	    log_format_parse(options.log_format, &log.format, &err) < 0 ||
	    log_modules_parse(options.vmodule, &log, &err) < 0)
		return refuse(&log, &err);
	if (options.version)
		return print_version(command_list, argc, argv);
	if (options.help)
		return print_help(command_list, argc, argv);
	/* Verbosity and format must be known before the first line, so the notes come last. */
	log.verbosity = (int)options.verbosity;
	options_parse(argc, argv, from_environment, &options, print_note, &log, &err);
	/* A write to a closed connection or log pipe is an error to handle, not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	return_large_tables();
	/* Tokens and keys are in memory then: no core dumps, and no reading by other processes. */
	if (options.kube_subnet_mgr)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return command->run(&options, &log);
}

int main(int argc, char *argv[])
{
	const struct command *command;
	int exit_code;

	kube_launch_if_asked(argv);
	if (init_container_run(argc, argv, &exit_code))
		return exit_code;
	if (argc < 2 || argv[1][0] == '-')
		return run_with_flags(&daemon_command, argc, argv);
	command = command_find(command_list, argv[1]);
	if (!command) {
		command_print_unknown(command_list, argv[1]);
		return EXIT_MISTAKE;
	}
	if (command->run_plain)
		return command->run_plain(command_list, argc - 1, argv + 1);
	return run_with_flags(command, argc - 1, argv + 1);
}
