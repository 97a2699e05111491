/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "simple_call.h"

static bool add(cJSON *object, const char *name, const char *text)
{
	return !text || cJSON_AddStringToObject(object, name, text);
}

/* "nodes/status" is two members. */
static bool add_resource(cJSON *attributes, const char *resource)
{
	const char *slash = strchr(resource, '/');
	char *whole = strndup(resource, slash ? (size_t)(slash - resource) : strlen(resource));
	bool good = whole && add(attributes, "resource", whole) &&
	            add(attributes, "subresource", slash ? slash + 1 : NULL);

	free(whole);
	return good;
}

char *access_review_json(const struct kube_access *access)
{
	__attribute__((cleanup(json_release))) cJSON *root = cJSON_CreateObject();
	cJSON *spec = cJSON_AddObjectToObject(root, "spec");
	cJSON *attributes = cJSON_AddObjectToObject(spec, "resourceAttributes");

	if (!attributes || !add(root, "apiVersion", "authorization.k8s.io/v1") ||
	    !add(root, "kind", "SelfSubjectAccessReview") ||
	    !add(attributes, "verb", access->verb) || !add_resource(attributes, access->resource) ||
	    !add(attributes, "namespace", access->name_space) ||
	    !add(attributes, "name", access->object_name))
		return NULL;
	return cJSON_PrintUnformatted(root);
}

int kube_access_ask(struct kube_client *client, const struct kube_access *access,
                    kube_answer_fn done, void *ctx, struct error *err)
{
	char *body = access_review_json(access);
	const struct simple_call call = {
		.method = "POST",
		.path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		.content_type = "application/json",
		.body = body,
		.verb = "create",
		.resource = "selfsubjectaccessreviews",
		.wanted = {"status", "allowed"},
		.done = done,
		.ctx = ctx,
	};
	int result = simple_call_send(client, &call, err);

	cJSON_free(body);
	return result;
}

int kube_nodes_count(struct kube_client *client, kube_answer_fn done, void *ctx, struct error *err)
{
	const struct simple_call call = {.method = "GET",
	                                 .path = "/api/v1/nodes?limit=1",
	                                 .verb = "list",
	                                 .resource = "nodes",
	                                 .wanted = {"metadata", "remainingItemCount"},
	                                 .done = done,
	                                 .ctx = ctx};

	return simple_call_send(client, &call, err);
}

int kube_node_cidr_get(struct kube_client *client, const char *node_name, kube_answer_fn done,
                       void *ctx, struct error *err)
{
	char *path = simple_call_path("/api/v1/nodes/", node_name, "");
	const struct simple_call call = {.method = "GET",
	                                 .path = path,
	                                 .verb = "get",
	                                 .resource = "nodes",
	                                 .wanted = {"spec", "podCIDR"},
	                                 .done = done,
	                                 .ctx = ctx};
	int result = simple_call_send(client, &call, err);

	free(path);
	return result;
}
