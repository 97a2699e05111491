/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec_config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"

#define CLUSTER_EXTENSION EXEC_API_GROUP "exec"

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

static bool is_absent(const cJSON *member)
{
	return !member || cJSON_IsNull(member);
}

/* *out stays NULL where the member is absent or empty. */
static int copy_text(const cJSON *object, const char *name, char **out, struct error *err)
{
	const cJSON *member = json_member(object, name);

	if (is_absent(member))
		return 0;
	if (!cJSON_IsString(member))
		return error_set(err, EINVAL, "\"%s\" must be a text; put it in quotes", name);
	if (member->valuestring[0] == '\0')
		return 0;
	*out = strdup(member->valuestring);
	return *out ? 0 : no_memory(err);
}

static int read_version(struct kube_exec *exec, const cJSON *object, struct error *err)
{
	int result = copy_text(object, "apiVersion", &exec->api_version, err);

	if (result < 0)
		return result;
	if (exec->api_version && (strcmp(exec->api_version, EXEC_API_GROUP "v1") == 0 ||
	                          strcmp(exec->api_version, EXEC_API_GROUP "v1beta1") == 0))
		return 0;
	error_set(err, EINVAL,
	          "apiVersion \"%s\" is not supported, but " EXEC_API_GROUP "v1 and v1beta1 are",
	          exec->api_version ? exec->api_version : "");
	error_tame(err->text);
	return error_advise(
		err, "make the kubeconfig anew with a current version of the tool that made it");
}

/* Nobody sits at a daemon's terminal. */
static int read_mode(const cJSON *object, struct error *err)
{
	const cJSON *member = json_member(object, "interactiveMode");
	const char *mode = cJSON_GetStringValue(member);

	if (is_absent(member) ||
	    (mode && (strcmp(mode, "Never") == 0 || strcmp(mode, "IfAvailable") == 0)))
		return 0;
	if (mode && strcmp(mode, "Always") == 0)
		return error_set(err, EINVAL,
		                 "interactiveMode is Always, but a daemon has no terminal; set it "
		                 "to IfAvailable, or put a \"token\", a \"tokenFile\" or a client "
		                 "certificate into this user");
	return error_set(err, EINVAL, "\"interactiveMode\" must be Never, IfAvailable or Always");
}

static int read_arguments(struct kube_exec *exec, const cJSON *object, struct error *err)
{
	const cJSON *list = json_member(object, "args");
	const cJSON *item;
	size_t count = 0;

	if (!is_absent(list) && !cJSON_IsArray(list))
		return error_set(err, EINVAL, "\"args\" must be a list of texts");
	exec->arguments = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(char *));
	if (!exec->arguments)
		return no_memory(err);
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item))
			return error_set(err, EINVAL,
			                 "\"args\" must be a list of texts; put numbers in "
			                 "quotes");
		exec->arguments[count] = strdup(item->valuestring);
		if (!exec->arguments[count++])
			return no_memory(err);
	}
	return 0;
}

static int read_variable(const cJSON *item, char **out, struct error *err)
{
	const char *name = json_string(item, "name");
	const char *value = json_string(item, "value");

	if (!name || !*name || strchr(name, '=') || !value)
		return error_set(err, EINVAL,
		                 "\"env\" must be a list of {name: ..., value: ...}, both texts");
	if (asprintf(out, "%s=%s", name, value) < 0) {
		*out = NULL;
		return no_memory(err);
	}
	return 0;
}

static int read_environment(struct kube_exec *exec, const cJSON *object, struct error *err)
{
	const cJSON *list = json_member(object, "env");
	const cJSON *item;
	size_t count = 0;
	int result = 0;

	if (!is_absent(list) && !cJSON_IsArray(list))
		return error_set(err, EINVAL, "\"env\" must be a list of {name: ..., value: ...}");
	exec->environment = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(char *));
	if (!exec->environment)
		return no_memory(err);
	cJSON_ArrayForEach(item, list)
	{
		result = read_variable(item, &exec->environment[count++], err);
		if (result < 0)
			break;
	}
	return result;
}

