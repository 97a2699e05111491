/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "daemon/hash.h"
#include "daemon/warm_state.h"

#define IDENTITY 0x93c1000000000007u

#define WEEK (7 * 24 * 3600)
#define NOW  1708439484 /* 2024-02-20 */

/* The clock, in place of the C library's. */
static int64_t wall_s = NOW;

time_t time(time_t *out)
{
	if (out)
		*out = (time_t)wall_s;
	return (time_t)wall_s;
}

/* Two nodes with all that a record can hold, and the own Node. */
struct world {
	struct node_table *nodes;
	struct own_node own;
};

static const struct node_record RECORDS[] = {
	{
		.name = "kubworker1",
		.created = 1708439484,
		.pod_cidrs = {"10.1.0.0/24", "fd00:1::/64"},
		.pod_cidr_count = 2,
		.addresses = {"192.168.2.44", "fd00::44"},
		.address_count = 2,
		.annotations =
			{
				[NODE_ANNOTATION_BACKEND_TYPE] = "host-gw",
				[NODE_ANNOTATION_BACKEND_DATA] = "",
				[NODE_ANNOTATION_PUBLIC_IP] = "50% of\ta \"line\"\nor two",
			},
		.network_available = true,
	},
	{.name = "odd node%"},
	{
		.name = "other",
		.created = -1,
		.pod_cidrs = {"10.1.3.0/24", "none"},
		.pod_cidr_count = 2,
		.annotations = {[NODE_ANNOTATION_BACKEND_TYPE] = "vxlan"},
	},
};

static void make_world(struct world *world)
{
	struct error err;
	bool changed;

	memset(world, 0, sizeof(*world));
	assert_int_equal(node_table_new(&world->nodes, &err), 0);
	for (size_t i = 0; i < COUNT(RECORDS); i++)
		assert_int_equal(node_table_upsert(world->nodes, &RECORDS[i], &changed, &err), 0);
	assert_int_equal(own_node_update(&world->own, &RECORDS[0]), 0);
}

static void free_world(struct world *world)
{
	node_table_free(world->nodes);
	own_node_forget(&world->own);
}

static char *print(const struct world *world)
{
	const struct warm_facts facts = {
		.identity = IDENTITY,
		.written = 1708439500,
		.resource_version = "47 11",
		.nodes = world->nodes,
		.own = &world->own,
	};
	struct error err;
	char *text;

	assert_int_equal(warm_text_print(&facts, &text, &err), 0);
	return text;
}

/* Of a copy. The text of a mistake is in `err`. */
static int parse(const char *text, size_t length, struct warm_memory *out, struct error *err)
{
	char *copy = malloc(length + 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, text, length);
	copy[length] = '\0';
	result = warm_text_parse(copy, length, IDENTITY, out, err);
	free(copy);
	return result;
}

static void assert_same_node(const struct node *a, const struct node *b)
{
	assert_non_null(b);
	assert_true(a->created == b->created);
	assert_int_equal(a->pod_cidr_count, b->pod_cidr_count);
	for (size_t i = 0; i < a->pod_cidr_count; i++)
		assert_true(prefix_equal(&a->pod_cidrs[i], &b->pod_cidrs[i]));
	for (size_t i = 0; i < IP_FAMILIES; i++)
		assert_true(ip_equal(&a->next_hop[i], &b->next_hop[i]));
	assert_int_equal(a->bad_pod_cidr, b->bad_pod_cidr);
	assert_int_equal(a->other_backend, b->other_backend);
}

