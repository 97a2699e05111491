/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page /status of the daemon: JSON, or with ?form=text what `hostgwd status` prints, for a
 * terminal of ?width=COLUMNS, with ?colour=yes in colours. A header says whether all is well.
 */
#ifndef DAEMON_STATUS_PAGE_H
#define DAEMON_STATUS_PAGE_H

#include "http.h"
#include "status_facts.h"

/* Also shows that it is a hostgwd that answers. */
#define STATUS_HEADER   "Hostgwd-Status"
#define STATUS_WELL     "well"
#define STATUS_NOT_WELL "not well"

/* Leaves the answer's status alone. */
void status_page_answer(const struct status_facts *facts, const struct http_query *query,
                        struct http_answer *answer);

#endif
