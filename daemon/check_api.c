/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_api.h"

#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "hostgw/kube_request.h"
#include "version.h"

struct enquiry;

/* One permission that was asked for. */
struct question {
	struct enquiry *enquiry;
	struct check_permission *permission;
};

struct enquiry {
	struct check_host *host;
	uv_loop_t loop;
	uv_timer_t deadline;
	struct kube_client *client;
	struct question questions[CHECK_PERMISSIONS_MAX];
	unsigned open; /* answers that are still to come */
	bool counted;  /* the Nodes */
};

static void note_answer(struct enquiry *enquiry)
{
	if (--enquiry->open == 0)
		uv_stop(&enquiry->loop);
}

/* ---- answers ---- */

static void on_count(void *ctx, const struct kube_answer *answer)
{
	struct enquiry *enquiry = ctx;
	struct check_facts *facts = &enquiry->host->facts;

	enquiry->counted = true;
	if (answer->result < 0)
		facts->source_error = answer->err;
	else
		facts->node_count = 1 + (answer->text ? strtoull(answer->text, NULL, 10) : 0);
	note_answer(enquiry);
}

static void on_own_node(void *ctx, const struct kube_answer *answer)
{
	struct enquiry *enquiry = ctx;
	struct check_facts *facts = &enquiry->host->facts;

	facts->own_node_known = answer->result == 0 || answer->result == -ENOENT;
	facts->own_node_there = answer->result == 0;
	facts->own_cidr_there = answer->result == 0 && answer->text && *answer->text;
	note_answer(enquiry);
}

static void on_permission(void *ctx, const struct kube_answer *answer)
{
	const struct question *question = ctx;

	if (answer->result == 0 && answer->text)
		question->permission->state = strcmp(answer->text, "true") == 0 ? PERMISSION_GRANTED
		                                                                : PERMISSION_DENIED;
	note_answer(question->enquiry);
}

static void ask_for_own_node(struct enquiry *enquiry)
{
	struct error err;

	if (kube_node_cidr_get(enquiry->client, enquiry->host->node_name, on_own_node, enquiry,
	                       &err) == 0)
		enquiry->open++;
}

static void on_pod_node(void *ctx, const struct kube_answer *answer)
{
	struct enquiry *enquiry = ctx;
	struct check_host *host = enquiry->host;

	if (answer->result == 0 && answer->text && *answer->text) {
		snprintf(host->node_name, sizeof(host->node_name), "%s", answer->text);
		ask_for_own_node(enquiry);
	}
	note_answer(enquiry);
}

/* ---- questions ---- */

/* What deploy/rbac.yaml allows, as far as the flags make use of it. */
static void list_permissions(struct check_host *host)
{
	const struct options *options = host->facts.options;
	const struct {
		struct check_permission permission;
		bool needed;
	} all[] = {
		{{"list", "nodes", "knowing the nodes", NULL, PERMISSION_UNKNOWN}, true},
		{{"watch", "nodes", "following the nodes", NULL, PERMISSION_UNKNOWN}, true},
		{{"get", "nodes", "a restart without a list", "--state-dir=", PERMISSION_UNKNOWN},
	         options->state_dir[0] != '\0'},
		{{"patch", "nodes/status", "the own Node's annotations and condition",
	          "--annotate=false", PERMISSION_UNKNOWN},
	         options->annotate},
		{{"create", "events", "telling of trouble by Events", "--events=false",
	          PERMISSION_UNKNOWN},
	         options->events},
		{{"patch", "events", "telling of trouble by Events", "--events=false",
	          PERMISSION_UNKNOWN},
	         options->events},
		{{"get", "pods", "finding the own Node's name", "--node-name", PERMISSION_UNKNOWN},
	         host->settings.node_name[0] == '\0'},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].needed)
			host->facts.permissions[host->facts.permission_count++] = all[i].permission;
}

/* The namespace is where its objects are. */
static const char *name_space_of(const struct check_host *host, const char *resource)
{
	if (strcmp(resource, "events") == 0)
		return KUBE_EVENT_NAMESPACE;
	return strcmp(resource, "pods") == 0 ? host->settings.pod_namespace : NULL;
}

static void ask_for_permissions(struct enquiry *enquiry)
{
	struct check_facts *facts = &enquiry->host->facts;
	struct error err;

	for (size_t i = 0; i < facts->permission_count; i++) {
		struct check_permission *permission = &facts->permissions[i];
		const struct kube_access access = {
			.verb = permission->verb,
			.resource = permission->resource,
			.name_space = name_space_of(enquiry->host, permission->resource),
		};

		enquiry->questions[i] = (struct question){enquiry, permission};
		if (kube_access_ask(enquiry->client, &access, on_permission, &enquiry->questions[i],
		                    &err) == 0)
			enquiry->open++;
	}
}

static void ask_for_nodes(struct enquiry *enquiry)
{
	struct check_host *host = enquiry->host;
	const struct settings *settings = &host->settings;
	struct check_facts *facts = &host->facts;
	struct error err;

	if (kube_nodes_count(enquiry->client, on_count, enquiry, &facts->source_error) == 0)
		enquiry->open++;
	if (host->node_name[0])
		ask_for_own_node(enquiry);
	else if (kube_pod_node_get(enquiry->client, settings->pod_namespace, settings->pod_name,
	                           on_pod_node, enquiry, &err) == 0)
		enquiry->open++;
}

static void on_deadline(uv_timer_t *timer)
{
	struct enquiry *enquiry = timer->data;

	if (!enquiry->counted)
		error_set(&enquiry->host->facts.source_error, ETIMEDOUT,
		          "%s has not answered within %d s; is it reachable from this host?",
		          enquiry->host->source, CHECK_PATIENCE_MS / 1000);
	uv_stop(timer->loop);
}

static void ask_all(struct enquiry *enquiry)
{
	struct check_facts *facts = &enquiry->host->facts;

	uv_timer_init(&enquiry->loop, &enquiry->deadline);
	enquiry->deadline.data = enquiry;
	uv_timer_start(&enquiry->deadline, on_deadline, CHECK_PATIENCE_MS, 0);
	list_permissions(enquiry->host);
	ask_for_nodes(enquiry);
	ask_for_permissions(enquiry);
	if (enquiry->open > 0)
		uv_run(&enquiry->loop, UV_RUN_DEFAULT);
	/* Of a server that is not reached it is said once; of a list that is forbidden by name. */
	if (facts->source_error.code != 0 && facts->source_error.code != EACCES)
		facts->permission_count = 0;
}

void check_api_ask(struct check_host *host)
{
	struct enquiry enquiry = {.host = host};
	struct error *err = &host->facts.source_error;
	int result = uv_loop_init(&enquiry.loop);

	if (result < 0) {
		error_set(err, -result, "starting the event loop: %s; see ulimit -n",
		          uv_strerror(result));
		return;
	}
	snprintf(host->source, sizeof(host->source), "%s", host->settings.kube->server);
	host->facts.source = host->source;
	if (kube_client_new(&enquiry.loop, host->settings.kube, "hostgwd/" HOSTGW_VERSION,
	                    &enquiry.client, err) == 0) {
		host->settings.kube = NULL; /* the client's now */
		ask_all(&enquiry);
		kube_client_close(enquiry.client);
		handle_close(&enquiry.deadline);
	}
	uv_run(&enquiry.loop, UV_RUN_DEFAULT);
	uv_loop_close(&enquiry.loop);
}