static void test_round_trip(void **state)
{
	struct warm_memory memory;
	struct world world;
	struct error err;
	char *text;

	(void)state;
	make_world(&world);
	text = print(&world);
	assert_int_equal(parse(text, strlen(text), &memory, &err), 0);
	assert_string_equal(memory.resource_version, "47 11");
	assert_true(memory.written == 1708439500);
	assert_int_equal(node_table_count(memory.nodes), COUNT(RECORDS));
	for (size_t i = 0; i < COUNT(RECORDS); i++)
		assert_same_node(node_table_find(world.nodes, RECORDS[i].name),
		                 node_table_find(memory.nodes, RECORDS[i].name));
	assert_true(memory.own.known && memory.own.network_available);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		const char *wanted = RECORDS[0].annotations[i];

		if (wanted)
			assert_string_equal(memory.own.annotations[i], wanted);
		else
			assert_null(memory.own.annotations[i]);
	}
	warm_memory_free(&memory);
	free(text);
	free_world(&world);
}

static void test_any_changed_byte_is_refused(void **state)
{
	struct warm_memory memory;
	struct world world;
	struct error err;
	size_t length;
	char *text;

	(void)state;
	make_world(&world);
	text = print(&world);
	length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		for (unsigned mask = 1; mask < 256; mask++) {
			text[i] = (char)((unsigned char)text[i] ^ mask);
			if (parse(text, length, &memory, &err) != -EINVAL)
				fail_msg("byte %zu changed by %u is not refused", i, mask);
			text[i] = (char)((unsigned char)text[i] ^ mask);
		}
	}
	free(text);
	free_world(&world);
}

static void test_any_part_is_refused(void **state)
{
	struct warm_memory memory;
	struct world world;
	struct error err;
	size_t length;
	char *text;

	(void)state;
	make_world(&world);
	text = print(&world);
	length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(parse(text, i, &memory, &err), -EINVAL);
		if (i > 0)
			assert_int_equal(parse(text + i, length - i, &memory, &err), -EINVAL);
	}
	free(text);
	free_world(&world);
}

/* `lines` under a checksum that is right, as somebody with an editor and patience makes it. */
static int parse_lines(const char *lines, struct warm_memory *out, struct error *err)
{
	size_t length = strlen(lines);
	char text[1024];

	assert_true(length + 64 < sizeof(text));
	length += (size_t)sprintf(text + sprintf(text, "%s", lines), "checksum %016" PRIx64 "\n",
	                          hash_add(HASH_START, lines, length));
	return parse(text, length, out, err);
}

#define HEAD    "hostgwd warm state 1\nidentity 93c1000000000007\n"
#define VERSION "version 7\n"

