/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forwarding.h"

#include <errno.h>

#include "sysctl.h"

/* accept_ra: 0 never, 1 unless forwarding, 2 always (the kernel's ip-sysctl.rst). */
#define ACCEPT_RA_ALWAYS 2

static const struct {
	const char *family, *path, *line, *hint;
} words[IP_FAMILIES] = {
	[IP_V4] = {"IPv4", "net/ipv4/ip_forward", "net.ipv4.ip_forward = 1", ""},
	[IP_V6] = {"IPv6", "net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding = 1",
                   " (above it net.ipv6.conf.NAME.accept_ra = 2 for each interface NAME with a "
                   "default route from router advertisements, which goes otherwise)"},
};

static int explain_read_only(enum ip_family_index family, const char *root, const char *path,
                             int code, struct error *err)
{
	return error_set(err, -code,
	                 "%s forwarding is off and cannot be switched on from here: %s/%s: %s; on "
	                 "the host, write the line \"%s\" to %s%s and run sysctl --system",
	                 words[family].family, root, path, strerror(-code), words[family].line,
	                 SYSCTL_FILE, words[family].hint);
}

int forwarding_check(const char *root, enum ip_family_index family, struct error *err)
{
	uint32_t value = 0;
	int result = sysctl_read(root, words[family].path, &value);

	if (result < 0)
		return error_set(err, -result, "is %s forwarding on? %s/%s: %s%s",
		                 words[family].family, root, words[family].path, strerror(-result),
		                 result == -ENOENT ? "; has the kernel that family switched off?"
		                                   : "");
	if (value != 0)
		return 0;
	return error_set(err, EPERM,
	                 "%s forwarding is off: no pod of this node reaches another node; write "
	                 "the line \"%s\" to %s%s and run sysctl --system, or start with "
	                 "--enable-forwarding",
	                 words[family].family, words[family].line, SYSCTL_FILE, words[family].hint);
}

int forwarding_check_writable(const char *root, enum ip_family_index family, struct error *err)
{
	int result = sysctl_check_write(root, words[family].path);

	if (result < 0)
		return explain_read_only(family, root, words[family].path, result, err);
	return 0;
}

static int keep_advertised(const char *root, const char *link, struct error *err)
{
	char path[64];
	uint32_t value = 0;
	int result;

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", link);
	result = sysctl_read(root, path, &value);
	if (result == -ENOENT || (result == 0 && (value == 0 || value == ACCEPT_RA_ALWAYS)))
		return 0; /* ENOENT: the interface is gone, and its routes with it */
	if (result == 0)
		result = sysctl_write(root, path, ACCEPT_RA_ALWAYS);
	return result < 0 ? explain_read_only(IP_V6, root, path, result, err) : 0;
}

int forwarding_switch_on(const char *root, enum ip_family_index family,
                         const char (*advertised)[IFNAMSIZ], size_t count, struct error *err)
{
	int result;

	for (size_t i = 0; i < count && family == IP_V6; i++)
		if (keep_advertised(root, advertised[i], err) < 0)
			return -err->code;
	result = sysctl_write(root, words[family].path, 1);
	if (result < 0)
		return explain_read_only(family, root, words[family].path, result, err);
	return 0;
}
