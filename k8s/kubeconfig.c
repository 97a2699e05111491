/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base64.h"
#include "config.h"
#include "credentials.h"
#include "exec_config.h"
#include "file.h"
#include "hostgw/json_place.h"
#include "json.h"
#include "text.h"
#include "yaml_json.h"

#define KUBECONFIG_MAX      (4u * 1024u * 1024u)
#define KUBECONFIG_JSON_MAX (8u * KUBECONFIG_MAX)

struct loading {
	const char *path;
	struct kube_config *config;
	const cJSON *at; /* what was looked at last: where there is an error, it is here */
	struct error *err;
};

static int no_memory(struct loading *l)
{
	return error_set(l->err, ENOMEM, "out of memory");
}

static int append_json(void *ctx, const char *json, size_t length, struct error *err)
{
	if (text_append(ctx, json, length, KUBECONFIG_JSON_MAX) < 0)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

/* JSON is read as JSON: libyaml refuses the tabs that some indent it with. YAML leaves in `json`
 * what it was converted to. */
static int parse(const char *text, size_t length, struct text *json, cJSON **out, struct error *err)
{
	int result;

	*out = cJSON_ParseWithLengthOpts(text, length + 1, NULL, true);
	if (cJSON_IsObject(*out))
		return 0;
	json_wipe(*out);
	*out = NULL;
	result = yaml_json_convert(text, length, append_json, json, err);
	if (result == 0) {
		*out = json->bytes ? cJSON_ParseWithLength(json->bytes, json->length) : NULL;
		if (!cJSON_IsObject(*out))
			result = error_set(
				err, EINVAL,
				"this is not a kubeconfig: it is no YAML mapping; name the right file");
	}
	return result;
}

static const cJSON *look_at(struct loading *l, const cJSON *object, const char *name)
{
	const cJSON *member = json_member(object, name);

	l->at = member ? member : object;
	return member;
}

static const char *look_at_string(struct loading *l, const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(look_at(l, object, name));
}

/* The entry of `list` (contexts, clusters, users) called `name`. */
static const cJSON *named_entry(const cJSON *root, const char *list, const char *name)
{
	const cJSON *entry;
	const cJSON *entries = json_member(root, list);

	if (!cJSON_IsArray(entries))
		return NULL;
	cJSON_ArrayForEach(entry, entries)
	{
		const char *candidate = json_string(entry, "name");

		if (candidate && strcmp(candidate, name) == 0)
			return entry;
	}
	return NULL;
}

/* Its member `what`. Where there is none called so, the mistake is where the name was read. */
static int find_entry(struct loading *l, const cJSON *root, const char *list, const char *what,
                      const char *name, const cJSON **out)
{
	const cJSON *entry = named_entry(root, list, name);

	*out = entry ? look_at(l, entry, what) : NULL;
	if (cJSON_IsObject(*out))
		return 0;
	error_set(l->err, EINVAL, "there is no %s \"%s\" under \"%s\"", what, name, list);
	error_tame(l->err->text);
	return error_advise(l->err, "add it, or correct the name");
}

/* A string member copied; *out stays NULL where it is absent or empty. */
static int copy_string(struct loading *l, const cJSON *object, const char *name, char **out)
{
	const cJSON *member = look_at(l, object, name);

	if (!member || cJSON_IsNull(member))
		return 0;
	if (!cJSON_IsString(member))
		return error_set(l->err, EINVAL, "\"%s\" must be a text; put it in quotes", name);
	if (member->valuestring[0] == '\0')
		return 0;
	*out = strdup(member->valuestring);
	return *out ? 0 : no_memory(l);
}

/* Where relative paths begin; to be freed. */
static char *folder_of(const char *path)
{
	char *copy = strdup(path);
	char *folder = copy ? strdup(dirname(copy)) : NULL;

	free(copy);
	return folder;
}

/* Like copy_string, for a file: relative to the kubeconfig's own folder. */
static int copy_path(struct loading *l, const cJSON *object, const char *name, char **out)
{
	char *given = NULL;
	char *folder;
	int result = copy_string(l, object, name, &given);

	if (result < 0 || !given || given[0] == '/') {
		*out = given;
		return result;
	}
	folder = folder_of(l->path);
	if (!folder || asprintf(out, "%s/%s", folder, given) < 0) {
		*out = NULL;
		result = no_memory(l);
	}
	free(folder);
	free(given);
	return result;
}

/* `name`-data (base64) wins over the file `name`, as in kubectl. */
static int copy_pem(struct loading *l, const cJSON *object, const char *name, char **file,
                    char **data)
{
	char data_name[64];
	char *encoded = NULL;
	int result;

	snprintf(data_name, sizeof(data_name), "%s-data", name);
	result = copy_string(l, object, data_name, &encoded);
	if (result < 0)
		return result;
	if (!encoded) {
		result = copy_path(l, object, name, file);
		return result < 0 || !*file ? result : config_check_pem_file(*file, name, l->err);
	}
	*data = base64_decode_text(encoded);
	explicit_bzero(encoded, strlen(encoded));
	free(encoded);
	if (!*data)
		return error_set(l->err, EINVAL,
		                 "%s is not base64, it may be cut off; make the kubeconfig anew",
		                 data_name);
	return config_check_pem(*data, data_name, l->err);
}

/* It may hold a password: what is wrong with it is told without it. */
static int load_proxy(struct loading *l, const cJSON *cluster)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://"};
	int result = copy_string(l, cluster, "proxy-url", &l->config->proxy_url);
	const char *url = l->config->proxy_url;
	bool known = false;

	if (result < 0 || !url)
		return result;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		known = known || strncmp(url, schemes[i], strlen(schemes[i])) == 0;
	if (!known)
		return error_set(l->err, EINVAL,
		                 "\"proxy-url\" must begin with http://, https:// or socks5://");
	if (!config_is_url(url))
		return error_set(l->err, EINVAL,
		                 "\"proxy-url\" is not a URL of the form http://host:port; what is "
		                 "special in a user or password must be written as %%XX");
	return 0;
}