static void test_lines(void **state)
{
	static const struct {
		const char *lines;
		int result;
		const char *words;
	} cases[] = {
		{HEAD "written 1\n" VERSION "node a 0 - - - -\n", 0, NULL},
		{HEAD VERSION "own -\n", 0, NULL},
		{"hostgwd warm state 2\nidentity 93c1000000000007\n" VERSION, -EINVAL,
	         "another version"},
		{"hostgwd warm state 1\nidentity 93c1000000000008\n" VERSION, -EXDEV,
	         "another cluster"},
		{"", -EINVAL, "too short"},
		{HEAD, -EINVAL, "not whole"},
		{HEAD VERSION VERSION, -EINVAL, "no sense"},
		{HEAD "version %\n", -EINVAL, "no sense"},
		{HEAD VERSION "\nnode a 0 - - - -\n", -EINVAL, "not whole"},
		{HEAD VERSION "node a 0 - - - -", -EINVAL, "damaged"},
		{HEAD VERSION "node a x - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a 0 - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a 0 - - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a 0 - - - - - - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node % 0 - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a%00 0 - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a%2 0 - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a%2G 0 - - - -\n", -EINVAL, "no sense"},
		{HEAD VERSION "node a 0 - 10.1.0.0/24,10.1.1.0/24,10.1.2.0/24,10.1.3.0/24,"
	                      "10.1.4.0/24 - -\n",
	         -EINVAL, "no sense"},
		{HEAD VERSION "annotation public-ip 192.0.2.1\n", -EINVAL, "no sense"},
		{HEAD VERSION "own -\nannotation color blue\n", -EINVAL, "no sense"},
		{HEAD VERSION "own -\nannotation public-ip 1\nannotation public-ip 2\n", -EINVAL,
	         "no sense"},
		{HEAD VERSION "owner -\n", -EINVAL, "no sense"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct warm_memory memory;
		struct error err = {0};

		if (parse_lines(cases[i].lines, &memory, &err) != cases[i].result)
			fail_msg("case %zu: %d %s", i, err.code, err.text);
		if (cases[i].result == 0)
			warm_memory_free(&memory);
		else if (!strstr(err.text, cases[i].words))
			fail_msg("case %zu says: %s", i, err.text);
	}
}

/* ---- the file ---- */

struct place {
	uv_loop_t loop;
	unsigned changes;
	char folder[64], path[96];
	struct kube_config kube;
	struct log log;
	struct warm_state_config config;
	struct world world;
};

static int set_up(void **state)
{
	static const struct place empty = {
		.folder = "/tmp/hgt-warm-XXXXXX",
		.kube = {.server = (char *)"https://192.0.2.1:6443", .ca_data = (char *)"one"},
	};
	struct place *place = malloc(sizeof(*place));

	if (!place)
		return -1;
	memcpy(place, &empty, sizeof(empty));
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/warm-state", place->folder);
	uv_loop_init(&place->loop);
	place->config = (struct warm_state_config){
		.loop = &place->loop,
		.log = &place->log,
		.folder = place->folder,
		.kube = &place->kube,
		.annotation_prefix = "flannel.alpha.coreos.com",
		.node_name = "kubworker1",
	};
	make_world(&place->world);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	rmdir(place->folder);
	free_world(&place->world);
	uv_loop_close(&place->loop);
	free(place);
	return 0;
}

static struct warm_state *open_state(const struct place *place)
{
	struct warm_state *state;
	struct error err;

	assert_int_equal(warm_state_new(&place->config, &state, &err), 0);
	return state;
}

static struct warm_facts facts_of(const struct place *place, const char *version)
{
	return (struct warm_facts){
		.resource_version = version, .nodes = place->world.nodes, .own = &place->world.own};
}

static void save(struct place *place, struct warm_state *warm, const char *version, uint64_t now_ms)
{
	warm_state_save(warm, facts_of(place, version), now_ms);
	uv_run(&place->loop, UV_RUN_DEFAULT);
}

/* By a daemon that ends then. */
static void save_at_end(const struct place *place, const char *version)
{
	struct warm_state *warm = open_state(place);

	warm_state_save_last(warm, facts_of(place, version));
	warm_state_free(warm);
}

/* The version that a daemon with the place's configuration would resume from; "" for none. */
static const char *loaded(const struct place *place, char version[static 32])
{
	struct warm_state *warm = open_state(place);
	struct warm_memory memory;

	version[0] = '\0';
	if (warm_state_load(warm, &memory)) {
		snprintf(version, 32, "%s", memory.resource_version);
		warm_memory_free(&memory);
	}
	warm_state_free(warm);
	return version;
}

/* Another pod CIDR of a node. */
static void change(struct place *place)
{
	struct node_record record = RECORDS[2];
	char cidr[PREFIX_TEXT_MAX];
	struct error err;
	bool changed;

	snprintf(cidr, sizeof(cidr), "10.1.%u.0/24", 100 + place->changes++);
	record.pod_cidrs[0] = cidr;
	assert_int_equal(node_table_upsert(place->world.nodes, &record, &changed, &err), 0);
	assert_true(changed);
}

static void test_when_it_is_saved(void **state)
{
	static const struct {
		unsigned at; /* seconds since the start */
		bool changed;
		const char *version, *kept;
	} steps[] = {
		{5, false, "1", "1"},                           /* at first whatever it is */
		{64, true, "2", "1"},                           /* ... then once a minute at most */
		{65, false, "3", "3"},  {130, false, "4", "3"}, /* nothing but the version is new */
		{660, false, "5", "3"}, {720, false, "6", "6"}, /* ... for ten minutes, or till
	                                                           there is a change */
		{780, false, "7", "6"}, {840, true, "8", "8"},  {900, true, "9", "9"},
	};
	struct place *place = *state;
	struct warm_state *warm = open_state(place);
	char version[32];

	assert_string_equal(loaded(place, version), "");
	for (size_t i = 0; i < COUNT(steps); i++) {
		if (steps[i].changed)
			change(place);
		save(place, warm, steps[i].version, steps[i].at * 1000u);
		assert_string_equal(loaded(place, version), steps[i].kept);
	}
	warm_state_save_last(warm, facts_of(place, "10"));
	assert_string_equal(loaded(place, version), "10");
	warm_state_free(warm);
}

/* What could not be written is tried again a minute later. */
static void test_a_failed_saving_is_tried_again(void **state)
{
	struct place *place = *state;
	struct warm_state *warm = open_state(place);
	char version[32];

	assert_int_equal(mkdir(place->path, 0700), 0); /* a folder, where the file should be */
	save(place, warm, "1", 0);
	assert_int_equal(rmdir(place->path), 0);
	save(place, warm, "2", 59 * 1000);
	assert_string_equal(loaded(place, version), "");
	save(place, warm, "3", 60 * 1000);
	assert_string_equal(loaded(place, version), "3");
	warm_state_free(warm);
}

/* ---- the disk is slow ---- */

static struct {
	bool slow; /* the next fsync; set while no other thread runs */
	uv_sem_t reached;
} disk;

/* In place of the C library's. */
int fsync(int fd)
{
	bool slow = disk.slow;

	(void)fd;
	disk.slow = false;
	if (slow) {
		uv_sem_post(&disk.reached);
		usleep(50000); /* time enough for whoever does not wait */
	}
	return 0;
}

static void test_the_last_comes_last(void **state)
{
	struct place *place = *state;
	struct warm_state *warm = open_state(place);
	char version[32];

	uv_sem_init(&disk.reached, 0);
	disk.slow = true;
	warm_state_save(warm, facts_of(place, "1"), 0);
	uv_sem_wait(&disk.reached); /* it is being written, and the loop goes on */
	assert_int_equal(access(place->path, F_OK), -1);
	warm_state_save(warm, facts_of(place, "2"), 60 * 1000); /* one at a time */
	warm_state_save_last(warm, facts_of(place, "3"));
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_string_equal(loaded(place, version), "3");
	warm_state_free(warm);
	uv_sem_destroy(&disk.reached);
}

static void wait_for_post(uv_work_t *work)
{
	uv_sem_wait(work->data);
}

/* The pool is busy with something else: the older text has not been begun when the last one is
 * written. */
static void test_what_comes_too_late_is_not_written(void **state)
{
	struct place *place = *state;
	struct warm_state *warm = open_state(place);
	uv_work_t blocker;
	char version[32];
	uv_sem_t end;

	uv_sem_init(&end, 0);
	blocker.data = &end;
	uv_queue_work(&place->loop, &blocker, wait_for_post, NULL);
	warm_state_save(warm, facts_of(place, "1"), 0);
	warm_state_save_last(warm, facts_of(place, "2"));
	uv_sem_post(&end);
	uv_run(&place->loop, UV_RUN_DEFAULT);
	assert_string_equal(loaded(place, version), "2");
	warm_state_free(warm);
	uv_sem_destroy(&end);
}

/* ---- which one it is ---- */

static bool make_file(const struct place *place, const char *name)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->folder, name);
	file = fopen(path, "w");
	return file && fclose(file) == 0;
}

