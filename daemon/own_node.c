/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int replace_text(char **text, const char *by)
{
	char *copy = by ? strdup(by) : NULL;

	free(*text);
	*text = copy;
	return by && !copy ? -ENOMEM : 0;
}

int own_node_update(struct own_node *own, const struct node_record *record)
{
	int result = 0;

	for (int i = 0; i < NODE_ANNOTATIONS; i++)
		if (replace_text(&own->annotations[i], record->annotations[i]) < 0)
			result = -ENOMEM;
	own->network_available = record->network_available;
	own->known = true;
	return result;
}

int own_node_patched(struct own_node *own, const struct kube_node_patch *patch)
{
	int result = 0;

	for (int i = 0; i < NODE_ANNOTATIONS; i++)
		if (patch->annotations[i] &&
		    replace_text(&own->annotations[i], patch->annotations[i]) < 0)
			result = -ENOMEM;
	own->network_available = own->network_available || patch->network_available;
	return result;
}

void own_node_forget(struct own_node *own)
{
	for (int i = 0; i < NODE_ANNOTATIONS; i++)
		free(own->annotations[i]);
	memset(own, 0, sizeof(*own));
}

/* Family 0: the annotation is not there, or no address of the family. */
static struct ip_addr read_address(const struct own_node *own, enum node_annotation annotation,
                                   enum ip_family_index family)
{
	const char *text = own->annotations[annotation];
	struct ip_addr addr;

	if (text && ip_parse(text, &addr) && addr.family == ip_family(family))
		return addr;
	return (struct ip_addr){0};
}

struct ip_addr own_node_asked_ip(const struct own_node *own, enum ip_family_index family)
{
	return read_address(own,
	                    family == IP_V4 ? NODE_ANNOTATION_NODE_PUBLIC_IP
	                                    : NODE_ANNOTATION_NODE_PUBLIC_IPV6,
	                    family);
}

struct ip_addr own_node_public_ip(const struct own_node *own, enum ip_family_index family,
                                  const struct ip_addr *detected)
{
	const struct ip_addr addr = read_address(own,
	                                         family == IP_V4
	                                                 ? NODE_ANNOTATION_PUBLIC_IP_OVERWRITE
	                                                 : NODE_ANNOTATION_PUBLIC_IPV6_OVERWRITE,
	                                         family);

	return addr.family != 0 ? addr : *detected;
}

static bool want(const struct own_node *own, struct kube_node_patch *patch,
                 enum node_annotation annotation, const char *text)
{
	const char *present = own->annotations[annotation];

	if (present && strcmp(present, text) == 0)
		return false;
	patch->annotations[annotation] = text;
	return true;
}

bool own_node_difference(const struct own_node *own, const struct ip_addr public_ip[IP_FAMILIES],
                         bool available, struct own_node_texts *texts,
                         struct kube_node_patch *patch)
{
	bool differs;

	memset(patch, 0, sizeof(*patch));
	differs = want(own, patch, NODE_ANNOTATION_SUBNET_MANAGER, "true");
	differs |= want(own, patch, NODE_ANNOTATION_BACKEND_TYPE, "host-gw");
	if (public_ip[IP_V4].family != 0) {
		ip_format(&public_ip[IP_V4], texts->public_ip[IP_V4]);
		differs |= want(own, patch, NODE_ANNOTATION_BACKEND_DATA, "null");
		differs |= want(own, patch, NODE_ANNOTATION_PUBLIC_IP, texts->public_ip[IP_V4]);
	}
	if (public_ip[IP_V6].family != 0) {
		ip_format(&public_ip[IP_V6], texts->public_ip[IP_V6]);
		differs |= want(own, patch, NODE_ANNOTATION_BACKEND_V6_DATA, "null");
		differs |= want(own, patch, NODE_ANNOTATION_PUBLIC_IPV6, texts->public_ip[IP_V6]);
	}
	patch->network_available = available && !own->network_available;
	return differs || patch->network_available;
}
