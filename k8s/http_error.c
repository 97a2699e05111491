/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http_error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "exec_config.h"

/* Results of certificate verification, as libcurl hands them on from OpenSSL
 * (openssl-verification-options(1) describes them, x509_vfy.h numbers them). */
enum verify_result {
	VERIFY_OK = 0,
	VERIFY_UNSPECIFIED = 1, /* libcurl's own beginning: the chain was not what failed */
	VERIFY_NO_ISSUER = 2,
	VERIFY_BAD_SIGNATURE = 7,
	VERIFY_NOT_YET_VALID = 9,
	VERIFY_EXPIRED = 10,
	VERIFY_SELF_SIGNED = 18,
	VERIFY_SELF_SIGNED_CA = 19,
	VERIFY_NO_LOCAL_ISSUER = 20,
	VERIFY_NO_CHAIN = 21,
};

/* Which CA is trusted, for messages. */
static const char *ca_name(const struct kube_config *config, char *buffer, size_t size)
{
	if (config->ca_file)
		snprintf(buffer, size, "the CA in %s", config->ca_file);
	else if (config->ca_data)
		snprintf(buffer, size, "the certificate-authority-data in %s", config->origin);
	else
		snprintf(buffer, size, "a CA of this system");
	return buffer;
}

static int explain_certificate(CURL *easy, const char *words, const struct kube_config *config,
                               struct error *err)
{
	const char *server = config->server;
	long verified = 0;
	char ca[300];

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	switch (verified) {
	case VERIFY_OK:
	case VERIFY_UNSPECIFIED:
		return error_set(err, EKEYREJECTED,
		                 "the certificate of %s is for another name: %s; use a name or "
		                 "address that it has, or set tls-server-name in the kubeconfig",
		                 server, words);
	case VERIFY_EXPIRED:
		return error_set(err, EKEYREJECTED,
		                 "the certificate of %s has expired; renew it, and check this "
		                 "host's clock",
		                 server);
	case VERIFY_NOT_YET_VALID:
		return error_set(err, EKEYREJECTED,
		                 "the certificate of %s is not valid yet; check this host's clock",
		                 server);
	case VERIFY_NO_ISSUER:
	case VERIFY_BAD_SIGNATURE:
	case VERIFY_SELF_SIGNED:
	case VERIFY_SELF_SIGNED_CA:
	case VERIFY_NO_LOCAL_ISSUER:
	case VERIFY_NO_CHAIN:
		return error_set(
			err, EKEYREJECTED,
			"the certificate of %s is not signed by %s; give the cluster's own "
			"CA",
			server, ca_name(config, ca, sizeof(ca)));
	default: /* the many others speak for themselves */
		return error_set(err, EKEYREJECTED,
		                 "the certificate of %s is refused: %s; renew it", server, words);
	}
}