/* Whether it was there. */
static bool remove_file(const struct place *place, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", place->folder, name);
	return unlink(path) == 0;
}

static void test_what_a_crash_left_is_removed(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} cases[] = {
		{"warm-state.Xy12Z9", false}, {"warm-state.aaaaaa", false},
		{"warm-state", true},         {"warm-state.old", true},
		{"warm-state.aaaaaaa", true}, {"subnet.env.aaaaaa", true},
	};
	struct place *place = *state;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(make_file(place, cases[i].name));
	warm_state_free(open_state(place));
	for (size_t i = 0; i < COUNT(cases); i++)
		if (remove_file(place, cases[i].name) != cases[i].stays)
			fail_msg("%s", cases[i].name);
}

static void test_another_cluster(void **state)
{
	struct place *place = *state;
	char version[32];

	save_at_end(place, "1");
	place->kube.server = (char *)"https://192.0.2.2:6443";
	assert_string_equal(loaded(place, version), "");
	place->kube.server = (char *)"https://192.0.2.1:6443";
	place->kube.ca_data = (char *)"two";
	assert_string_equal(loaded(place, version), "");
	place->kube.ca_data = (char *)"one";
	place->config.annotation_prefix = "flannel.example.com";
	assert_string_equal(loaded(place, version), "");
	place->config.annotation_prefix = "flannel.alpha.coreos.com";
	place->config.node_name = "kubworker2";
	assert_string_equal(loaded(place, version), "");
	place->config.node_name = "kubworker1";
	assert_string_equal(loaded(place, version), "1");
}

