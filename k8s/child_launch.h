/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step between fork and the other program, in which the rights of a network daemon are given
 * up. libuv offers no place for code of ours there, and what prctl(2) takes from the daemon's own
 * thread it does not give back. So the daemon runs itself once more, under a name that makes it
 * do nothing else.
 */
#ifndef HOSTGW_K8S_CHILD_LAUNCH_H
#define HOSTGW_K8S_CHILD_LAUNCH_H

/* The running program itself, even if its file was replaced by an upgrade meanwhile (proc(5)). */
#define CHILD_LAUNCHER "/proc/self/exe"

/* The arguments with which CHILD_LAUNCHER runs `program`: an array that borrows the texts, to be
 * freed with free(3). NULL: no memory. */
char **child_launch_arguments(const char *program, char *const *arguments);

#endif
