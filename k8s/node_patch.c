/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_patch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"
#include "http_error.h"
#include "json.h"
#include "text.h"
#include "timestamp.h"

#define PATCH_TIMEOUT_S 30

/* One patch on its way. */
struct patching {
	const struct kube_config *config;
	kube_patch_done_fn done;
	void *ctx;
};

static bool add_annotations(cJSON *root, const struct kube_node_patch *patch,
                            const struct node_keys *keys)
{
	cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	bool good = annotations != NULL;

	for (size_t i = 0; good && i < NODE_ANNOTATIONS; i++)
		if (patch->annotations[i])
			good = cJSON_AddStringToObject(annotations, keys->names[i],
			                               patch->annotations[i]) != NULL;
	return good;
}

/* The API server merges conditions by their type, so the others stay. */
static bool add_condition(cJSON *root, int64_t now)
{
	cJSON *status = cJSON_AddObjectToObject(root, "status");
	cJSON *conditions = cJSON_AddArrayToObject(status, "conditions");
	cJSON *condition = cJSON_CreateObject();
	char when[TIMESTAMP_TEXT_MAX];

	timestamp_format(now, when);
	if (!cJSON_AddItemToArray(conditions, condition)) {
		cJSON_Delete(condition);
		return false;
	}
	return cJSON_AddStringToObject(condition, "type", "NetworkUnavailable") &&
	       cJSON_AddStringToObject(condition, "status", "False") &&
	       cJSON_AddStringToObject(condition, "reason", "FlannelIsUp") &&
	       cJSON_AddStringToObject(condition, "message", "Flannel is running on this node") &&
	       cJSON_AddStringToObject(condition, "lastTransitionTime", when) &&
	       cJSON_AddStringToObject(condition, "lastHeartbeatTime", when);
}

static bool has_annotations(const struct kube_node_patch *patch)
{
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++)
		if (patch->annotations[i])
			return true;
	return false;
}

char *node_patch_json(const struct kube_node_patch *patch, const struct node_keys *keys,
                      int64_t now)
{
	__attribute__((cleanup(json_release))) cJSON *root = cJSON_CreateObject();

	if (!root || (has_annotations(patch) && !add_annotations(root, patch, keys)) ||
	    (patch->network_available && !add_condition(root, now)))
		return NULL;
	return cJSON_PrintUnformatted(root);
}

static void on_done(void *ctx, const struct http_result *result)
{
	const struct patching *patching = ctx;
	struct error err = result->failure;
	int code = -err.code;

	if (result->status >= 300)
		code = http_explain_status(result, "patch", "nodes/status", patching->config, &err);
	text_flatten(err.text);
	patching->done(patching->ctx, code, &err);
}

static char *patch_path(const char *node_name)
{
	char *name = curl_easy_escape(NULL, node_name, 0);
	char *path;

	if (!name || asprintf(&path, "/api/v1/nodes/%s/status", name) < 0)
		path = NULL;
	curl_free(name);
	return path;
}

static int send_patch(struct kube_client *client, const char *node_name, const char *body,
                      struct patching *patching, struct error *err)
{
	char *path = patch_path(node_name);
	struct http_call call = {.method = "PATCH",
	                         .path = path,
	                         .accept = "application/json",
	                         .content_type = "application/strategic-merge-patch+json",
	                         .body = body,
	                         .timeout_s = PATCH_TIMEOUT_S,
	                         .ctx = patching,
	                         .done = on_done,
	                         .release = free};
	int result;

	if (!path || !body || !patching)
		result = error_set(err, ENOMEM, "out of memory");
	else
		result = http_start(client->http, &call, NULL, err);
	free(path);
	return result;
}

int kube_node_patch_send(struct kube_client *client, const char *node_name,
                         const char *annotation_prefix, const struct kube_node_patch *patch,
                         kube_patch_done_fn done, void *ctx, struct error *err)
{
	struct patching *patching;
	struct node_keys keys;
	char *body;
	int result = node_keys_init(&keys, annotation_prefix, err);

	if (result < 0)
		return result;
	if (!has_annotations(patch) && !patch->network_available)
		return error_set(err, EINVAL, "the patch of node %s is empty", node_name);
	patching = calloc(1, sizeof(*patching));
	body = node_patch_json(patch, &keys, (int64_t)time(NULL));
	if (patching)
		*patching = (struct patching){client->config, done, ctx};
	result = send_patch(client, node_name, body, patching, err);
	if (result < 0)
		free(patching);
	cJSON_free(body);
	return result;
}
