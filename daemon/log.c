/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "control_char.h"

#define LINE_MAX_BYTES 2048

static const char *const format_names[] = {
	[LOG_FORMAT_KLOG] = "klog",
	[LOG_FORMAT_JSON] = "json",
	[LOG_FORMAT_JOURNAL] = "journal",
};

int log_format_parse(const char *text, enum log_format *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
		if (strcmp(text, format_names[i]) == 0) {
			*out = (enum log_format)i;
			return 0;
		}
	}
	return error_set(err, EINVAL, "\"%s\" is not a log format; use klog, json or journal",
	                 text);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void log_make_visible(char *text)
{
	for (; *text; text++) {
		size_t control = control_char_length(text, 2); /* the NUL is one of both */

		if (control == 0)
			continue;
		memset(text, '?', control);
		text += control - 1;
	}
}

/* klog's header: Lmmdd hh:mm:ss.uuuuuu threadid file:line] */
static void print_klog(char *line, size_t size, enum log_level level, const char *file,
                       int line_number, const char *message)
{
	static const char letters[] = "IWEF";
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	snprintf(line, size, "%c%02d%02d %02d:%02d:%02d.%06ld %7d %s:%d] %s\n", letters[level],
	         local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
	         now.tv_nsec / 1000, (int)getpid(), base_name(file), line_number, message);
}

static void print_json(char *line, size_t size, enum log_level level, const char *file,
                       int line_number, const char *message)
{
	static const char *const names[] = {"info", "warning", "error", "fatal"};
	char stamp[40], caller[80];
	struct timespec now;
	struct tm utc;
	cJSON *object = cJSON_CreateObject();
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp + used, sizeof(stamp) - used, ".%06ldZ", now.tv_nsec / 1000);
	snprintf(caller, sizeof(caller), "%s:%d", base_name(file), line_number);
	cJSON_AddStringToObject(object, "ts", stamp);
	cJSON_AddStringToObject(object, "level", names[level]);
	cJSON_AddStringToObject(object, "caller", caller);
	cJSON_AddStringToObject(object, "msg", message);
	if (cJSON_PrintPreallocated(object, line, (int)size - 2, false))
		strcat(line, "\n");
	else
		snprintf(line, size, "{\"level\":\"%s\",\"msg\":\"(line too long)\"}\n",
		         names[level]);
	cJSON_Delete(object);
}

static void print_journal(char *line, size_t size, enum log_level level, const char *message)
{
	/* sd-daemon(3): 6 info, 4 warning, 3 error, 2 critical */
	static const int priorities[] = {6, 4, 3, 2};

	snprintf(line, size, "<%d>%s\n", priorities[level], message);
}

void log_write(const struct log *log, enum log_level level, const char *file, int line_number,
               const char *format, ...)
{
	char message[LINE_MAX_BYTES], line[2 * LINE_MAX_BYTES];
	va_list args;

	if (level < log->least)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_make_visible(message);
	switch (log->format) {
	case LOG_FORMAT_KLOG:
		print_klog(line, sizeof(line), level, file, line_number, message);
		break;
	case LOG_FORMAT_JSON:
		print_json(line, sizeof(line), level, file, line_number, message);
		break;
	case LOG_FORMAT_JOURNAL:
		print_journal(line, sizeof(line), level, message);
		break;
	}
	/* Nobody could be told that the log is not writable: the daemon goes on. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
}

/* False: it is too early; it was counted. */
static bool is_due(struct log_repeat *repeat, uint64_t now)
{
	if (!repeat->text[0] || now - repeat->said_at >= LOG_REPEAT_MS)
		return true;
	repeat->held_back++;
	return false;
}

static void note_said(struct log_repeat *repeat, const struct error *err, uint64_t now)
{
	memcpy(repeat->text, err->text, sizeof(repeat->text));
	repeat->said_at = now;
	repeat->held_back = 0;
}

void log_trouble(const struct log *log, struct log_repeat *repeat, const struct error *err,
                 uint64_t now)
{
	bool same = strcmp(repeat->text, err->text) == 0;

	if (same && !is_due(repeat, now))
		return;
	if (same && repeat->held_back > 0)
		log_warning(log, "%s (%u more times since it was last said)", err->text,
		            repeat->held_back);
	else
		log_warning(log, "%s", err->text);
	note_said(repeat, err, now);
}

void log_sample(const struct log *log, struct log_repeat *repeat, const struct error *err,
                uint64_t now)
{
	if (!is_due(repeat, now))
		return;
	if (repeat->held_back > 0)
		log_warning(log, "%s (and %u like it since such a line was last written)",
		            err->text, repeat->held_back);
	else
		log_warning(log, "%s", err->text);
	note_said(repeat, err, now);
}
