/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon costs: the figures that Prometheus' client libraries give of each process. */
#ifndef DAEMON_PROCESS_FACTS_H
#define DAEMON_PROCESS_FACTS_H

/* NaN: cannot be read (a process that is not dumpable may not list its descriptors). */
struct process_facts {
	double cpu_seconds;
	double resident_bytes, virtual_bytes;
	double open_fds, max_fds;
};

struct process_facts process_facts_read(void);

#endif