static int copy_bool(struct loading *l, const cJSON *object, const char *name, bool *out)
{
	const cJSON *member = look_at(l, object, name);

	*out = cJSON_IsTrue(member);
	if (!member || cJSON_IsBool(member) || cJSON_IsNull(member))
		return 0;
	return error_set(l->err, EINVAL, "\"%s\" must be true or false", name);
}

static int load_cluster(struct loading *l, const cJSON *cluster, const char *server)
{
	struct kube_config *config = l->config;
	const char *url = look_at_string(l, cluster, "server");
	int result;

	if (server)
		l->at = NULL; /* a mistake in it is not in the file */
	else if (!url)
		return error_set(l->err, EINVAL,
		                 "the cluster has no \"server\"; add the API server's URL");
	result = config_set_server(config, server ? server : url, l->err);
	if (result == 0)
		result = copy_pem(l, cluster, "certificate-authority", &config->ca_file,
		                  &config->ca_data);
	if (result == 0)
		result = copy_string(l, cluster, "tls-server-name", &config->tls_server_name);
	if (result == 0)
		result = load_proxy(l, cluster);
	if (result == 0)
		result = copy_bool(l, cluster, "insecure-skip-tls-verify",
		                   &config->insecure_skip_tls_verify);
	if (result == 0)
		result = copy_bool(l, cluster, "disable-compression", &config->disable_compression);
	config->compression = cJSON_IsFalse(json_member(cluster, "disable-compression"));
	return result;
}

/* A token that is given makes the plugin needless, as it does for kubectl. */
static int load_plugin(struct loading *l, const cJSON *user, const cJSON *cluster)
{
	const cJSON *exec;
	char *folder;
	int result;

	if (look_at(l, user, "auth-provider"))
		return error_set(
			l->err, EINVAL,
			"\"auth-provider\" is not supported, as Kubernetes removed it; put a "
			"\"token\", a \"tokenFile\" or a client certificate into this user");
	exec = look_at(l, user, "exec");
	if (!exec || cJSON_IsNull(exec) || l->config->token || l->config->token_file)
		return 0;
	folder = folder_of(l->path);
	if (!folder)
		return no_memory(l);
	result = exec_config_read(exec, cluster, folder, &l->config->exec, l->err);
	free(folder);
	return result;
}

