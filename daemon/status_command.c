/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_command.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "status_text.h"

/* The daemon answers at once, or it is in a round of a large cluster. */
#define PATIENCE_MS 5000L
#define ANSWER_MAX  (64u * 1024u * 1024u)
#define WIDTH       80

struct answer {
	char *text;
	size_t length, room;
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

/* ---- asking ---- */

/* "http://hostgwd/status", with the node's name where one is asked for. */
static int set_url(CURL *easy, const char *node)
{
	char *escaped = curl_easy_escape(easy, node, 0), *url = NULL;
	int result = -1;

	if (escaped && asprintf(&url, "http://hostgwd/status%s%s", node[0] ? "?node=" : "",
	                        node[0] ? escaped : "") >= 0)
		result = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK ? 0 : -1;
	curl_free(escaped);
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
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (set_url(easy, options->node) < 0)
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
	return code == CURLE_OK ? 0 : explain(easy, code, path, err);
}

/* ---- printing ---- */

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

static int print(const struct options *options, const struct answer *answer, bool *well,
                 struct error *err)
{
	const struct status_style style = find_style();
	int result;

	if (options->output == OUTPUT_JSON) {
		result = status_text_judge(answer->text, answer->length, well, err);
		if (result == 0)
			fwrite(answer->text, 1, answer->length, stdout);
	} else if (options->node[0]) {
		result = status_text_explain(answer->text, answer->length, &style, stdout, well,
		                             err);
	} else {
		result = status_text_print(answer->text, answer->length, &style, stdout, well, err);
	}
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return error_set(err, errno, "writing the status: %s", strerror(errno));
	return result;
}

int status_command_run(const struct options *options, const struct log *log)
{
	struct answer answer = {0};
	struct error err = {0};
	CURL *easy = NULL;
	bool well = false;
	int result, code = EXIT_MISTAKE;

	if (options->output == OUTPUT_IP) {
		result = error_set(&err, EINVAL,
		                   "--output=ip is a form of hostgwd plan; status "
		                   "has text and json");
	} else if (!options->status_socket[0]) {
		result = error_set(&err, EINVAL, "--status-socket is empty: nobody can be asked");
	} else {
		code = EXIT_FAILURE;
		easy = curl_easy_init();
		result = easy ? ask(easy, options, &answer, &err)
		              : error_set(&err, ENOMEM, "libcurl does not start");
		if (result == 0)
			result = print(options, &answer, &well, &err);
		curl_easy_cleanup(easy);
	}
	if (result < 0)
		log_error(log, "%s", err.text);
	free(answer.text);
	return result < 0 ? code : well ? EXIT_SUCCESS : EXIT_FAILURE;
}
