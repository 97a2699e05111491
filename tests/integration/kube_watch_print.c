/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes library alone: prints what the sink of a watch hears, a line
 * each, until SIGTERM. For tests that play the API server.
 */
#include <signal.h>
#include <stdlib.h>

#include "hostgw/kube_client.h"

#define PREFIX "flannel.alpha.coreos.com"
#define USAGE                                                               \
	"usage: kube_watch_print [--count] [--end-at LINE] [--patch NODE] " \
	"(--kubeconfig FILE | --server URL | --in-cluster FOLDER)\n"        \
	"--count: nodes of a list are counted, not printed\n"               \
	"--end-at: ends with the first line that begins so\n"

struct program {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct kube_client *client;
	bool count;
	const char *end_at; /* the first word of a line */
	const char *patch;  /* a node whose status is patched at the start */
	bool in_list;
	unsigned long listed;
};

static void end(struct program *program)
{
	program->end_at = NULL;
	kube_client_close(program->client);
	program->client = NULL;
	for (size_t i = 0; i < 2; i++)
		if (!uv_is_closing((uv_handle_t *)&program->signals[i]))
			uv_close((uv_handle_t *)&program->signals[i], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	end(handle->data);
}

/* A line was printed that begins with `word`; the client is closed right in its callback. */
static void said(struct program *program, const char *word)
{
	if (program->end_at && strcmp(word, program->end_at) == 0)
		end(program);
}

static void on_list_begin(void *ctx)
{
	struct program *program = ctx;

	program->in_list = true;
	program->listed = 0;
	printf("list_begin\n");
	said(program, "list_begin");
}

static void on_node_changed(void *ctx, const struct node_record *record)
{
	struct program *program = ctx;
	const char *public_ip = record->annotations[NODE_ANNOTATION_PUBLIC_IP];

	program->listed++;
	if (program->count && program->in_list)
		return;
	printf("node %s", record->name);
	for (size_t i = 0; i < record->pod_cidr_count; i++)
		printf(" %s", record->pod_cidrs[i]);
	for (size_t i = 0; i < record->address_count; i++)
		printf(" via %s", record->addresses[i]);
	if (public_ip)
		printf(" public %s", public_ip);
	printf("%s\n", record->network_available ? " available" : "");
	said(program, "node");
}

static void on_node_removed(void *ctx, const char *name)
{
	printf("removed %s\n", name);
	said(ctx, "removed");
}

static void on_list_end(void *ctx, bool complete)
{
	struct program *program = ctx;

	program->in_list = false;
	printf("list_end %lu%s\n", program->listed, complete ? "" : " incomplete");
	said(program, "list_end");
}

static void on_trouble(void *ctx, const struct error *err)
{
	printf("trouble %s\n", err->text);
	said(ctx, "trouble");
}

static void on_recovered(void *ctx)
{
	printf("recovered\n");
	said(ctx, "recovered");
}

static void on_patched(void *ctx, int result, const struct error *err)
{
	printf("patched %d %s\n", result, result < 0 ? err->text : "");
	said(ctx, "patched");
}

static int start(struct program *program, struct kube_config *config, struct error *err)
{
	struct node_sink sink = {.ctx = program,
	                         .list_begin = on_list_begin,
	                         .node_changed = on_node_changed,
	                         .node_removed = on_node_removed,
	                         .list_end = on_list_end,
	                         .trouble = on_trouble,
	                         .recovered = on_recovered};
	struct kube_node_patch patch = {.annotations = {[NODE_ANNOTATION_PUBLIC_IP] = "192.0.2.1"},
	                                .network_available = true};
	int result = kube_client_new(&program->loop, config, "kube_watch_print/1", &program->client,
	                             err);

	if (result < 0) {
		kube_config_free(config);
		return result;
	}
	if (program->patch)
		result = kube_node_patch_send(program->client, program->patch, PREFIX, &patch,
		                              on_patched, program, err);
	if (result == 0)
		result = kube_watch_start(program->client, PREFIX, &sink, err);
	return result;
}

static int configure(struct program *program, char **arguments, struct kube_config **config,
                     struct error *err)
{
	for (; *arguments; arguments++) {
		const char *value = arguments[1];

		if (strcmp(*arguments, "--count") == 0)
			program->count = true;
		else if (!value)
			break;
		else if (strcmp(*arguments, "--end-at") == 0)
			program->end_at = *++arguments;
		else if (strcmp(*arguments, "--patch") == 0)
			program->patch = *++arguments;
		else if (strcmp(*arguments, "--kubeconfig") == 0)
			return kube_config_read(value, NULL, config, err);
		else if (strcmp(*arguments, "--server") == 0)
			return kube_config_bare(value, config, err);
		else if (strcmp(*arguments, "--in-cluster") == 0)
			return kube_config_in_cluster(value, config, err);
	}
	return error_set(err, EINVAL, "%s", USAGE);
}

static void watch_signals(struct program *program)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&program->loop, &program->signals[i]);
		program->signals[i].data = program;
		uv_signal_start(&program->signals[i], on_signal, numbers[i]);
	}
}

/* Not getrusage(2): its peak may be the parent's, from before execve(2). */
static void print_peak(void)
{
	char line[128];
	long kib = 0;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (status)
		fclose(status);
	printf("end rss_kib=%ld\n", kib);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct kube_config *config = NULL;
	struct error err;
	int result;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (configure(&program, argv + 1, &config, &err) < 0) {
		fprintf(stderr, "kube_watch_print: %s\n", err.text);
		return 2;
	}
	uv_loop_init(&program.loop);
	watch_signals(&program);
	result = start(&program, config, &err);
	if (result < 0) {
		fprintf(stderr, "kube_watch_print: %s\n", err.text);
		end(&program);
	}
	uv_run(&program.loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&program.loop) != 0)
		return 3; /* a handle was left open */
	print_peak();
	return result < 0 ? 1 : 0;
}