/* Arbitrary JSON, for the plugin alone. */
static int read_cluster_config(struct kube_exec *exec, const cJSON *cluster, struct error *err)
{
	const cJSON *entry;
	const cJSON *extensions = json_member(cluster, "extensions");

	if (!exec->cluster_info || !cJSON_IsArray(extensions))
		return 0;
	cJSON_ArrayForEach(entry, extensions)
	{
		const char *name = json_string(entry, "name");
		const cJSON *extension = json_member(entry, "extension");

		if (!name || strcmp(name, CLUSTER_EXTENSION) != 0 || !extension)
			continue;
		exec->cluster_config = cJSON_PrintUnformatted(extension);
		return exec->cluster_config ? 0 : no_memory(err);
	}
	return 0;
}

static int read_cluster_info(struct kube_exec *exec, const cJSON *object, const cJSON *cluster,
                             struct error *err)
{
	const cJSON *wanted = json_member(object, "provideClusterInfo");

	if (!is_absent(wanted) && !cJSON_IsBool(wanted))
		return error_set(err, EINVAL, "\"provideClusterInfo\" must be true or false");
	exec->cluster_info = cJSON_IsTrue(wanted);
	return read_cluster_config(exec, cluster, err);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Folders of PATH that are not absolute would mean another program in another working folder. */
static char *find_in_path(const char *command)
{
	const char *at = getenv("PATH");
	char *candidate;

	for (size_t length; at && *at; at += length + (at[length] == ':')) {
		length = strcspn(at, ":");
		if (*at != '/')
			continue;
		if (asprintf(&candidate, "%.*s/%s", (int)length, at, command) < 0)
			return NULL;
		if (is_program(candidate))
			return candidate;
		free(candidate);
	}
	return NULL;
}

static char *find_at(const char *folder, const char *command)
{
	char *path;

	if (command[0] == '/')
		path = strdup(command);
	else if (asprintf(&path, "%s/%s", folder, command) < 0)
		path = NULL;
	if (path && is_program(path))
		return path;
	free(path);
	return NULL;
}

static int find_program(struct kube_exec *exec, const char *folder, struct error *err)
{
	bool is_path = strchr(exec->command, '/') != NULL;
	const char *hint = exec->install_hint;

	exec->program = is_path ? find_at(folder, exec->command) : find_in_path(exec->command);
	if (exec->program)
		return 0;
	error_set(err, ENOENT, "there is no program \"%s\"%s", exec->command,
	          is_path ? "" : " in PATH");
	error_tame(err->text);
	return error_advise(err, "%s", hint ? hint : "install it");
}

static int fill(struct kube_exec *exec, const cJSON *object, const cJSON *cluster,
                const char *folder, struct error *err)
{
	int result = read_version(exec, object, err);

	if (result == 0)
		result = read_mode(object, err);
	if (result == 0)
		result = copy_text(object, "command", &exec->command, err);
	if (result == 0 && !exec->command)
		result = error_set(err, EINVAL, "there is no \"command\"");
	if (result == 0)
		result = copy_text(object, "installHint", &exec->install_hint, err);
	if (result == 0)
		result = read_arguments(exec, object, err);
	if (result == 0)
		result = read_environment(exec, object, err);
	if (result == 0)
		result = read_cluster_info(exec, object, cluster, err);
	return result < 0 ? result : find_program(exec, folder, err);
}

int exec_config_read(const cJSON *exec, const cJSON *cluster, const char *folder,
                     struct kube_exec **out, struct error *err)
{
	struct kube_exec *made = calloc(1, sizeof(*made));
	int result;

	if (!made)
		return no_memory(err);
	result = fill(made, exec, cluster, folder, err);
	if (result < 0) {
		exec_config_free(made);
		return error_wrap(err, "exec");
	}
	*out = made;
	return 0;
}

static void free_texts(char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++) {
		explicit_bzero(texts[i], strlen(texts[i]));
		free(texts[i]);
	}
	free(texts);
}

void exec_config_free(struct kube_exec *exec)
{
	if (!exec)
		return;
	free(exec->api_version);
	free(exec->command);
	free(exec->program);
	free_texts(exec->arguments);
	free_texts(exec->environment);
	free(exec->install_hint);
	cJSON_free(exec->cluster_config);
	free(exec);
}
