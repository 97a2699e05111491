/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_event.h"

#include <stdlib.h>

#include "json.h"
#include "simple_call.h"
#include "timestamp.h"

#define EVENTS_PATH "/api/v1/namespaces/" KUBE_EVENT_NAMESPACE "/events"
#define COMPONENT   "hostgwd"

static bool add(cJSON *object, const char *name, const char *text)
{
	return cJSON_AddStringToObject(object, name, text) != NULL;
}

/* `kubectl describe node` looks for Events whose uid is the Node's name, as kubelet writes them. */
static bool add_objects(cJSON *root, const struct kube_event *event)
{
	cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");
	cJSON *involved = cJSON_AddObjectToObject(root, "involvedObject");
	cJSON *source = cJSON_AddObjectToObject(root, "source");

	return metadata && involved && source && add(metadata, "name", event->name) &&
	       add(metadata, "namespace", KUBE_EVENT_NAMESPACE) &&
	       add(involved, "apiVersion", "v1") && add(involved, "kind", "Node") &&
	       add(involved, "name", event->node_name) && add(involved, "uid", event->node_name) &&
	       add(source, "component", COMPONENT) && add(source, "host", event->reporter);
}

static bool add_news(cJSON *root, const struct kube_event *event)
{
	char first[TIMESTAMP_TEXT_MAX];

	return add(root, "apiVersion", "v1") && add(root, "kind", "Event") &&
	       add_objects(root, event) && add(root, "type", "Warning") &&
	       add(root, "reason", event->reason) && add(root, "message", event->message) &&
	       add(root, "firstTimestamp", timestamp_format(event->first, first)) &&
	       add(root, "reportingComponent", COMPONENT) &&
	       add(root, "reportingInstance", event->reporter);
}

char *kube_event_json(const struct kube_event *event)
{
	__attribute__((cleanup(json_release))) cJSON *root = cJSON_CreateObject();
	char last[TIMESTAMP_TEXT_MAX];

	if (!root || (!event->known && !add_news(root, event)) ||
	    !add(root, "lastTimestamp", timestamp_format(event->last, last)) ||
	    !cJSON_AddNumberToObject(root, "count", event->count))
		return NULL;
	return cJSON_PrintUnformatted(root);
}

int kube_event_send(struct kube_client *client, const struct kube_event *event, kube_answer_fn done,
                    void *ctx, struct error *err)
{
	char *path = simple_call_path(event->known ? EVENTS_PATH "/" : EVENTS_PATH,
	                              event->known ? event->name : "", "");
	char *body = kube_event_json(event);
	const struct simple_call call = {
		.method = event->known ? "PATCH" : "POST",
		.path = path,
		.content_type = event->known ? "application/strategic-merge-patch+json"
	                                     : "application/json",
		.body = body,
		.verb = event->known ? "patch" : "create",
		.resource = "events",
		.done = done,
		.ctx = ctx,
	};
	int result = simple_call_send(client, &call, err);

	free(path);
	cJSON_free(body);
	return result;
}