/* The token file is read now, so that a wrong path is told at the start. */
static int load_token(struct loading *l, const cJSON *user)
{
	struct kube_config *config = l->config;
	char *token;
	int result = copy_string(l, user, "token", &config->token);

	if (result == 0 && config->token && !credentials_is_token(config->token))
		result = error_set(l->err, EINVAL,
		                   "\"token\" must be one line of plain characters without blanks");
	if (result == 0)
		result = copy_path(l, user, "tokenFile", &config->token_file);
	if (result < 0 || !config->token_file)
		return result;
	result = credentials_read_token(config->token_file, &token, l->err);
	if (result < 0)
		return result;
	explicit_bzero(token, strlen(token));
	free(token);
	return 0;
}

static int load_user(struct loading *l, const cJSON *user, const cJSON *cluster)
{
	struct kube_config *config = l->config;
	int result = load_token(l, user);

	if (result == 0)
		result = load_plugin(l, user, cluster);
	if (result == 0)
		result = copy_pem(l, user, "client-certificate", &config->cert_file,
		                  &config->cert_data);
	if (result == 0)
		result = copy_pem(l, user, "client-key", &config->key_file, &config->key_data);
	if (result < 0)
		return result;
	l->at = user;
	if ((config->cert_file || config->cert_data) != (config->key_file || config->key_data))
		return error_set(l->err, EINVAL,
		                 "client-certificate and client-key are needed both or not at all");
	return 0;
}

static int refuse_twice(struct loading *l, const cJSON *twice)
{
	l->at = twice;
	error_set(l->err, EINVAL, "\"%s\" occurs twice in one mapping", twice->string);
	error_tame(l->err->text);
	return error_advise(l->err, "remove one of them");
}

static int load_context(struct loading *l, const cJSON *root, const char *server)
{
	const char *current = look_at_string(l, root, "current-context");
	const cJSON *twice = json_duplicate(root);
	const cJSON *context, *cluster, *entry;
	const char *cluster_name, *user;
	int result;

	if (twice)
		return refuse_twice(l, twice);
	if (!current || !*current)
		return error_set(
			l->err, EINVAL,
			"there is no current-context; kubectl config use-context NAME sets it");
	result = find_entry(l, root, "contexts", "context", current, &context);
	if (result < 0)
		return result;
	cluster_name = look_at_string(l, context, "cluster");
	if (!cluster_name) {
		error_set(l->err, EINVAL, "context \"%s\" names no cluster", current);
		error_tame(l->err->text);
		return error_advise(l->err, "add its \"cluster\"");
	}
	result = find_entry(l, root, "clusters", "cluster", cluster_name, &cluster);
	if (result == 0)
		result = load_cluster(l, cluster, server);
	if (result < 0)
		return error_wrap(l->err, "cluster \"%s\"", cluster_name);
	user = look_at_string(l, context, "user");
	if (!user || !*user)
		return 0;
	result = find_entry(l, root, "users", "user", user, &entry);
	if (result == 0)
		result = load_user(l, entry, cluster);
	return result < 0 ? error_wrap(l->err, "user \"%s\"", user) : 0;
}

/* `json`: what `root` was parsed from. Who cannot mend the file can have another one. */
static void wrap_place(const struct loading *l, const char *json, const cJSON *root)
{
	size_t line = json_place_of(json, root, l->at).line;

	if (line > 0)
		error_wrap(l->err, "line %zu", line);
	error_wrap(l->err, "kubeconfig %s", l->path);
	error_advise(l->err, "mend that, or make the file anew with the tool that made it");
}

static int load(struct loading *l, const char *server)
{
	struct text converted = {0};
	cJSON *root = NULL;
	char *text;
	size_t length;
	int result = kube_file_read(l->path, KUBECONFIG_MAX, &text, &length, l->err);

	if (result < 0)
		return error_wrap(l->err, "kubeconfig");
	result = parse(text, length, &converted, &root, l->err);
	if (result == 0)
		result = load_context(l, root, server);
	if (result < 0)
		wrap_place(l, converted.bytes ? converted.bytes : text, root);
	text_free(&converted);
	explicit_bzero(text, length);
	free(text);
	json_wipe(root);
	return result;
}

int kube_config_read(const char *path, const char *server, struct kube_config **out,
                     struct error *err)
{
	struct loading l = {.path = path, .err = err};
	int result;

	l.config = calloc(1, sizeof(*l.config));
	if (!l.config)
		return no_memory(&l);
	l.config->origin = strdup(path);
	result = l.config->origin ? load(&l, server) : no_memory(&l);
	if (result < 0) {
		kube_config_free(l.config);
		return result;
	}
	*out = l.config;
	return 0;
}