/* libcurl's words name the host that it tried. */
static bool words_name_server(const char *words, const struct kube_config *config)
{
	CURLU *url = curl_url();
	char *host = NULL, *tried = NULL;
	bool named = false;

	if (url && curl_url_set(url, CURLUPART_URL, config->server, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		size_t bracket = host[0] == '[';

		if (asprintf(&tried, " %.*s port ", (int)(strlen(host) - 2 * bracket),
		             host + bracket) < 0)
			tried = NULL;
		named = tried && strstr(words, tried);
	}
	free(tried);
	curl_free(host);
	curl_url_cleanup(url);
	return named;
}

/* Where a proxy may be what failed. That of the environment is not used for every server. */
static bool may_be_proxy(const char *words, const struct kube_config *config)
{
	const char *name = strncmp(config->server, "https:", 6) == 0 ? "https_proxy" : "http_proxy";

	if (config->proxy_url)
		return true;
	return (getenv(name) || getenv("HTTPS_PROXY") || getenv("ALL_PROXY") ||
	        getenv("all_proxy")) &&
	       !words_name_server(words, config);
}

static int explain_proxy(const char *words, const struct kube_config *config, struct error *err)
{
	return error_set(err, ENOTCONN, "cannot connect to %s: %s; check %s", config->server, words,
	                 config->proxy_url ? "proxy-url in the kubeconfig"
	                                   : "HTTPS_PROXY and NO_PROXY in the environment");
}

/* libcurl quotes a proxy's URL that it cannot read, with the password in it (and cut off anywhere,
 * where it is long). */
static bool quotes_proxy(const char *words)
{
	return strstr(words, "Unsupported proxy") != NULL;
}

static int explain_connect(CURL *easy, const char *words, const struct kube_config *config,
                           struct error *err)
{
	long code = 0;

	if (may_be_proxy(words, config))
		return explain_proxy(words, config, err);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
	if (code == ECONNREFUSED)
		return error_set(err, ECONNREFUSED,
		                 "cannot connect to %s: connection refused; is the API server "
		                 "running, is the port right?",
		                 config->server);
	return error_set(err, code > 0 ? (int)code : ENOTCONN,
	                 "cannot connect to %s: %s; check the address, the route to it, and "
	                 "firewalls",
	                 config->server, words);
}

static int explain_timeout(CURL *easy, const char *words, const struct kube_config *config,
                           struct error *err)
{
	curl_off_t connected = 0, sent = 0;

	/* A connection that stood already was made in no time at all. */
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	if (connected > 0 || sent > 0)
		return error_set(err, ETIMEDOUT, "%s does not answer: %s", config->server, words);
	return error_set(err, ETIMEDOUT,
	                 "cannot connect to %s: %s; check the address, the route to it, and "
	                 "firewalls",
	                 config->server, words);
}

static int explain_credentials(const char *words, const struct kube_config *config,
                               struct error *err)
{
	return error_set(err, EINVAL,
	                 "the client certificate or key of %s cannot be used: %s; do they belong "
	                 "together, and is the key without a passphrase?",
	                 config->origin, words);
}

/* TLS failed before the certificate was judged. */
static int explain_handshake(const char *words, const struct kube_config *config, struct error *err)
{
	const char *hint = strstr(words, "wrong version number")
	                           ? "; it seems to speak plain HTTP: is the port right?"
	                           : "";

	return error_set(err, EPROTO, "TLS with %s failed: %s%s", config->server, words, hint);
}

static int explain_ca(const char *words, const struct kube_config *config, struct error *err)
{
	char ca[300];

	return error_set(err, EINVAL, "%s cannot be used: %s", ca_name(config, ca, sizeof(ca)),
	                 words);
}

static int explain_host(const char *words, const struct kube_config *config, struct error *err)
{
	return error_set(err, EHOSTUNREACH,
	                 "cannot find the address of %s: %s; check the name and this host's "
	                 "DNS (in a pod with hostNetwork the host's DNS is used)",
	                 config->server, words);
}

static int explain_proxy_host(const struct kube_config *config, struct error *err)
{
	return error_set(err, EHOSTUNREACH,
	                 "cannot find the address of the proxy; check proxy-url in %s, or "
	                 "HTTPS_PROXY and NO_PROXY",
	                 config->origin);
}

static int explain_others(const char *words, const struct kube_config *config, struct error *err)
{
	if (strstr(words, "CONNECT tunnel")) /* the proxy's answer to CONNECT */
		return explain_proxy(words, config, err);
	return error_set(err, EIO,
	                 "the connection to %s broke: %s; is the API server restarting, or does "
	                 "something on the way cut connections?",
	                 config->server, words);
}

int http_explain_transport(CURL *easy, CURLcode code, const char *words,
                           const struct kube_config *config, struct error *err)
{
	if (words[0] == '\0')
		words = curl_easy_strerror(code);
	if (quotes_proxy(words))
		return explain_proxy("the URL of the proxy cannot be read", config, err);
	switch ((int)code) { /* libcurl adds codes: the rest is told in its own words */
	case CURLE_PEER_FAILED_VERIFICATION:
		return explain_certificate(easy, words, config, err);
	case CURLE_COULDNT_CONNECT:
		return explain_connect(easy, words, config, err);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_timeout(easy, words, config, err);
	case CURLE_SSL_CERTPROBLEM:
		return explain_credentials(words, config, err);
	case CURLE_SSL_CONNECT_ERROR:
		return explain_handshake(words, config, err);
	case CURLE_SSL_CACERT_BADFILE:
		return explain_ca(words, config, err);
	case CURLE_COULDNT_RESOLVE_HOST:
		return explain_host(words, config, err);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return explain_proxy_host(config, err);
	case CURLE_OUT_OF_MEMORY:
		return error_set(err, ENOMEM, "out of memory");
	case CURLE_PROXY:
		return explain_proxy(words, config, err);
	default:
		return explain_others(words, config, err);
	}
}

static int explain_forbidden(const struct http_result *result, const char *verb,
                             const char *resource, struct error *err)
{
	if (strstr(result->message, "system:node:"))
		return error_set(
			err, EACCES,
			"a kubelet's own credentials may not %s %s; use the kubeconfig of a "
			"ServiceAccount whose ClusterRole has %s on %s (%.120s)",
			verb, resource, verb, resource, result->message);
	return error_set(err, EACCES,
	                 "the API server forbids to %s %s; add this rule to the ClusterRole: "
	                 "apiGroups: [\"\"], resources: [\"%s\"], verbs: [\"%s\"] (%.200s)",
	                 verb, resource, resource, verb, result->message);
}

static int explain_unauthorized(const struct kube_config *config, struct error *err)
{
	const char *what = config->exec         ? config->exec->command
	                   : config->token_file ? config->token_file
	                   : config->token      ? "the token"
	                   : config->cert_file  ? config->cert_file
	                   : config->cert_data  ? "the client certificate"
	                                        : "no credentials at all";

	/* Another code than 403's: this one may pass. */
	return error_set(
		err, EKEYREJECTED,
		"%s does not accept the credentials of %s (%s), which may have expired, or "
		"belong to another cluster; make them anew",
		config->server, config->origin, what);
}

int http_explain_status(const struct http_result *result, const char *verb, const char *resource,
                        const struct kube_config *config, struct error *err)
{
	const char *colon = result->message[0] ? ": " : "";

	switch (result->status) {
	case 401:
		return explain_unauthorized(config, err);
	case 403:
		return explain_forbidden(result, verb, resource, err);
	case 404:
		return error_set(err, ENOENT, "%s knows no such %s%s%.300s", config->server,
		                 resource, colon, result->message);
	case 409:
		return error_set(err, EAGAIN, "somebody else changed it meanwhile%s%.300s", colon,
		                 result->message);
	case 429:
	case 503:
		return error_set(err, EBUSY, "%s is overloaded or starting (%d)%s%.300s",
		                 config->server, result->status, colon, result->message);
	default:
		break;
	}
	if (result->status >= 300 && result->status < 400)
		return error_set(err, EPROTO,
		                 "%s answers with a redirection (%d), which is not followed; give "
		                 "the API server's own URL",
		                 config->server, result->status);
	return error_set(err, EPROTO, "%s answers with status %d%s%.300s", config->server,
	                 result->status, colon, result->message);
}
