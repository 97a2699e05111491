/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec_credential.h"

#include <errno.h>
#include <stdlib.h>

#include "base64.h"
#include "config.h"
#include "credentials.h"
#include "exec_config.h"
#include "json.h"
#include "timestamp.h"

#define KIND "ExecCredential"

/* ---- what it is told ---- */

static bool add_text(cJSON *object, const char *name, const char *text)
{
	return !text || cJSON_AddStringToObject(object, name, text);
}

static bool add_ca(cJSON *cluster, const char *ca)
{
	char *encoded;
	bool added;

	if (!ca)
		return true;
	encoded = base64_encode_text(ca);
	added = encoded && add_text(cluster, "certificate-authority-data", encoded);
	free(encoded);
	return added;
}

static bool add_config(cJSON *cluster, const char *json)
{
	cJSON *config = json ? cJSON_Parse(json) : NULL;

	if (!json || cJSON_AddItemToObject(cluster, "config", config))
		return true;
	cJSON_Delete(config);
	return false;
}

static bool add_cluster(cJSON *spec, const struct kube_config *config, const char *ca)
{
	cJSON *cluster = cJSON_AddObjectToObject(spec, "cluster");

	return cluster && add_text(cluster, "server", config->server) &&
	       add_text(cluster, "tls-server-name", config->tls_server_name) &&
	       (!config->insecure_skip_tls_verify ||
	        cJSON_AddTrueToObject(cluster, "insecure-skip-tls-verify")) &&
	       (!config->disable_compression ||
	        cJSON_AddTrueToObject(cluster, "disable-compression")) &&
	       add_ca(cluster, ca) && add_text(cluster, "proxy-url", config->proxy_url) &&
	       add_config(cluster, config->exec->cluster_config);
}

char *exec_credential_request(const struct kube_config *config, const char *ca)
{
	__attribute__((cleanup(json_release))) cJSON *root = cJSON_CreateObject();
	cJSON *spec;

	if (!root || !add_text(root, "kind", KIND) ||
	    !add_text(root, "apiVersion", config->exec->api_version))
		return NULL;
	spec = cJSON_AddObjectToObject(root, "spec");
	if (!spec || !cJSON_AddFalseToObject(spec, "interactive") ||
	    (config->exec->cluster_info && !add_cluster(spec, config, ca)))
		return NULL;
	return cJSON_PrintUnformatted(root);
}

/* ---- what it answered ---- */

/* A member of the status that is a text; absent, null and empty are the same. */
static int take_text(const cJSON *status, const char *name, char **out, struct error *err)
{
	const cJSON *member = json_member(status, name);

	if (!member || cJSON_IsNull(member))
		return 0;
	if (!cJSON_IsString(member))
		return error_set(err, EINVAL, "its status.%s is not a text", name);
	if (member->valuestring[0] == '\0')
		return 0;
	*out = strdup(member->valuestring);
	return *out ? 0 : error_set(err, ENOMEM, "out of memory");
}

static int take_expiry(const cJSON *status, int64_t *out, struct error *err)
{
	const cJSON *member = json_member(status, "expirationTimestamp");
	const char *text = cJSON_GetStringValue(member);

	if (!member || cJSON_IsNull(member))
		return 0;
	*out = text ? timestamp_parse(text) : 0;
	if (*out != 0)
		return 0;
	return error_set(err, EINVAL,
	                 "its status.expirationTimestamp is not a time like "
	                 "2026-01-02T03:04:05Z");
}

static int check_secrets(const struct exec_credential *credential, struct error *err)
{
	if (credential->token && !credentials_is_token(credential->token))
		return error_set(err, EINVAL,
		                 "its status.token is not one line of plain characters");
	if (!credential->cert != !credential->key)
		return error_set(err, EINVAL,
		                 "its status has only one of clientCertificateData and "
		                 "clientKeyData");
	if (credential->cert &&
	    (config_check_pem(credential->cert, "its status.clientCertificateData", err) < 0 ||
	     config_check_pem(credential->key, "its status.clientKeyData", err) < 0))
		return -err->code;
	if (!credential->token && !credential->cert)
		return error_set(err, EINVAL,
		                 "its status has neither a token nor a client certificate");
	return 0;
}

static int take_status(const cJSON *status, struct exec_credential *out, struct error *err)
{
	int result;

	if (!cJSON_IsObject(status))
		return error_set(err, EINVAL, "its answer has no status");
	result = take_text(status, "token", &out->token, err);
	if (result == 0)
		result = take_text(status, "clientCertificateData", &out->cert, err);
	if (result == 0)
		result = take_text(status, "clientKeyData", &out->key, err);
	if (result == 0)
		result = take_expiry(status, &out->expires, err);
	return result < 0 ? result : check_secrets(out, err);
}

static int take(const cJSON *root, const char *api_version, struct exec_credential *out,
                struct error *err)
{
	const char *kind = json_string(root, "kind");
	const char *version = json_string(root, "apiVersion");

	if (!cJSON_IsObject(root))
		return error_set(err, EINVAL, "its answer is not a JSON object");
	if (json_duplicate(root))
		return error_set(err, EINVAL, "its answer has a member twice");
	if (!kind || strcmp(kind, KIND) != 0)
		return error_set(err, EINVAL, "its answer is not of kind " KIND);
	if (!version || strcmp(version, api_version) != 0)
		return error_set(err, EINVAL,
		                 "its answer is of another apiVersion than %s, which the "
		                 "kubeconfig names; make them the same",
		                 api_version);
	return take_status(json_member(root, "status"), out, err);
}

int exec_credential_parse(const char *text, size_t length, const char *api_version,
                          struct exec_credential *out, struct error *err)
{
	/* Nothing may follow it, hence with the NUL. */
	cJSON *root = cJSON_ParseWithLengthOpts(text, length + 1, NULL, true);
	int result;

	*out = (struct exec_credential){0};
	result = take(root, api_version, out, err);
	json_wipe(root);
	if (result < 0)
		exec_credential_wipe(out);
	return result;
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void exec_credential_wipe(struct exec_credential *credential)
{
	wipe(credential->token);
	wipe(credential->cert);
	wipe(credential->key);
	*credential = (struct exec_credential){0};
}
