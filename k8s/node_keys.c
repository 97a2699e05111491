/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_keys.h"

#include <errno.h>

static const char *const names[NODE_ANNOTATIONS] = {
	[NODE_ANNOTATION_SUBNET_MANAGER] = "kube-subnet-manager",
	[NODE_ANNOTATION_BACKEND_TYPE] = "backend-type",
	[NODE_ANNOTATION_BACKEND_DATA] = "backend-data",
	[NODE_ANNOTATION_BACKEND_V6_DATA] = "backend-v6-data",
	[NODE_ANNOTATION_PUBLIC_IP] = "public-ip",
	[NODE_ANNOTATION_PUBLIC_IPV6] = "public-ipv6",
	[NODE_ANNOTATION_PUBLIC_IP_OVERWRITE] = "public-ip-overwrite",
	[NODE_ANNOTATION_PUBLIC_IPV6_OVERWRITE] = "public-ipv6-overwrite",
	[NODE_ANNOTATION_NODE_PUBLIC_IP] = "node-public-ip",
	[NODE_ANNOTATION_NODE_PUBLIC_IPV6] = "node-public-ipv6",
};

const char *node_annotation_name(enum node_annotation annotation)
{
	return names[annotation];
}

static bool is_valid(const char *prefix)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_./";
	const char *slash = strchr(prefix, '/');
	size_t domain = slash ? (size_t)(slash - prefix) : strlen(prefix);

	return prefix[strspn(prefix, allowed)] == '\0' && domain > 0 && domain <= 253 &&
	       (!slash || !strchr(slash + 1, '/'));
}

int node_keys_init(struct node_keys *keys, const char *prefix, struct error *err)
{
	const char *slash = strchr(prefix, '/');
	char last = prefix[0] ? prefix[strlen(prefix) - 1] : '\0';
	const char *joint = !slash ? "/" : last == '/' || last == '-' ? "" : "-";

	if (!is_valid(prefix))
		return error_set(err, EINVAL,
		                 "annotation prefix \"%s\" is not a domain name with at most one "
		                 "slash (for example flannel.alpha.coreos.com)",
		                 prefix);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++) {
		int length = snprintf(keys->names[i], NODE_KEY_MAX, "%s%s%s", prefix, joint,
		                      names[i]);

		if (length >= NODE_KEY_MAX || strlen(strchr(keys->names[i], '/') + 1) > 63)
			return error_set(
				err, EINVAL,
				"annotation prefix \"%s\" is too long: %s would have more than "
				"63 characters after the slash",
				prefix, names[i]);
	}
	return 0;
}
