/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "credentials.h"
#include "exec_config.h"
#include "file.h"

#define SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"
#define PEM_FILE_MAX              (1024u * 1024u)

static char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = url_part(url, part);

	curl_free(text);
	return text != NULL;
}

/* NULL: usable; else what is wrong with it. */
static const char *url_complaint(CURLU *url, const char *text)
{
	if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
		return "must begin with https:// (or http://)";
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK)
		return "is not a URL of the form https://host:port (without user or password)";
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return "must not have a part behind '?' or '#'";
	return NULL;
}

bool config_is_url(const char *text)
{
	CURLU *parsed = curl_url();
	bool is_url = parsed && curl_url_set(parsed, CURLUPART_URL, text,
	                                     CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;

	curl_url_cleanup(parsed);
	return is_url;
}

static int refuse_url(const char *url, const char *complaint, struct error *err)
{
	if (strchr(url, '@')) /* there may be a password in it */
		error_set(err, EINVAL, "the server's URL %s", complaint);
	else
		error_set(err, EINVAL, "server \"%s\" %s", url, complaint);
	error_tame(err->text);
	return error_advise(err, "write it as https://HOST:PORT");
}

int config_set_server(struct kube_config *config, const char *url, struct error *err)
{
	CURLU *parsed = curl_url();
	const char *complaint;
	size_t length = strlen(url);

	if (!parsed)
		return error_set(err, ENOMEM, "out of memory");
	complaint = url_complaint(parsed, url);
	curl_url_cleanup(parsed);
	if (complaint)
		return refuse_url(url, complaint, err);
	while (url[length - 1] == '/')
		length--;
	free(config->server);
	config->server = strndup(url, length);
	return config->server ? 0 : error_set(err, ENOMEM, "out of memory");
}

int config_check_pem(const char *text, const char *what, struct error *err)
{
	if (strstr(text, "-----BEGIN "))
		return 0;
	error_set(err, EINVAL, "%s is not PEM (it has no line \"-----BEGIN ...\")", what);
	error_tame(err->text);
	return error_advise(err, "make it anew, as PEM");
}

int config_check_pem_file(const char *path, const char *what, struct error *err)
{
	char *text;
	size_t length;
	int result = kube_file_read(path, PEM_FILE_MAX, &text, &length, err);

	if (result < 0)
		return error_wrap(err, "%s", what);
	result = config_check_pem(text, path, err);
	explicit_bzero(text, length);
	free(text);
	return result < 0 ? error_wrap(err, "%s", what) : 0;
}

static int service_url(char *url, size_t size, struct error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool literal_v6 = host && strchr(host, ':') && host[0] != '[';

	if (!host || !port || !*host || !*port)
		return error_set(err, ENOENT,
		                 "not running in a Kubernetes pod (%s is not set); give "
		                 "--kubeconfig-file or --kube-api-url, or run it in a pod",
		                 host && *host ? "KUBERNETES_SERVICE_PORT"
		                               : "KUBERNETES_SERVICE_HOST");
	snprintf(url, size, literal_v6 ? "https://[%s]:%s" : "https://%s:%s", host, port);
	return 0;
}

static int account_files(struct kube_config *config, const char *directory, struct error *err)
{
	char *token;
	int result;

	if (asprintf(&config->token_file, "%s/token", directory) < 0) {
		config->token_file = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	if (asprintf(&config->ca_file, "%s/ca.crt", directory) < 0) {
		config->ca_file = NULL;
		return error_set(err, ENOMEM, "out of memory");
	}
	result = credentials_read_token(config->token_file, &token, err);
	if (result < 0)
		return error_wrap(err, "service account (is automountServiceAccountToken off?)");
	explicit_bzero(token, strlen(token));
	free(token);
	return config_check_pem_file(config->ca_file, "service account", err);
}

static int new_config(const char *origin, const char *server, struct kube_config **out,
                      struct error *err)
{
	struct kube_config *config = calloc(1, sizeof(*config));
	int result;

	if (config)
		config->origin = strdup(origin);
	if (!config || !config->origin) {
		kube_config_free(config);
		return error_set(err, ENOMEM, "out of memory");
	}
	result = config_set_server(config, server, err);
	if (result < 0) {
		kube_config_free(config);
		return error_wrap(err, "%s", origin);
	}
	*out = config;
	return 0;
}

int kube_config_in_cluster(const char *directory, struct kube_config **out, struct error *err)
{
	struct kube_config *config = NULL;
	char url[512];
	int result = service_url(url, sizeof(url), err);

	if (result < 0)
		return result;
	result = new_config("in-cluster", url, &config, err);
	if (result < 0)
		return result;
	result = account_files(config, directory ? directory : SERVICE_ACCOUNT_DIRECTORY, err);
	if (result < 0) {
		kube_config_free(config);
		return result;
	}
	*out = config;
	return 0;
}

int kube_config_bare(const char *server, struct kube_config **out, struct error *err)
{
	return new_config("--kube-api-url", server, out, err);
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void kube_config_free(struct kube_config *config)
{
	if (!config)
		return;
	free(config->origin);
	free(config->server);
	free(config->ca_file);
	free(config->ca_data);
	free(config->cert_file);
	free(config->cert_data);
	free(config->key_file);
	wipe(config->key_data);
	wipe(config->token);
	free(config->token_file);
	exec_config_free(config->exec);
	free(config->tls_server_name);
	wipe(config->proxy_url); /* may hold a password */
	free(config);
}
