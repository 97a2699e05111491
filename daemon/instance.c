/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "instance.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

int instance_check_rights(struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* glibc has no wrapper, and libcap would be one more library for one bit. */
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "capget: %s", strerror(errno));
	if (data[CAP_NET_ADMIN / 32].effective & (1u << (CAP_NET_ADMIN % 32)))
		return 0;
	return error_set(err, EPERM,
	                 "the capability CAP_NET_ADMIN is missing, which routes and rules need: "
	                 "run as root, or give it (systemd: AmbientCapabilities=CAP_NET_ADMIN; "
	                 "Kubernetes: securityContext.capabilities.add [NET_ADMIN])");
}

int instance_claim(uint32_t route_protocol, int *fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length;
	int code;

	/* An abstract name (unix(7)) belongs to the network namespace, as routes do, and is gone
	 * with the process, however it ends. */
	length = (socklen_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
	                             "hostgwd-route-protocol-%u", route_protocol);
	length += (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1;
	*fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && bind(*fd, (struct sockaddr *)&address, length) == 0)
		return 0;
	code = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	if (code == EADDRINUSE)
		return error_set(err, code,
		                 "another hostgwd looks after the routes of protocol %u on this "
		                 "host: stop it first (ps -C hostgwd)",
		                 route_protocol);
	return error_set(err, code, "claiming this host: %s", strerror(code));
}
