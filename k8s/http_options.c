/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_S    10L
#define KEEPALIVE_IDLE_S     15L
#define KEEPALIVE_INTERVAL_S 5L
#define USER_TIMEOUT_MS      25000

/* A connection into nowhere (packets dropped, no RST) ends after so long (tcp(7)); keepalive
 * probes make sure that there always is something to be acknowledged. */
static int on_socket_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	int timeout = USER_TIMEOUT_MS;

	(void)ctx;
	if (purpose == CURLSOCKTYPE_IPCXN)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	return CURL_SOCKOPT_OK;
}

static int set_blob(CURL *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = {(void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_COPY};

	return (int)curl_easy_setopt(easy, option, &blob);
}

/* Not by file name: libcurl reuses a connection, a TLS session and (from 7.87 on, for a day) what
 * it read of a CA file wherever the names are the same. What is passed as text is compared. */
static int apply_trust(CURL *easy, const struct kube_config *config, const char *ca)
{
	int failed = 0;

	if (config->insecure_skip_tls_verify) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
		return failed;
	}
	/* The given CA alone: distributions point CAPATH at the system's own store, which would
	 * be trusted besides it. */
	if (ca) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		failed |= set_blob(easy, CURLOPT_CAINFO_BLOB, ca);
	}
	return failed;
}

static int apply_connection(CURL *easy)
{
	int failed = 0;

	failed |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Otherwise the end of the program waits for a name server that does not answer. */
	failed |= (int)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	return failed;
}

static int apply_protocol(CURL *easy, const struct http_target *target)
{
	bool tls = strncmp(target->config->server, "https:", 6) == 0;
	int failed = 0;

#if LIBCURL_VERSION_NUM >= 0x075500
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
#else
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
	                                (long)(tls ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
	failed |= (int)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* Only where it is asked for: a list of 5,000 Nodes of 18 KB in gzip costs the API server
	 * twice the CPU time and the client two to three times the wall time. The nodes are on one
	 * link and lists are rare, so the server's CPU is the narrower place. */
	if (target->config->compression)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_USERAGENT, target->user_agent);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* One HTTP/2 connection carries the watch and the patches. */
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	if (target->connect_to)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, target->connect_to);
	/* A libcurl without HTTP/2 refuses this, and HTTP/1.1 is as good. */
	if (tls)
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	return failed;
}

static int judge(int failed, struct error *err)
{
	if (failed == 0)
		return 0;
	return error_set(err, ENOTSUP,
	                 "this libcurl (%s) refuses an option that is needed: it must be built "
	                 "with OpenSSL and zlib, version 7.81 or newer",
	                 curl_version());
}

/* HTTPS_PROXY and NO_PROXY (names, addresses, CIDRs) are read by libcurl itself. As with kubectl,
 * NO_PROXY does not count against proxy-url, and a server on this host needs no proxy. */
static int apply_proxy(CURL *easy, const struct http_target *target)
{
	int failed = 0;

	if (target->proxy) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, target->proxy);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	} else if (target->on_this_host) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	}
	return failed;
}

int http_options_apply(CURL *easy, const struct http_target *target, struct error *err)
{
	return judge(apply_connection(easy) | apply_protocol(easy, target) |
	                     apply_proxy(easy, target),
	             err);
}

int http_options_authorize(CURL *easy, const struct http_target *target,
                           const struct credential *credential, struct error *err)
{
	int failed = apply_trust(easy, target->config, credential->ca);

	if (credential->cert)
		failed |= set_blob(easy, CURLOPT_SSLCERT_BLOB, credential->cert) |
		          set_blob(easy, CURLOPT_SSLKEY_BLOB, credential->key);
	return judge(failed, err);
}

/* The connection goes to host:port, while URL and certificate carry `name`. */
static int redirect_name(struct http_target *target, CURLU *url, const char *name)
{
	char *host = NULL, *port = NULL, *line = NULL, *base = NULL;
	int result = -1;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_URL, &base, 0) == CURLUE_OK &&
	    asprintf(&line, "::%s:%s", host, port) > 0) {
		target->connect_to = curl_slist_append(NULL, line);
		target->base = strdup(base);
		if (asprintf(&target->host_header, "Host: %s:%s", host, port) < 0)
			target->host_header = NULL;
		result = target->connect_to && target->base && target->host_header ? 0 : -1;
		free(line);
	}
	curl_free(host);
	curl_free(port);
	curl_free(base);
	return result;
}

static bool is_on_this_host(CURLU *url)
{
	char *host = NULL;
	bool local;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return false;
	local = strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	        strcmp(host, "[::1]") == 0;
	curl_free(host);
	return local;
}

/* In a kubeconfig names are resolved behind a SOCKS5 proxy; libcurl's word for that is socks5h. */
static int name_proxy(struct http_target *target, const char *url)
{
	static const char socks[] = "socks5://";
	bool is_socks = url && strncmp(url, socks, strlen(socks)) == 0;

	if (!url)
		return 0;
	if (asprintf(&target->proxy, "%s%s", is_socks ? "socks5h://" : "",
	             is_socks ? url + strlen(socks) : url) >= 0)
		return 0;
	target->proxy = NULL;
	return -1;
}

static void trim_slashes(char *base)
{
	size_t length = strlen(base);

	while (length > 0 && base[length - 1] == '/')
		base[--length] = '\0';
}

int http_target_init(struct http_target *target, const struct kube_config *config,
                     const char *user_agent, struct error *err)
{
	CURLU *url = curl_url();
	int result = -1;

	*target = (struct http_target){.config = config, .user_agent = strdup(user_agent)};
	if (url && target->user_agent && name_proxy(target, config->proxy_url) == 0 &&
	    curl_url_set(url, CURLUPART_URL, config->server, 0) == CURLUE_OK) {
		target->on_this_host = is_on_this_host(url);
		if (config->tls_server_name) {
			result = redirect_name(target, url, config->tls_server_name);
		} else {
			target->base = strdup(config->server);
			result = target->base ? 0 : -1;
		}
	}
	curl_url_cleanup(url);
	if (result < 0) {
		http_target_release(target);
		return error_set(err, EINVAL, "server %s with tls-server-name \"%s\" is no URL",
		                 config->server,
		                 config->tls_server_name ? config->tls_server_name : "");
	}
	trim_slashes(target->base);
	return 0;
}

void http_target_release(struct http_target *target)
{
	free(target->user_agent);
	free(target->base);
	free(target->host_header);
	if (target->proxy)
		explicit_bzero(target->proxy, strlen(target->proxy)); /* may hold a password */
	free(target->proxy);
	curl_slist_free_all(target->connect_to);
}
