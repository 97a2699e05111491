/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_patch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"
#include "simple_call.h"
#include "timestamp.h"

/* The others are an administrator's word to us. */
static bool is_written(size_t annotation)
{
	return annotation == NODE_ANNOTATION_SUBNET_MANAGER ||
	       annotation == NODE_ANNOTATION_BACKEND_TYPE ||
	       annotation == NODE_ANNOTATION_BACKEND_DATA ||
	       annotation == NODE_ANNOTATION_BACKEND_V6_DATA ||
	       annotation == NODE_ANNOTATION_PUBLIC_IP || annotation == NODE_ANNOTATION_PUBLIC_IPV6;
}

static bool add_annotations(cJSON *root, const struct kube_node_patch *patch,
                            const struct node_keys *keys)
{
	cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	bool good = annotations != NULL;

	for (size_t i = 0; good && i < NODE_ANNOTATIONS; i++)
		if (patch->forget && is_written(i))
			good = cJSON_AddNullToObject(annotations, keys->names[i]) != NULL;
		else if (patch->annotations[i])
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
	return patch->forget;
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

int kube_node_patch_send(struct kube_client *client, const char *node_name,
                         const char *annotation_prefix, const struct kube_node_patch *patch,
                         kube_answer_fn done, void *ctx, struct error *err)
{
	struct node_keys keys;
	struct simple_call call = {.method = "PATCH",
	                           .content_type = "application/strategic-merge-patch+json",
	                           .verb = "patch",
	                           .resource = "nodes/status",
	                           .done = done,
	                           .ctx = ctx};
	char *path, *body;
	int result = node_keys_init(&keys, annotation_prefix, err);

	if (result < 0)
		return result;
	if (!has_annotations(patch) && !patch->network_available)
		return error_set(err, EINVAL, "the patch of node %s is empty", node_name);
	path = simple_call_path("/api/v1/nodes/", node_name, "/status");
	body = node_patch_json(patch, &keys, (int64_t)time(NULL));
	call.path = path;
	call.body = body;
	result = simple_call_send(client, &call, err);
	free(path);
	cJSON_free(body);
	return result;
}
