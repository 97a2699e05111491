/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * masquerade_changer NETWORK OWN COUNT PAUSE_MS: changes what is wanted of the nftables table COUNT
 * times, as flags and pod CIDRs do, each change differing from the last in other parts.
 */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "hostgw/masquerade.h"

static struct prefix read_prefix(const char *text)
{
	struct prefix prefix;

	if (!prefix_parse(text, &prefix))
		errx(2, "%s is no prefix", text);
	return prefix;
}

int main(int argc, char **argv)
{
	struct prefix others[3];
	struct masquerade_rules rules = {
		.masquerade = true, .forward = true, .nonmasquerade = others};
	struct masquerade_report report;
	struct error error;
	struct nft *nft;

	if (argc != 5)
		errx(2, "wrong number of arguments");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		others[i] = read_prefix(
			(const char *[]){"172.16.0.0/12", "198.51.100.0/24", "203.0.113.0/25"}[i]);
	rules.cluster[IP_V4] = read_prefix(argv[1]);
	rules.own[IP_V4] = read_prefix(argv[2]);
	if (nft_open(&nft, &error) < 0)
		errx(1, "%s", error.text);
	for (long i = 0; i < atol(argv[3]); i++) {
		rules.nonmasquerade_count = (size_t)i % 4;
		rules.own[IP_V4].length = i % 3 == 0 ? 25 : 24;
		rules.fully_random = i % 5 < 3;
		if (masquerade_apply(nft, &rules, &report, &error) < 0)
			errx(1, "%s", error.text);
		if (i > 0 && !report.changed)
			errx(1, "nothing was changed");
		usleep((useconds_t)(atol(argv[4]) * 1000));
	}
	nft_close(nft);
	return 0;
}
