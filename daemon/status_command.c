/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_command.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "status_page.h"
#include "status_text.h"

/* The daemon answers at once, or it is in a round of a large cluster. */
#define PATIENCE_MS 5000L
#define ANSWER_MAX  (64u * 1024u * 1024u)
#define WIDTH       80

struct answer {
	char *text;
	size_t length, room;
	bool ours; /* a hostgwd answered, and: */
	bool well;
};

static size_t on_bytes(char *bytes, size_t unit, size_t count, void *ctx)
{
	struct answer *answer = ctx;
	size_t length = unit * count;

	if (answer->length + length > answer->room) {
		size_t room = 2 * (answer->length + length);
		char *larger = room <= ANSWER_MAX ? realloc(answer->text, room) : NULL;

		if (!larger)
			return 0;
		answer->text = larger;
		answer->room = room;
	}
	memcpy(answer->text + answer->length, bytes, length);
	answer->length += length;
	return length;
}

static size_t on_header(char *line, size_t unit, size_t count, void *ctx)
{
	static const char name[] = STATUS_HEADER ": ", well[] = STATUS_WELL "\r\n";
	const size_t length = unit * count, skip = sizeof(name) - 1;
	struct answer *answer = ctx;

	if (length > skip && strncasecmp(line, name, skip) == 0) {
		answer->ours = true;
		answer->well = length - skip == sizeof(well) - 1 &&
		               memcmp(line + skip, well, length - skip) == 0;
	}
	return length;
}

/* ---- asking ---- */

static struct status_style find_style(void)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
	struct status_style style = {.width = WIDTH};
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return style;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		style.width = size.ws_col;
	style.colour = !(no_colour && no_colour[0]) && !(terminal && strcmp(terminal, "dumb") == 0);
	return style;
}

/* As status_page.h has it. */
static int set_url(CURL *easy, const struct options *options)
{
	const struct status_style style = find_style();
	char *node = curl_easy_escape(easy, options->node, 0), *url = NULL;
	int result = -1;

	if (node && asprintf(&url, "http://hostgwd/status?form=%s&width=%u&colour=%s%s%s",
	                     options->output == OUTPUT_JSON ? "json" : "text", style.width,
	                     style.colour ? "yes" : "no", node[0] ? "&node=" : "", node) >= 0)
		result = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK ? 0 : -1;
	curl_free(node);
	free(url);
	return result;
}

static CURLcode ask_at(CURL *easy, CURLoption kind, const char *path)
{
	curl_easy_setopt(easy, kind, path);
	return curl_easy_perform(easy);
}

static int explain(CURL *easy, CURLcode code, const char *path, struct error *err)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && (number == EACCES || number == EPERM))
		return error_set(err, (int)number,
		                 "%s: %s; run it as root, or as the user that hostgwd runs as",
		                 path, strerror((int)number));
	if (code == CURLE_COULDNT_CONNECT)
		return error_set(err, ENOENT,
		                 "no hostgwd answers at %s: it does not run here, or serves "
		                 "another --status-socket (kubectl exec into its pod; systemctl "
		                 "status hostgwd)",
		                 path);
	return error_set(err, EIO, "asking hostgwd at %s: %s", path, curl_easy_strerror(code));
}

/* A file first; where the daemon could not make it, it has the name without one. */
static int ask(CURL *easy, const struct options *options, struct answer *answer, struct error *err)
{
	const char *path = options->status_socket;
	CURLcode code;

	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (set_url(easy, options) < 0)
		return error_set(err, ENOMEM, "out of memory");
	code = ask_at(easy, CURLOPT_UNIX_SOCKET_PATH, path);
	if (code == CURLE_COULDNT_CONNECT) {
		struct error refused;

		explain(easy, code, path, &refused);
		code = ask_at(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, path);
		if (code == CURLE_COULDNT_CONNECT) {
			*err = refused;
			return -err->code;
		}
	}
	if (code != CURLE_OK)
		return explain(easy, code, path, err);
	return answer->ours ? 0
	                    : error_set(err, EPROTO,
	                                "what answers at %s is no hostgwd of this version; restart "
	                                "the daemon if it was upgraded",
	                                path);
}

static int print(const struct options *options, const struct answer *answer, struct error *err)
{
	if (options->output != OUTPUT_JSON)
		status_text_make_harmless(answer->text, answer->length);
	fwrite(answer->text, 1, answer->length, stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_set(err, errno, "writing the status: %s", strerror(errno));
	return 0;
}

int status_command_run(const struct options *options, const struct log *log)
{
	struct answer answer = {0};
	struct error err = {0};
	CURL *easy = NULL;
	int result, code = EXIT_MISTAKE;

	if (options->output == OUTPUT_IP) {
		result = error_set(&err, EINVAL,
		                   "--output=ip is a form of hostgwd plan; status "
		                   "has text and json");
	} else if (!options->status_socket[0]) {
		result = error_set(&err, EINVAL, "--status-socket is empty: nobody can be asked");
	} else {
		code = EXIT_FAILURE;
		curl_global_init(CURL_GLOBAL_NOTHING); /* TLS is not needed, and takes a while */
		easy = curl_easy_init();
		result = easy ? ask(easy, options, &answer, &err)
		              : error_set(&err, ENOMEM, "libcurl does not start");
		if (result == 0)
			result = print(options, &answer, &err);
		curl_easy_cleanup(easy);
	}
	if (result < 0)
		log_error(log, "%s", err.text);
	free(answer.text);
	return result < 0 ? code : answer.well ? EXIT_SUCCESS : EXIT_FAILURE;
}
