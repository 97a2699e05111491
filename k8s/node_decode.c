/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_decode.h"

#include "timestamp.h"

static const struct projection spec_members[] = {
	{"podCIDR", NULL},
	{"podCIDRs", NULL},
	{NULL, NULL},
};
static const struct projection address_members[] = {
	{"type", NULL},
	{"address", NULL},
	{NULL, NULL},
};
static const struct projection condition_members[] = {
	{"type", NULL},
	{"status", NULL},
	{"reason", NULL},
	{NULL, NULL},
};
static const struct projection status_members[] = {
	{"addresses", address_members},
	{"conditions", condition_members},
	{NULL, NULL},
};

void node_projection_init(struct node_projection *p, const struct node_keys *keys)
{
	*p = (struct node_projection){
		.metadata = {{"name", NULL},
	                     {"creationTimestamp", NULL},
	                     {"resourceVersion", NULL}, /* for the watch */
	                     {"annotations", p->annotations}},
		.node = {{"kind", NULL},
	                 {"metadata", p->metadata},
	                 {"spec", spec_members},
	                 {"status", status_members},
	                 {"name", NULL}, /* from here on the short form */
	                 {"podCIDR", NULL},
	                 {"podCIDRs", NULL},
	                 {"address", NULL},
	                 {"addresses", NULL}},
		.object = {{"metadata", p->metadata},
	                   {"spec", spec_members},
	                   {"status", status_members}, /* a Status has a text there: it is kept */
	                   {"code", NULL},
	                   {"message", NULL}},
		.event = {{"type", NULL}, {"object", p->object}},
	};
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++)
		p->annotations[i].name = keys->names[i];
	p->annotations[NODE_ANNOTATIONS].name = NODE_INITIAL_EVENTS_END;
}

/* Non-empty strings of an array, up to `max`; the rest is not looked at. */
static size_t collect(const cJSON *array, const char **out, size_t max)
{
	const cJSON *element;
	size_t count = 0;

	if (!cJSON_IsArray(array))
		return 0;
	cJSON_ArrayForEach(element, array)
	{
		if (count < max && cJSON_IsString(element) && element->valuestring[0] != '\0')
			out[count++] = element->valuestring;
	}
	return count;
}

/* A list member, or else its singular. */
static size_t collect_either(const cJSON *object, const char *plural, const char *singular,
                             const char **out, size_t max)
{
	size_t count = collect(json_member(object, plural), out, max);
	const char *only = json_string(object, singular);

	if (count == 0 && only && only[0] != '\0')
		out[count++] = only;
	return count;
}

static bool is_text(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

static void decode_addresses(const cJSON *addresses, struct node_record *record)
{
	const cJSON *element;

	if (!cJSON_IsArray(addresses))
		return;
	cJSON_ArrayForEach(element, addresses)
	{
		const char *address = json_string(element, "address");

		if (record->address_count < NODE_ADDRESSES_MAX && address && *address != '\0' &&
		    is_text(json_string(element, "type"), "InternalIP"))
			record->addresses[record->address_count++] = address;
	}
}

static void decode_conditions(const cJSON *conditions, struct node_record *record)
{
	const cJSON *element;

	if (!cJSON_IsArray(conditions))
		return;
	cJSON_ArrayForEach(element, conditions)
	{
		if (is_text(json_string(element, "type"), "NetworkUnavailable"))
			record->network_available = is_text(json_string(element, "status"),
			                                    "False") &&
			                            is_text(json_string(element, "reason"),
			                                    "FlannelIsUp");
	}
}

static void decode_node(const cJSON *object, const struct node_keys *keys,
                        struct node_record *record)
{
	const cJSON *metadata = json_member(object, "metadata");
	const cJSON *annotations = json_member(metadata, "annotations");
	const cJSON *status = json_member(object, "status");
	const char *created = json_string(metadata, "creationTimestamp");

	record->name = json_string(metadata, "name");
	if (created)
		record->created = timestamp_parse(created);
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++)
		record->annotations[i] = json_string(annotations, keys->names[i]);
	record->pod_cidr_count = collect_either(json_member(object, "spec"), "podCIDRs", "podCIDR",
	                                        record->pod_cidrs, NODE_POD_CIDRS_MAX);
	decode_addresses(json_member(status, "addresses"), record);
	decode_conditions(json_member(status, "conditions"), record);
}

static void decode_short(const cJSON *object, struct node_record *record)
{
	record->name = json_string(object, "name");
	record->pod_cidr_count = collect_either(object, "podCIDRs", "podCIDR", record->pod_cidrs,
	                                        NODE_POD_CIDRS_MAX);
	record->address_count = collect_either(object, "addresses", "address", record->addresses,
	                                       NODE_ADDRESSES_MAX);
}

bool node_decode(const cJSON *object, const struct node_keys *keys, struct node_record *record)
{
	*record = (struct node_record){0};
	if (json_member(object, "metadata"))
		decode_node(object, keys, record);
	else
		decode_short(object, record);
	return record->name && record->name[0] != '\0';
}
