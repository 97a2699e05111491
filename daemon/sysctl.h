/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the kernel, one number a file (proc(5), /proc/sys). `root` is that folder; tests have
 * one of their own. `name` is the path below it: "net/ipv4/ip_forward".
 */
#ifndef DAEMON_SYSCTL_H
#define DAEMON_SYSCTL_H

#include <stdint.h>

#define SYSCTL_ROOT "/proc/sys"
/* Where an administrator is told to write what must outlast a reboot (sysctl.d(5)). */
#define SYSCTL_FILE "/etc/sysctl.d/90-hostgw.conf"

/* 0, or a negative errno: -ENOENT: this kernel or this network namespace has no such setting. */
int sysctl_read(const char *root, const char *name, uint32_t *out);

/* 0, or a negative errno: -EROFS in most containers, -EACCES. */
int sysctl_write(const char *root, const char *name, uint32_t value);

/* What sysctl_write would say, as far as can be known without writing. */
int sysctl_check_write(const char *root, const char *name);

#endif
