/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is to check on a host, each by a small function over facts that were gathered before,
 * and over files below a root folder, which tests make for themselves. Nothing here changes
 * anything.
 */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include <limits.h>

#include "default_route.h"
#include "findings.h"
#include "plan.h"
#include "settings.h"

/* An answer of the API server, or the lack of one. */
struct check_permission {
	const char *verb, *resource; /* as RBAC names them, "nodes/status" */
	const char *reason;          /* what it is needed for */
	const char *without;         /* the flag that makes it needless; NULL: there is none */
	enum { PERMISSION_UNKNOWN, PERMISSION_GRANTED, PERMISSION_DENIED } state;
};

#define CHECK_PERMISSIONS_MAX   8
#define CHECK_OBSTACLES_MAX     16
#define CHECK_CONF_WARNINGS_MAX 8

/* Errors of code 0 are none. */
struct check_facts {
	const char *root; /* what files lie below: "" on a host */
	const struct options *options;
	bool by_daemon; /* it asks, so what its rounds look at can be left out */

	/* this process and its kernel */
	struct error rights;  /* CAP_NET_ADMIN is missing */
	struct error claimed; /* another hostgwd runs here */
	const char *kernel;   /* release, as uname(2) has it: "5.10.0-8-amd64" */
	bool clock_unsynchronized;

	/* what the flags and the files they name come to */
	bool source_given;     /* a flag says where nodes come from */
	struct error settings; /* a mistake in them */
	const struct net_conf *conf;
	struct error conf_warnings[CHECK_CONF_WARNINGS_MAX];
	size_t conf_warning_count;

	/* the interface; NULL: there is none to be chosen */
	const struct link_snapshot *links;
	const struct uplink *uplink;
	struct error uplink_error;
	int default_link; /* where the default route leads; 0: nowhere */
	char advertised[DEFAULT_ROUTES_MAX]
		       [IFNAMSIZ]; /* have a default route by router advertisement */
	size_t advertised_count;

	/* what drops pod traffic in forward */
	struct error obstacles[CHECK_OBSTACLES_MAX];
	size_t obstacle_count;
	bool obstacles_known;         /* it was looked for */
	struct error obstacles_error; /* it could not be */

	/* the nodes */
	const char *source;        /* the server or the file; NULL: was not asked */
	struct error source_error; /* it could not be read */
	size_t node_count;         /* 0: not known */
	const char *node_name;     /* the own Node; "": not known */
	bool own_node_known, own_node_there, own_cidr_there;
	struct check_permission permissions[CHECK_PERMISSIONS_MAX];
	size_t permission_count;
};

/* Runs what there is; by_daemon: only what the daemon looks at when it starts. */
void check_run(const struct check_facts *facts, struct findings *findings);

/* `root` and `path` in one. */
const char *check_path(const struct check_facts *facts, const char *path, char text[PATH_MAX]);
bool check_exists(const struct check_facts *facts, const char *path);
/* The file's text, malloc'ed; NULL: it is not there or cannot be read. */
char *check_read(const struct check_facts *facts, const char *path);

/* check_system.c */
void check_rights(const struct check_facts *facts, struct findings *findings);
void check_kernel(const struct check_facts *facts, struct findings *findings);
void check_clock(const struct check_facts *facts, struct findings *findings);
/* check_sysctl.c */
void check_forwarding(const struct check_facts *facts, struct findings *findings);
void check_advertised(const struct check_facts *facts, struct findings *findings);
void check_reverse_path(const struct check_facts *facts, struct findings *findings);
void check_neighbours(const struct check_facts *facts, struct findings *findings);
/* check_network.c */
void check_interface(const struct check_facts *facts, struct findings *findings);
void check_forward_rules(const struct check_facts *facts, struct findings *findings);
/* check_source.c */
void check_configuration(const struct check_facts *facts, struct findings *findings);
void check_nodes(const struct check_facts *facts, struct findings *findings);
void check_permissions(const struct check_facts *facts, struct findings *findings);
/* check_files.c */
void check_files(const struct check_facts *facts, struct findings *findings);
/* check_cni.c */
void check_cni_plugins(const struct check_facts *facts, struct findings *findings);
void check_cni_order(const struct check_facts *facts, struct findings *findings);
/* check_bridge.c */
void check_bridge(const struct check_facts *facts, struct findings *findings);
/* check_managers.c */
void check_networkd(const struct check_facts *facts, struct findings *findings);
void check_network_manager(const struct check_facts *facts, struct findings *findings);
/* check_others.c */
void check_daemons(const struct check_facts *facts, struct findings *findings);
void check_leftovers(const struct check_facts *facts, struct findings *findings);

#endif