/* Written at one time, read at another: by a clock that jumps. */
static void test_clocks(void **state)
{
	static const struct {
		int64_t written, read;
		bool good;
	} cases[] = {
		{NOW, NOW, true},
		{NOW, NOW + WEEK, true},
		{NOW, NOW + WEEK + 1, false},
		{NOW, NOW - 1, true}, /* set back, by any amount: it is not older for that */
		{NOW, NOW - 100 * WEEK, true},
		{NOW, 5, true},  /* a host without a clock at boot */
		{5, NOW, false}, /* ... and when it was written: nobody knows its age */
		{NOW, INT64_MAX, false},
		{5, 4, true},
	};
	struct place *place = *state;
	char version[32];

	for (size_t i = 0; i < COUNT(cases); i++) {
		wall_s = cases[i].written;
		save_at_end(place, "1");
		wall_s = cases[i].read;
		if (strcmp(loaded(place, version), cases[i].good ? "1" : "") != 0)
			fail_msg("case %zu: loaded \"%s\"", i, version);
	}
}

static void test_damage_is_ignored_and_mended(void **state)
{
	struct place *place = *state;
	char version[32];

	save_at_end(place, "1");
	assert_int_equal(truncate(place->path, 100), 0);
	assert_string_equal(loaded(place, version), "");
	save_at_end(place, "2");
	assert_string_equal(loaded(place, version), "2");
}

static void test_no_folder_no_state(void **state)
{
	struct place *place = *state;
	struct warm_state *warm;
	char version[32];

	place->config.folder = "/proc/no/such";
	warm = open_state(place);
	save(place, warm, "1", 0);
	warm_state_save_last(warm, facts_of(place, "2"));
	assert_string_equal(loaded(place, version), "");
	warm_state_free(warm);
	place->config.folder = "";
	assert_null(open_state(place));
	save(place, NULL, "1", 0);
	warm_state_save_last(NULL, facts_of(place, "1"));
	assert_string_equal(loaded(place, version), "");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_any_changed_byte_is_refused),
		cmocka_unit_test(test_any_part_is_refused),
		cmocka_unit_test(test_lines),
		CASE(test_when_it_is_saved),
		CASE(test_a_failed_saving_is_tried_again),
		CASE(test_the_last_comes_last),
		CASE(test_what_comes_too_late_is_not_written),
		CASE(test_what_a_crash_left_is_removed),
		CASE(test_another_cluster),
		CASE(test_clocks),
		CASE(test_damage_is_ignored_and_mended),
		CASE(test_no_folder_no_state),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
