/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process_facts.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void read_memory(struct process_facts *facts)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages, resident;
	double page = (double)sysconf(_SC_PAGESIZE);

	if (!file)
		return;
	if (fscanf(file, "%llu %llu", &pages, &resident) == 2) {
		facts->virtual_bytes = (double)pages * page;
		facts->resident_bytes = (double)resident * page;
	}
	fclose(file);
}

static double count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	double count = -3; /* ".", ".." and the folder's own */

	if (!folder)
		return NAN;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

struct process_facts process_facts_read(void)
{
	struct process_facts facts = {NAN, NAN, NAN, count_fds(), NAN};
	struct rusage usage;
	struct rlimit limit;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		facts.cpu_seconds = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		facts.max_fds = (double)limit.rlim_cur;
	read_memory(&facts);
	return facts;
}
