/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a target without libFuzzer, the same way each time: with its seeds, then with so many
 * mutations of them. The work is a child's, so that whatever ends it, the input is known.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "tests/unit/mutation.h"

#define SEEDS_MAX    256
#define INPUT_MAX    (64u * 1024u)
#define HANG_SECONDS 60

struct options {
	uint64_t seed;
	unsigned long runs;
	const char *write; /* a folder that the seeds are written to; NULL: they are run */
};

struct seeds {
	struct text list[SEEDS_MAX];
	size_t count;
};

/* The input at hand, shared with the parent. */
struct input {
	unsigned long run; /* counted from 1, seeds included */
	size_t length;
	uint8_t bytes[INPUT_MAX];
};

/* ---- seeds ---- */

static struct text *next_seed(struct seeds *seeds)
{
	if (seeds->count == SEEDS_MAX)
		errx(2, "more than %d seeds", SEEDS_MAX);
	return &seeds->list[seeds->count++];
}

static void add_file(struct seeds *seeds, const char *path)
{
	struct text *seed = next_seed(seeds);
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t length;

	if (!file)
		err(2, "%s", path);
	while ((length = fread(bytes, 1, sizeof(bytes), file)) > 0)
		add_bytes(seed, bytes, length);
	fclose(file);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, wherever the folder lies. */
static void add_folder(struct seeds *seeds, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);

	if (count < 0)
		err(2, "%s", folder);
	for (int i = 0; i < count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		add_file(seeds, path);
		free(entries[i]);
	}
	free(entries);
}

static void add_made(struct seeds *seeds)
{
	struct text seed = {0};

	for (size_t i = 0; fuzz_make_seed && fuzz_make_seed(i, &seed); i++) {
		*next_seed(seeds) = seed;
		seed = (struct text){0};
	}
}

static void free_seeds(struct seeds *seeds)
{
	for (size_t i = 0; i < seeds->count; i++)
		text_free(&seeds->list[i]);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
		err(2, "%s", path);
}

static int write_seeds(const struct seeds *seeds, const char *folder)
{
	for (size_t i = 0; i < seeds->count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%zu", folder, i);
		write_file(path, seeds->list[i].bytes ? seeds->list[i].bytes : "",
		           seeds->list[i].length);
	}
	return 0;
}

/* ---- runs ---- */

static void run(struct input *input, const struct text *bytes)
{
	uint8_t *copy;

	input->run++;
	input->length = bytes->length < INPUT_MAX ? bytes->length : INPUT_MAX;
	copy = malloc(input->length);
	if (input->length > 0) {
		memcpy(input->bytes, bytes->bytes, input->length);
		memcpy(copy, bytes->bytes, input->length);
	}
	alarm(HANG_SECONDS);
	LLVMFuzzerTestOneInput(copy, input->length);
	free(copy);
}

static void run_all(const struct seeds *seeds, const struct options *options, struct input *input)
{
	struct chance chance = {options->seed * 0x9e3779b97f4a7c15u | 1};

	for (size_t i = 0; i < seeds->count; i++)
		run(input, &seeds->list[i]);
	for (unsigned long i = 0; i < options->runs; i++) {
		const struct text *seed = &seeds->list[chance_below(&chance, seeds->count)];
		const struct text *other = &seeds->list[chance_below(&chance, seeds->count)];
		struct text mutation = {0};

		add_bytes(&mutation, seed->bytes ? seed->bytes : "", seed->length);
		mutate_bytes(&mutation, other, &chance);
		run(input, &mutation);
		text_free(&mutation);
	}
}

static int report(const char *name, const struct options *options, const struct input *input,
                  int status)
{
	char path[256];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("%s: %lu inputs, --seed %llu\n", name, input->run,
		       (unsigned long long)options->seed);
		return 0;
	}
	snprintf(path, sizeof(path), "%s.failed", name);
	write_file(path, input->bytes, input->length);
	fprintf(stderr,
	        "%s: failed (%s %d) in run %lu of --seed %llu\n"
	        "To repeat it: %s --runs 0 %s\n",
	        name, WIFEXITED(status) ? "exit status" : "signal",
	        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), input->run,
	        (unsigned long long)options->seed, name, path);
	return 1;
}

static int run_in_child(const char *name, struct seeds *seeds, const struct options *options)
{
	struct input *input = mmap(NULL, sizeof(*input), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t child;

	if (input == MAP_FAILED)
		err(2, "mmap");
	child = fork();
	if (child < 0)
		err(2, "fork");
	if (child == 0) {
		run_all(seeds, options, input);
		free_seeds(seeds);
		exit(0); /* where the sanitizer looks for leaks */
	}
	if (waitpid(child, &status, 0) != child)
		err(2, "waitpid");
	return report(name, options, input, status);
}

/* ---- the command line ---- */

static int usage(const char *name)
{
	fprintf(stderr,
	        "Usage: %s [--seed N] [--runs N] [--write FOLDER] [FILE|FOLDER]...\n"
	        "Runs the target with the seeds in the files, and with so many mutations of them\n"
	        "(1000) as --seed (1) decides. --write writes the seeds into a folder, as\n"
	        "libFuzzer wants them.\n",
	        name);
	return 2;
}

static bool read_options(int argc, char **argv, struct options *options)
{
	static const struct option flags[] = {
		{"seed", required_argument, NULL, 's'},
		{"runs", required_argument, NULL, 'r'},
		{"write", required_argument, NULL, 'w'},
		{0},
	};
	int flag;

	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		if (flag == 's')
			options->seed = strtoull(optarg, NULL, 10);
		else if (flag == 'r')
			options->runs = strtoul(optarg, NULL, 10);
		else if (flag == 'w')
			options->write = optarg;
		else
			return false;
	}
	return true;
}

static void read_seeds(struct seeds *seeds, char **paths)
{
	add_made(seeds);
	for (; *paths; paths++) {
		struct stat st;

		if (stat(*paths, &st) == 0 && S_ISDIR(st.st_mode))
			add_folder(seeds, *paths);
		else
			add_file(seeds, *paths);
	}
	if (seeds->count == 0)
		(void)next_seed(seeds); /* the empty input */
}

int main(int argc, char **argv)
{
	struct options options = {.seed = 1, .runs = 1000};
	struct seeds seeds = {0};
	int status;

	if (!read_options(argc, argv, &options))
		return usage(program_invocation_short_name);
	read_seeds(&seeds, argv + optind);
	status = options.write ? write_seeds(&seeds, options.write)
	                       : run_in_child(program_invocation_short_name, &seeds, &options);
	free_seeds(&seeds);
	return status;
}
