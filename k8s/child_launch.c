/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child_launch.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostgw/kube_launch.h"

#define LAUNCH_NAME "hostgwd: launching a credential plugin"

/* As the shells have it (POSIX, Exit Status for Commands). */
#define EXIT_NOT_EXECUTABLE 126

/*
 * Nothing of the daemon's rights is left, and nothing brings them back: a program that root
 * executes would get all of them again (capabilities(7)), but not under no_new_privs, which
 * also keeps set-user-ID files from having an effect. The user stays: plugins read what lies in
 * that user's home.
 */
static int drop_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(EXIT_NOT_EXECUTABLE);
}

void kube_launch_if_asked(char *argv[])
{
	if (!argv[0] || strcmp(argv[0], LAUNCH_NAME) != 0 || !argv[1])
		return;
	/* A daemon that crashes leaves no plugin behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (drop_rights() < 0)
		fail("cannot give up capabilities");
	closefrom(STDERR_FILENO + 1);
	execv(argv[1], argv + 1);
	fail(argv[1]);
}

char **child_launch_arguments(const char *program, char *const *arguments)
{
	static char name[] = LAUNCH_NAME;
	size_t count = 0;
	char **all;

	while (arguments[count])
		count++;
	all = calloc(count + 3, sizeof(*all));
	if (!all)
		return NULL;
	all[0] = name;
	all[1] = (char *)(uintptr_t)program;
	memcpy(all + 2, arguments, count * sizeof(*all));
	return all;
}
