/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_state.h"
#include "host_address.h"

static struct warm_facts gather_facts(const struct agent *agent, const char *resource_version)
{
	return (struct warm_facts){
		.resource_version = resource_version,
		.nodes = agent->nodes,
		.own = &agent->own,
	};
}

void agent_keep(void *ctx, const char *resource_version)
{
	struct agent *agent = ctx;

	monitoring_note_sync(agent->monitoring);
	warm_state_save(agent->warm, gather_facts(agent, resource_version), uv_now(&agent->loop));
}

void agent_keep_last(struct agent *agent)
{
	struct kube_client *client = agent->source.client;
	const char *version = client ? kube_watch_version(client) : NULL;

	if (version && agent->synced)
		warm_state_save_last(agent->warm, gather_facts(agent, version));
}

int agent_recall(struct agent *agent, char **version, struct error *err)
{
	const struct warm_state_config config = {
		.loop = &agent->loop,
		.log = agent->log,
		.folder = agent->options->state_dir,
		.kube = agent->source.kube,
		.annotation_prefix = agent->options->kube_annotation_prefix,
		.node_name = agent->settings.node_name,
	};
	struct warm_memory memory;
	int result = warm_state_new(&config, &agent->warm, err);

	*version = NULL;
	if (result < 0 || !warm_state_load(agent->warm, &memory))
		return result;
	node_table_free(agent->nodes);
	agent->nodes = memory.nodes;
	agent->own = memory.own;
	host_ask_address(&agent->host, &agent->own); /* a round is asked for below */
	*version = memory.resource_version;
	agent->rounds.nodes = agent->nodes;
	agent->rounds.may_run = true;
	log_info(agent->log, "Warm state: %zu nodes, kept until the API server tells of others",
	         node_table_count(agent->nodes));
	rounds_ask(&agent->rounds);
	return 0;
}
