/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_command.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status_page.h"
#include "status_text.h"

/* The daemon answers at once, or it is in a round of a large cluster. */
#define PATIENCE_MS 5000L
#define ANSWER_MAX  (64u * 1024u * 1024u)
#define WIDTH       80
#define NARROWEST   40 /* of a terminal; with less there is a word a line */

struct answer {
	char *text;
	size_t length, room;
	bool too_large;
	bool ours; /* a hostgwd answered, and: */
	bool well;
};

/* Who is asked. */
struct asked {
	const char *path;
	bool abstract;  /* the name without a file */
	int fd;         /* curl's */
	bool untrusted; /* they are not believed, as they are of the user: */
	uid_t uid;
};

static size_t on_bytes(char *bytes, size_t unit, size_t count, void *ctx)
{
	struct answer *answer = ctx;
	size_t length = unit * count;

	if (length > ANSWER_MAX - answer->length) {
		answer->too_large = true;
		return 0;
	}
	if (answer->length + length > answer->room) {
		size_t room = 2 * (answer->length + length);
		char *larger = realloc(answer->text, room);

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
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		style.width = size.ws_col > NARROWEST ? size.ws_col : NARROWEST;
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

/* While no daemon has it, the name without a file can be taken by whoever is in the network
 * namespace. Believed are root, the user that asks, and the owner of the folder of the path, who
 * could as well have made the file. A file's mode vouches for itself. */
static bool is_trusted(struct asked *asked)
{
	const char *slash = strrchr(asked->path, '/');
	char folder[PATH_MAX];
	struct stat status;
	struct ucred who;
	socklen_t size = sizeof(who);

	if (!asked->abstract)
		return true;
	if (getsockopt(asked->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return false;
	asked->uid = who.uid;
	if (who.uid == 0 || who.uid == geteuid())
		return true;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - asked->path) : 0,
	         asked->path);
	return stat(folder, &status) == 0 && status.st_uid == who.uid;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct asked *asked = ctx;

	(void)purpose;
	asked->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return asked->fd < 0 ? CURL_SOCKET_BAD : asked->fd;
}

/* Before a word is sent. */
static int on_connected(void *ctx, char *ip, char *own_ip, int port, int own_port)
{
	struct asked *asked = ctx;

	(void)ip;
	(void)own_ip;
	(void)port;
	(void)own_port;
	asked->untrusted = !is_trusted(asked);
	return asked->untrusted ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static CURLcode ask_at(CURL *easy, struct asked *asked, bool abstract)
{
	asked->abstract = abstract;
	curl_easy_setopt(easy, abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH,
	                 asked->path);
	return curl_easy_perform(easy);
}

static int explain_connect(int number, const char *path, struct error *err)
{
	if (number == EACCES || number == EPERM)
		return error_set(err, number,
		                 "%s: %s; run it as root, or as the user that hostgwd runs as",
		                 path, strerror(number));
	return error_set(err, ENOENT,
	                 "no hostgwd answers at %s: it does not run here, or serves another "
	                 "--status-socket (kubectl exec into its pod; systemctl status hostgwd)",
	                 path);
}

/* Without a file, a daemon that turns us away may do so before curl looks, which has no new number
 * for that. */
static bool is_turned_away(CURLcode code, long number, const struct asked *asked)
{
	if (code == CURLE_COULDNT_CONNECT)
		return asked->abstract && number != EACCES && number != EPERM;
	return code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
}

static int explain_silence(const struct asked *asked, struct error *err)
{
	return error_set(err, ETIMEDOUT,
	                 "hostgwd runs, but has not answered at %s within %ld s: its loop is "
	                 "stuck or very busy; look at its log, then restart it (systemctl "
	                 "restart hostgwd, or delete its pod)",
	                 asked->path, PATIENCE_MS / 1000);
}

static int explain(CURL *easy, CURLcode code, const struct asked *asked, struct error *err)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	/* Of a file, EAGAIN is a queue of clients that nobody takes in. */
	if (code == CURLE_OPERATION_TIMEDOUT || (code == CURLE_COULDNT_CONNECT && number == EAGAIN))
		return explain_silence(asked, err);
	if (is_turned_away(code, number, asked))
		return error_set(err, EACCES,
		                 "hostgwd at %s hangs up; run it as root, or as the user that "
		                 "hostgwd runs as",
		                 asked->path);
	if (code == CURLE_COULDNT_CONNECT)
		return explain_connect((int)number, asked->path, err);
	return error_set(err, EIO, "asking hostgwd at %s: %s", asked->path,
	                 curl_easy_strerror(code));
}

static int judge(const struct answer *answer, CURL *easy, CURLcode code, const struct asked *asked,
                 struct error *err)
{
	if (answer->too_large)
		return error_set(err, EFBIG,
		                 "the answer at %s is too large, over %u MiB; use --node",
		                 asked->path, ANSWER_MAX >> 20);
	if (asked->untrusted)
		return error_set(err, EPERM,
		                 "who answers at @%s is of user %u, and is not believed: they are "
		                 "neither root nor whoever asks nor the owner of that folder; ss "
		                 "-xlp names the program",
		                 asked->path, asked->uid);
	if (code != CURLE_OK)
		return explain(easy, code, asked, err);
	return answer->ours ? 0
	                    : error_set(err, EPROTO,
	                                "what answers at %s is no hostgwd of this version; restart "
	                                "the daemon if it was upgraded",
	                                asked->path);
}

static void set_options(CURL *easy, struct asked *asked, struct answer *answer)
{
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, asked);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, asked);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, PATIENCE_MS);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

/* A file first; where the daemon could not make it, it has the name without one. */
static int ask(CURL *easy, const struct options *options, struct answer *answer, struct error *err)
{
	struct asked asked = {.path = options->status_socket};
	struct error refused;
	CURLcode code;
	long number;

	set_options(easy, &asked, answer);
	if (set_url(easy, options) < 0)
		return error_set(err, ENOMEM, "out of memory");
	code = ask_at(easy, &asked, false);
	if (code == CURLE_COULDNT_CONNECT) {
		explain(easy, code, &asked, &refused);
		code = ask_at(easy, &asked, true);
		curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
		if (code == CURLE_COULDNT_CONNECT && number == ECONNREFUSED) {
			*err = refused;
			return -err->code;
		}
	}
	return judge(answer, easy, code, &asked, err);
}

static int print(const struct options *options, const struct answer *answer, struct error *err)
{
	if (options->output != OUTPUT_JSON || isatty(STDOUT_FILENO))
		status_text_make_harmless(answer->text, answer->length);
	/* A reader that has seen enough, such as head(1), is no failure. */
	if (fwrite(answer->text, 1, answer->length, stdout) == answer->length &&
	    fflush(stdout) == 0)
		return 0;
	return errno == EPIPE ? 0
	                      : error_set(err, errno, "writing the status: %s", strerror(errno));
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
	} else if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		/* What is opened next, such as curl's socket, would take its number. */
		code = EXIT_FAILURE;
		result = error_set(&err, EBADF, "standard output is closed: nobody would see it");
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
