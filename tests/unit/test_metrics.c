/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that Prometheus scrapes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "daemon/metrics.h"

static char *render(const struct metrics_facts *facts)
{
	size_t length;
	char *text = metrics_render(facts, &length);

	assert_non_null(text);
	assert_int_equal(strlen(text), length);
	return text;
}

static void assert_line(const char *text, const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text, whole))
		fail_msg("no line \"%s\"", line);
}

static void test_every_metric_has_help_and_type(void **state)
{
	struct histogram durations = {0};
	struct metrics_facts facts = {
		.version = "1.2", .commit = "abc", .reconcile_durations = &durations};
	char *text = render(&facts), *line, *rest = NULL, name[128] = "";

	(void)state;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char kind[16], word[128];

		if (sscanf(line, "# %15s %127s", kind, word) == 2) {
			if (strcmp(kind, "HELP") == 0)
				snprintf(name, sizeof(name), "%s", word);
			else
				assert_string_equal(word, name); /* TYPE follows its HELP */
			continue;
		}
		/* Each sample belongs to the family above it. */
		assert_int_equal(strncmp(line, name, strlen(name)), 0);
		assert_true(strchr(line, ' ') != NULL);
	}
	free(text);
}

static void test_words_and_numbers(void **state)
{
	static const struct kube_request_counts requests = {
		.kinds = {{"list", 200, 3}, {"watch", 0, 2}}, .kind_count = 2, .others = 1};
	struct histogram durations = {0};
	struct metrics_facts facts = {.version = "1.2",
	                              .commit = "abc",
	                              .ready = 1,
	                              .nodes = {[CLAIM_OFF_LINK] = 7, [CLAIM_REFUSED] = 1},
	                              .repairs = {[REPAIR_LINK] = 5},
	                              .next_hops = {4999, 0},
	                              .neighbour_limit = {NAN, 1024},
	                              .last_sync = 1700000000.25,
	                              .requests = &requests,
	                              .watch_ends = {[KUBE_WATCH_EXPIRED] = 2},
	                              .reconcile_durations = &durations,
	                              .process = {.resident_bytes = 9125888, .open_fds = NAN}};
	char *text;

	(void)state;
	histogram_add(&durations, 0.0004);
	histogram_add(&durations, 0.003);
	histogram_add(&durations, 99);
	text = render(&facts);
	assert_line(text, "hostgw_build_info{version=\"1.2\",commit=\"abc\"} 1");
	assert_line(text, "hostgw_ready 1");
	assert_line(text, "hostgw_nodes{state=\"off-link\"} 7");
	assert_line(text, "hostgw_nodes{state=\"refused\"} 1");
	assert_line(text, "hostgw_nodes{state=\"routed\"} 0");
	assert_line(text, "hostgw_route_repairs_total{cause=\"link\"} 5");
	assert_line(text, "hostgw_neighbour_next_hops{family=\"ipv4\"} 4999");
	assert_line(text, "hostgw_neighbour_limit{family=\"ipv6\"} 1024");
	assert_line(text, "hostgw_last_sync_timestamp_seconds 1700000000.25");
	assert_line(text, "hostgw_kube_requests_total{verb=\"list\",code=\"200\"} 3");
	assert_line(text, "hostgw_kube_requests_total{verb=\"watch\",code=\"none\"} 2");
	assert_line(text, "hostgw_kube_requests_total{verb=\"other\",code=\"other\"} 1");
	assert_line(text, "hostgw_kube_watch_ends_total{cause=\"expired\"} 2");
	assert_line(text, "hostgw_reconcile_duration_seconds_bucket{le=\"0.0005\"} 1");
	assert_line(text, "hostgw_reconcile_duration_seconds_bucket{le=\"0.005\"} 2");
	assert_line(text, "hostgw_reconcile_duration_seconds_bucket{le=\"2.5\"} 2");
	assert_line(text, "hostgw_reconcile_duration_seconds_bucket{le=\"+Inf\"} 3");
	assert_line(text, "hostgw_reconcile_duration_seconds_count 3");
	assert_line(text, "process_resident_memory_bytes 9125888");
	/* What is not known is left out. */
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "\nprocess_open_fds "));
	assert_null(strstr(text, "hostgw_neighbour_limit{family=\"ipv4\"}"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_metric_has_help_and_type),
		cmocka_unit_test(test_words_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
