/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_source.h"

#include <errno.h>
#include <stdlib.h>

#include "version.h"

/* ---- what is told ---- */

static void on_list_begin(void *ctx)
{
	const struct node_sink *sink = &((struct node_source *)ctx)->sink;

	sink->list_begin(sink->ctx);
}

static void on_node_changed(void *ctx, const struct node_record *record)
{
	const struct node_source *source = ctx;
	const struct node_sink *sink = &source->sink;

	log_verbose(source->log, 3, "Told of node %s", record->name);
	sink->node_changed(sink->ctx, record);
}

static void on_node_removed(void *ctx, const char *name)
{
	const struct node_source *source = ctx;
	const struct node_sink *sink = &source->sink;

	log_verbose(source->log, 3, "Told that node %s is gone", name);
	sink->node_removed(sink->ctx, name);
}

static void on_list_end(void *ctx, bool complete)
{
	const struct node_sink *sink = &((struct node_source *)ctx)->sink;

	sink->list_end(sink->ctx, complete);
}

static void on_resumed(void *ctx)
{
	const struct node_sink *sink = &((struct node_source *)ctx)->sink;

	sink->resumed(sink->ctx);
}

static void on_caught_up(void *ctx)
{
	const struct node_sink *sink = &((struct node_source *)ctx)->sink;

	sink->caught_up(sink->ctx);
}

static void on_version(void *ctx, const char *resource_version)
{
	const struct node_sink *sink = &((struct node_source *)ctx)->sink;

	if (sink->version)
		sink->version(sink->ctx, resource_version);
}

static void on_trouble(void *ctx, const struct error *err)
{
	struct node_source *source = ctx;

	/* An API server that is away costs nothing but news: what is in the kernel stays. */
	log_trouble(source->log, &source->trouble, err, uv_now(source->loop));
}

static void on_skipped(void *ctx, const struct error *err)
{
	struct node_source *source = ctx;

	log_sample(source->log, &source->skipped_items, err, uv_now(source->loop));
}

static void on_recovered(void *ctx)
{
	struct node_source *source = ctx;

	source->trouble = (struct log_repeat){0};
	log_info(source->log, "%s",
	         source->client ? "The API server answers again" : "The nodes file is good again");
}

static struct node_sink make_sink(struct node_source *source)
{
	return (struct node_sink){
		.ctx = source,
		.list_begin = on_list_begin,
		.node_changed = on_node_changed,
		.node_removed = on_node_removed,
		.list_end = on_list_end,
		.trouble = on_trouble,
		.recovered = on_recovered,
		.skipped = on_skipped,
		.resumed = on_resumed,
		.caught_up = on_caught_up,
		.version = on_version,
	};
}

/* ---- the sources ---- */

/* Whatever is wrong with a file that the administrator named is theirs to mend. */
static int call_mistake(struct error *err)
{
	err->code = EINVAL;
	return -EINVAL;
}

static void release_text(char **text)
{
	free(*text);
}

static int watch_nodes(struct node_source *source, struct error *err)
{
	__attribute__((cleanup(release_text))) char *resume_version = NULL;
	const struct node_sink sink = make_sink(source);
	struct kube_watch_options watch = {
		.annotation_prefix = source->settings->options->kube_annotation_prefix,
		.node_name = source->settings->node_name,
	};

	if (source->named && source->named(source->sink.ctx, &resume_version, err) < 0)
		return -err->code;
	log_info(source->log, "Waiting 10m0s for node controller to sync");
	log_info(source->log, "Starting kube subnet manager");
	watch.resume_version = resume_version;
	return kube_watch_start(source->client, &watch, &sink, err);
}

static void on_name_found(void *ctx, const char *node_name)
{
	struct node_source *source = ctx;
	struct settings *settings = source->settings;
	struct error err;

	pod_node_close(source->pod_node);
	source->pod_node = NULL;
	snprintf(settings->node_name, sizeof(settings->node_name), "%s", node_name);
	log_info(source->log, "Pod %s/%s runs on node %s", settings->pod_namespace,
	         settings->pod_name, settings->node_name);
	if (watch_nodes(source, &err) < 0)
		source->failed(source->sink.ctx, &err);
}

static int find_own_name(struct node_source *source, struct error *err)
{
	const struct pod_node_config config = {
		.loop = source->loop,
		.client = source->client,
		.log = source->log,
		.name_space = source->settings->pod_namespace,
		.pod = source->settings->pod_name,
		.ctx = source,
		.found = on_name_found,
	};

	return pod_node_find(&config, &source->pod_node, err);
}

static int follow_kubernetes(struct node_source *source, struct error *err)
{
	struct kube_config *kube = source->settings->kube;

	if (kube->insecure_skip_tls_verify)
		log_warning(source->log,
		            "%s: insecure-skip-tls-verify is set: anyone on the way to %s can "
		            "play the API server; give certificate-authority instead",
		            kube->origin, kube->server);
	if (kube_client_new(source->loop, kube, "hostgwd/" HOSTGW_VERSION, &source->client, err) <
	    0)
		return call_mistake(err);
	source->settings->kube = NULL; /* the client's now */
	source->kube = kube;
	if (!source->settings->node_name[0])
		return find_own_name(source, err);
	return watch_nodes(source, err);
}

static int follow_file(struct node_source *source, struct error *err)
{
	const struct options *options = source->settings->options;
	const struct node_sink sink = make_sink(source);

	log_info(source->log, "Reading nodes from %s", options->nodes_file);
	if (nodes_file_start(source->loop, options->nodes_file, options->kube_annotation_prefix,
	                     &sink, &source->nodes_file, err) == 0)
		return 0;
	if (err->code == EMFILE || err->code == ENFILE || err->code == ENOMEM)
		return -err->code;
	return call_mistake(err);
}

int node_source_open(struct node_source *source, struct error *err)
{
	if (source->settings->options->kube_subnet_mgr)
		return follow_kubernetes(source, err);
	return follow_file(source, err);
}

void node_source_reread(struct node_source *source)
{
	if (!source->nodes_file)
		return;
	source->trouble.text[0] = '\0';
	nodes_file_reread(source->nodes_file);
}

void node_source_close(struct node_source *source)
{
	pod_node_close(source->pod_node);
	source->pod_node = NULL;
	kube_client_close(source->client);
	source->client = NULL;
	source->kube = NULL;
	nodes_file_close(source->nodes_file);
	source->nodes_file = NULL;
}
