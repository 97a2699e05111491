/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A temporary folder that plays /proc/sys, with the settings a test wants.
 */
#ifndef TESTS_UNIT_SYSCTL_FOLDER_H
#define TESTS_UNIT_SYSCTL_FOLDER_H

#include <stddef.h>

/* For cmocka: *state is the folder's path; all in it goes at the end. */
int sysctl_folder_set_up(void **state);
int sysctl_folder_tear_down(void **state);

#define SYSCTL_CASE(test) \
	cmocka_unit_test_setup_teardown(test, sysctl_folder_set_up, sysctl_folder_tear_down)

/* `name` is the path below the folder. */
void sysctl_folder_put(const char *root, const char *name, const char *text);
/* The text without its newline. */
const char *sysctl_folder_get(const char *root, const char *name, char *text, size_t size);

#endif
