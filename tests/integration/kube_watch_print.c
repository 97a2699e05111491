/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes library alone: prints what the sink of a watch hears, a line
 * each, until SIGTERM. For tests that play the API server.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "hostgw/kube_client.h"
#include "hostgw/kube_launch.h"
#include "hostgw/kube_request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PREFIX       "flannel.alpha.coreos.com"
#define USAGE                                                            \
	"usage: kube_watch_print [--count] [--record] [--stats] "        \
	"[--format json|protobuf] [--end-at LINE] [--patch NODE] "       \
	"[--node NAME] [--resume VERSION] [--limit SECONDS] "            \
	"(--kubeconfig FILE | --server URL | --in-cluster FOLDER)\n"     \
	"--count: nodes of a list are counted, not printed\n"            \
	"--record: nodes are printed with all that is known of them\n"   \
	"--stats: the counters are printed at the end, and at SIGUSR1\n" \
	"--end-at: ends with the first line that begins so\n"            \
	"--node: the own Node, which is asked for to check a version\n"  \
	"--limit: how long a server may be silent, instead of the usual\n"

struct program {
	uv_loop_t loop;
	uv_signal_t signals[3];
	struct kube_client *client;
	bool count;
	bool record;
	bool stats;
	enum kube_format format;         /* the only one that is asked for */
	const char *end_at;              /* the first word of a line */
	const char *patch;               /* a node whose status is patched at the start */
	const char *node;                /* the own Node; then versions are printed too */
	const char *resume;              /* a version to resume from */
	struct kube_watch_limits limits; /* zeros: as they come */
	bool in_list;
	unsigned long listed;
};

static void print_stats(const struct program *program)
{
	static const char *const formats[] = {"none", "json", "protobuf"};
	struct kube_watch_stats stats;

	kube_watch_stats(program->client, &stats);
	printf("stats format=%s lists=%" PRIu64 " watches=%" PRIu64 " bytes=%" PRIu64
	       " events=%" PRIu64 " changed=%" PRIu64 " unchanged=%" PRIu64 " removed=%" PRIu64
	       " skipped=%" PRIu64 "\n",
	       formats[stats.format], stats.lists, stats.watches, stats.bytes, stats.events,
	       stats.changed, stats.unchanged, stats.removed, stats.skipped);
}

static void end(struct program *program)
{
	program->end_at = NULL;
	if (program->stats && program->client)
		print_stats(program);
	kube_client_close(program->client);
	program->client = NULL;
	for (size_t i = 0; i < COUNT(program->signals); i++)
		if (!uv_is_closing((uv_handle_t *)&program->signals[i]))
			uv_close((uv_handle_t *)&program->signals[i], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	if (number == SIGUSR1)
		print_stats(handle->data);
	else
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

/* The text after its length: nothing in it can look like something else, or end the line. */
static void print_text(const char *what, const char *text)
{
	printf(" %s=%zu:", what, strlen(text));
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			printf("\\x%02x", (unsigned char)*text);
		else
			putchar(*text);
	}
}

static void print_record(const struct node_record *record)
{
	char number[32];

	printf("record %s created=%" PRId64 " available=%d", record->name, record->created,
	       record->network_available);
	for (size_t i = 0; i < record->pod_cidr_count; i++)
		print_text("cidr", record->pod_cidrs[i]);
	for (size_t i = 0; i < record->address_count; i++)
		print_text("address", record->addresses[i]);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		snprintf(number, sizeof(number), "annotation-%zu", i);
		if (record->annotations[i])
			print_text(number, record->annotations[i]);
	}
	printf("\n");
}

static void on_node_changed(void *ctx, const struct node_record *record)
{
	struct program *program = ctx;
	const char *public_ip = record->annotations[NODE_ANNOTATION_PUBLIC_IP];

	program->listed++;
	if (program->count && program->in_list)
		return;
	if (program->record) {
		print_record(record);
		said(program, "record");
		return;
	}
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

static void on_skipped(void *ctx, const struct error *err)
{
	printf("skipped %s\n", err->text);
	said(ctx, "skipped");
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

static void on_resumed(void *ctx)
{
	printf("resumed\n");
	said(ctx, "resumed");
}

static void on_caught_up(void *ctx)
{
	printf("caught_up\n");
	said(ctx, "caught_up");
}

static void on_version(void *ctx, const char *version)
{
	struct program *program = ctx;

	if (program->node)
		printf("version %s\n", version);
	said(ctx, "version");
}

static void on_patched(void *ctx, const struct kube_answer *answer)
{
	printf("patched %d %s\n", answer->result, answer->result < 0 ? answer->err.text : "");
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
	                         .skipped = on_skipped,
	                         .recovered = on_recovered,
	                         .resumed = on_resumed,
	                         .caught_up = on_caught_up,
	                         .version = on_version};
	struct kube_watch_options options = {.annotation_prefix = PREFIX,
	                                     .node_name = program->node,
	                                     .resume_version = program->resume,
	                                     .limits = program->limits.answer ? &program->limits
	                                                                      : NULL};
	struct kube_node_patch patch = {.annotations = {[NODE_ANNOTATION_PUBLIC_IP] = "192.0.2.1"},
	                                .network_available = true};
	int result = kube_client_new(&program->loop, config, "kube_watch_print/1", &program->client,
	                             err);

	if (result < 0) {
		kube_config_free(config);
		return result;
	}
	kube_watch_use_format(program->client, program->format);
	if (program->patch)
		result = kube_node_patch_send(program->client, program->patch, PREFIX, &patch,
		                              on_patched, program, err);
	if (result == 0)
		result = kube_watch_start(program->client, &options, &sink, err);
	return result;
}

static void shorten_limits(struct program *program, unsigned seconds)
{
	program->limits = (struct kube_watch_limits){
		.answer = seconds,
		.check = seconds,
		.list_silence = seconds,
		.stream_silence = seconds,
		.stream_stall = 2 * seconds,
		.catch_up = 3 * seconds,
	};
}

static int configure(struct program *program, char **arguments, struct kube_config **config,
                     struct error *err)
{
	for (; *arguments; arguments++) {
		const char *value = arguments[1];

		if (strcmp(*arguments, "--count") == 0)
			program->count = true;
		else if (strcmp(*arguments, "--record") == 0)
			program->record = true;
		else if (strcmp(*arguments, "--stats") == 0)
			program->stats = true;
		else if (!value)
			break;
		else if (strcmp(*arguments, "--format") == 0)
			program->format = strcmp(*++arguments, "json") == 0 ? KUBE_FORMAT_JSON
			                                                    : KUBE_FORMAT_PROTOBUF;
		else if (strcmp(*arguments, "--end-at") == 0)
			program->end_at = *++arguments;
		else if (strcmp(*arguments, "--patch") == 0)
			program->patch = *++arguments;
		else if (strcmp(*arguments, "--node") == 0)
			program->node = *++arguments;
		else if (strcmp(*arguments, "--resume") == 0)
			program->resume = *++arguments;
		else if (strcmp(*arguments, "--limit") == 0)
			shorten_limits(program, (unsigned)strtoul(*++arguments, NULL, 10));
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
	static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};

	for (size_t i = 0; i < COUNT(numbers); i++) {
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
	kube_launch_if_asked(argv);
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
