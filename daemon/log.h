/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines on standard error, in the form that --log-format names: klog (what
 * flannel's users grep), json (one object a line) or journal (sd-daemon(3)
 * priority prefix). Only the top of the program logs; libraries return errors.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "hostgw/error.h"

/* NONE: of no line; as struct log's `least` it silences all. */
enum log_level {
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_FATAL,
	LOG_LEVEL_NONE
};
enum log_format { LOG_FORMAT_KLOG, LOG_FORMAT_JSON, LOG_FORMAT_JOURNAL };

/* --vmodule: files that are more, or less, talkative than the rest. */
#define LOG_MODULES_MAX     16
#define LOG_MODULE_NAME_MAX 32

struct log_module {
	char pattern[LOG_MODULE_NAME_MAX]; /* of the file's name without .c: "rounds", "check_*" */
	int verbosity;
};

struct log {
	enum log_format format;
	enum log_level least; /* lines of lower levels are not written */
	int verbosity;        /* -v; lines of log_verbose above it are not written */
	struct log_module modules[LOG_MODULES_MAX]; /* the first that matches counts, else -v */
	size_t module_count;
};

/* "pattern=N,...", as klog has it, into log->modules; "": none. -EINVAL: it is not that. */
int log_modules_parse(const char *text, struct log *log, struct error *err);
/* Lines of log_verbose of that level are written from that file. */
bool log_is_verbose(const struct log *log, const char *file, int level);

/* What a node, a file or a kernel put into a text must not forge a line, or steer a terminal: its
 * control characters become question marks. */
void log_make_visible(char *text);

/* "klog", "json" or "journal". False: none of them. */
int log_format_parse(const char *text, enum log_format *out, struct error *err);

/* One whole line, written in one piece; control characters are made visible. */
__attribute__((format(printf, 5, 6))) void log_write(const struct log *log, enum log_level level,
                                                     const char *file, int line, const char *format,
                                                     ...);

/* Detail for who looks for something; what it would print is worked out only if it is written. */
#define log_verbose(log, level, ...)                          \
	do {                                                  \
		if (log_is_verbose((log), __FILE__, (level))) \
			log_info((log), __VA_ARGS__);         \
	} while (0)

#define log_info(log, ...)    log_write((log), LOG_LEVEL_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(log, ...) log_write((log), LOG_LEVEL_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_error(log, ...)   log_write((log), LOG_LEVEL_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define log_fatal(log, ...)   log_write((log), LOG_LEVEL_FATAL, __FILE__, __LINE__, __VA_ARGS__)

/* Keeps complaints that come again and again from flooding the log. */
#define LOG_REPEAT_MS (5 * 60 * 1000)

struct log_repeat {
	char text[ERROR_TEXT_MAX]; /* last said; empty: nothing stands */
	uint64_t said_at;          /* milliseconds of the loop's clock */
	unsigned held_back;        /* times it was not said since */
};

/* Says `err` as a warning if it is due at `now`, with the number of times it was held back. One
 * state of affairs: due when it is new, has changed, or was last said LOG_REPEAT_MS ago. */
void log_trouble(const struct log *log, struct log_repeat *repeat, const struct error *err,
                 uint64_t now);
/* The same for many things of one kind, each with a text of its own: one is said each
 * LOG_REPEAT_MS, and stands for the others. */
void log_sample(const struct log *log, struct log_repeat *repeat, const struct error *err,
                uint64_t now);

#endif
