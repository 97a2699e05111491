/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our nftables table costs beside N foreign chains, loaded by one iptables-nft-restore as
 * kube-proxy does it for N/2 Services: how long an install takes, beside `nft -f` for the same
 * text, and how much memory of this process it needs. Fails if that grows by a megabyte, or if an
 * install takes longer than even a busy machine explains.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostgw/masquerade.h"
#include "tests/integration/sandbox.h"
#include "timing.h"

#define CHAINS_MOST    60000
#define GROWTH_MOST_KB 1024
#define INSTALL_MOST   500.0 /* ms; the figure to reach is 20 */

struct files {
	char chains[64]; /* for iptables-nft-restore */
	char table[64];  /* for nft -f: ours */
};

static void die(const char *why)
{
	fprintf(stderr, "bench_rules: %s\n", why);
	exit(EXIT_FAILURE);
}

/* Anonymous memory of this process (proc(5)). */
static long memory_kb(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %ld kB", &kb) == 1)
			break;
	if (file)
		fclose(file);
	if (kb < 0)
		die("no RssAnon in /proc/self/status");
	return kb;
}

static FILE *open_new(char name[64])
{
	int fd = mkstemp(strcpy(name, "/tmp/hostgw-bench.XXXXXX"));
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		die("no temporary file");
	return file;
}

/* kube-proxy's chains for a Service with one endpoint: two. */
static void write_chains(struct files *files, size_t count)
{
	FILE *file = open_new(files->chains);

	fputs("*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n", file);
	for (size_t i = 0; i < count / 2; i++)
		fprintf(file, ":KUBE-SVC-%016zu - [0:0]\n:KUBE-SEP-%016zu - [0:0]\n", i, i);
	fputs("-A PREROUTING -j KUBE-SERVICES\n"
	      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n",
	      file);
	for (size_t i = 0; i < count / 2; i++)
		fprintf(file,
		        "-A KUBE-SERVICES -d 10.96.%zu.%zu/32 -p tcp -m comment --comment "
		        "\"default/s%zu cluster IP\" -m tcp --dport 80 -j KUBE-SVC-%016zu\n"
		        "-A KUBE-SVC-%016zu -j KUBE-SEP-%016zu\n"
		        "-A KUBE-SEP-%016zu -s 10.244.%zu.%zu/32 -j KUBE-MARK-MASQ\n"
		        "-A KUBE-SEP-%016zu -p tcp -m tcp -j DNAT --to-destination "
		        "10.244.%zu.%zu:8080\n",
		        i / 256, i % 256, i, i, i, i, i, i / 256, i % 256, i, i / 256, i % 256);
	fputs("COMMIT\n", file);
	if (fclose(file) != 0)
		die("the chains could not be written");
}

/* One run, which must find something to do, or not. */
static void apply(struct nft *nft, bool changes, struct times *times)
{
	const struct masquerade_rules rules = {
		.masquerade = true,
		.forward = true,
		.fully_random = true,
		.cluster = {sandbox_prefix("10.244.0.0/16"), sandbox_prefix("fd00:244::/48")},
		.own = {sandbox_prefix("10.244.1.0/24"), sandbox_prefix("fd00:244:0:1::/64")},
	};
	double start = now_ms();
	struct masquerade_report report;
	struct error err;

	if (masquerade_apply(nft, &rules, &report, &err) != 0)
		die(err.text);
	times->of[times->count++] = now_ms() - start;
	if (report.changed != changes)
		die(changes ? "nothing was installed" : "something was changed again");
}

static void install(struct nft *nft, struct times *times)
{
	sandbox_run("nft 'add table inet hostgw; delete table inet hostgw'");
	apply(nft, true, times);
}

/* Our table as nft prints it, to be replaced by nft in one transaction as well. */
static void write_table(struct files *files)
{
	FILE *file = open_new(files->table);

	fputs("table inet hostgw\ndelete table inet hostgw\n", file);
	if (fclose(file) != 0)
		die("the table could not be written");
	sandbox_run("nft -s list table inet hostgw >>%s", files->table);
}

static void measure(size_t chains, size_t rounds)
{
	struct times alone = {0}, beside = {0}, check = {0}, yardstick = {0};
	struct files files;
	struct nft *nft;
	struct error err;
	double start, loaded;
	long before, grown;

	if (nft_open(&nft, &err) != 0)
		die(err.text);
	for (size_t i = 0; i < rounds; i++)
		install(nft, &alone);
	before = memory_kb();
	write_table(&files);
	write_chains(&files, chains);
	start = now_ms();
	sandbox_run("iptables-nft-restore <%s", files.chains);
	loaded = now_ms() - start;
	for (size_t i = 0; i < rounds; i++) {
		install(nft, &beside);
		apply(nft, false, &check);
		start = now_ms();
		sandbox_run("nft -f %s", files.table);
		yardstick.of[yardstick.count++] = now_ms() - start;
	}
	grown = memory_kb() - before;
	printf("%7zu %10.1f %10.2f %10.2f %10.2f %10.1f %7ld\n", chains, loaded, median(&alone),
	       median(&beside), median(&check), median(&yardstick), grown);
	unlink(files.chains);
	unlink(files.table);
	nft_close(nft);
	sandbox_run("nft flush ruleset");
	if (grown >= GROWTH_MOST_KB || median(&beside) >= INSTALL_MOST)
		die("memory or time is beyond what it may be");
}

int main(int argc, char *argv[])
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

	if (argc < 3 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench_rules ROUNDS CHAINS... (at most %d rounds)\n",
		        ROUNDS_MOST);
		return 2;
	}
	if (!sandbox_enter())
		return EXIT_FAILURE;
	puts("Milliseconds, medians. load: iptables-nft-restore of the chains; alone, beside: our\n"
	     "table is installed without and with them; check: it is there, and right; nft -f: nft\n"
	     "replaces it; KiB: what grew here.");
	printf("%7s %10s %10s %10s %10s %10s %7s\n", "chains", "load", "alone", "beside", "check",
	       "nft -f", "KiB");
	for (int i = 2; i < argc; i++) {
		size_t chains = strtoul(argv[i], NULL, 10);

		if (chains > 0 && chains <= CHAINS_MOST)
			measure(chains, rounds);
	}
	return EXIT_SUCCESS;
}
