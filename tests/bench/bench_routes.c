/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the kernel takes for the routes of a cluster: N pod CIDRs, each via a node of its own,
 * applied by `ip -batch` and by the daemon's own reconciler, turn by turn in one network namespace.
 * The figures are medians; a ratio to the yardstick of the same run says more than the times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/reconcile.h"
#include "tests/integration/sandbox.h"
#include "timing.h"

struct bench {
	struct rtnl *rtnl;
	struct route *routes;
	size_t count;
	int link;
	char batch[64]; /* a file for ip -batch */
};

static void die(const struct error *err)
{
	fprintf(stderr, "bench_routes: %s\n", err->text);
	exit(EXIT_FAILURE);
}

/* Pod CIDRs in 10.0.0.0/8, nodes in 172.16.0.0/12. */
static void make_routes(struct bench *bench)
{
	char dst[32], via[32];

	bench->routes = calloc(bench->count, sizeof(*bench->routes));
	if (!bench->routes)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < bench->count; i++) {
		snprintf(dst, sizeof(dst), "10.%zu.%zu.0/24", i / 256, i % 256);
		snprintf(via, sizeof(via), "172.%zu.%zu.%zu", 16 + i / 50000, i % 50000 / 250,
		         1 + i % 250);
		bench->routes[i] = sandbox_route(dst, via, bench->link);
	}
}

static void write_batch(struct bench *bench)
{
	char dst[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
	int fd = mkstemp(strcpy(bench->batch, "/tmp/hostgw-bench.XXXXXX"));
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < bench->count; i++)
		fprintf(file, "route add %s via %s dev hgt0\n",
		        prefix_format(&bench->routes[i].dst, dst),
		        ip_format(&bench->routes[i].via, via));
	fclose(file);
}

static struct reconciler *open_reconciler(const struct bench *bench)
{
	struct reconciler_config config = {
		.rtnl = bench->rtnl,
		.protocol = ROUTE_PROTOCOL_HOSTGW,
		.nexthop_mode = NEXTHOP_AUTO,
		.networks = {sandbox_prefix("10.0.0.0/8")},
	};
	struct reconciler *reconciler;
	struct error err;

	if (reconciler_new(&config, &reconciler, &err) < 0)
		die(&err);
	return reconciler;
}

/* One run of the reconciler, in milliseconds; it must change as many routes as said. */
static double run(const struct bench *bench, struct reconciler *reconciler, size_t changes)
{
	const struct reconcile_goal goal = {
		.routes = bench->routes,
		.count = bench->count,
		.table = RT_TABLE_MAIN,
		.uplink = bench->link,
		.may_delete = true,
	};
	struct reconcile_report report;
	struct error err;
	double start = now_ms(), spent;

	if (reconcile_run(reconciler, &goal, &report, &err) < 0)
		die(&err);
	spent = now_ms() - start;
	if (report.proposal.routes.change_count != changes || report.failed > 0) {
		fprintf(stderr, "bench_routes: %zu changes, %zu failed; expected %zu\n",
		        report.proposal.routes.change_count, report.failed, changes);
		exit(EXIT_FAILURE);
	}
	reconcile_report_free(&report);
	return spent;
}

static void flush(void)
{
	/* Objects take their routes along; ip(8) of this age cannot flush such routes itself. */
	sandbox_run("ip nexthop flush >/dev/null 2>&1; ip route flush root 10.0.0.0/8");
}

static double time_ip_batch(const struct bench *bench)
{
	double start = now_ms(), spent;

	sandbox_run("ip -batch %s", bench->batch);
	spent = now_ms() - start;
	flush();
	return spent;
}

static void measure(struct bench *bench, size_t rounds)
{
	struct times ip = {0}, first = {0}, again = {0}, audit = {0}, repair = {0};

	make_routes(bench);
	write_batch(bench);
	for (size_t i = 0; i < rounds; i++) {
		struct reconciler *reconciler = open_reconciler(bench);

		first.of[first.count++] = run(bench, reconciler, bench->count);
		again.of[again.count++] = run(bench, reconciler, 0);
		reconcile_distrust(reconciler, false);
		audit.of[audit.count++] = run(bench, reconciler, 0);
		sandbox_run("ip route del 10.0.7.0/24");
		reconcile_distrust(reconciler, false);
		repair.of[repair.count++] = run(bench, reconciler, 1);
		reconciler_free(reconciler);
		flush();
		ip.of[ip.count++] = time_ip_batch(bench);
	}
	printf("%7zu %12.1f %12.1f %8.3f %12.1f %12.1f %12.1f\n", bench->count, median(&ip),
	       median(&first), median(&first) / median(&ip), median(&again), median(&audit),
	       median(&repair));
	unlink(bench->batch);
	free(bench->routes);
}

int main(int argc, char *argv[])
{
	struct bench bench = {0};
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct error err;

	if (argc < 3 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench_routes ROUNDS ROUTES... (at most %d rounds)\n",
		        ROUNDS_MOST);
		return 2;
	}
	if (!sandbox_enter())
		return EXIT_FAILURE;
	bench.link = sandbox_add_link();
	sandbox_run("ip address add 172.31.255.254/12 dev hgt0");
	if (rtnl_open(&bench.rtnl, &err) < 0)
		die(&err);
	puts("Milliseconds, medians. first: none of the routes is there; again: all are, and nothing\n"
	     "has happened; audit: all is read anew; repair: and one is missing.");
	printf("%7s %12s %12s %8s %12s %12s %12s\n", "routes", "ip -batch", "first", "ratio",
	       "again", "audit", "repair");
	for (int i = 2; i < argc; i++) {
		bench.count = strtoul(argv[i], NULL, 10);
		if (bench.count > 0 && bench.count <= 65536)
			measure(&bench, rounds);
	}
	rtnl_close(bench.rtnl);
	return EXIT_SUCCESS;
}
