/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_draft.h"

#include <errno.h>

#include "utf8.h"

#define DRAFT_KEEP_CAPACITY (64u * 1024u)

void node_draft_reset(struct node_draft *draft)
{
	struct node_draft empty = {.keys = draft->keys, .text = draft->text};

	if (empty.text.capacity > DRAFT_KEEP_CAPACITY)
		text_free(&empty.text);
	text_cut(&empty.text, 0);
	*draft = empty;
}

void node_draft_free(struct node_draft *draft)
{
	text_free(&draft->text);
}

static int append(struct node_draft *draft, const char *bytes, size_t length, struct error *err)
{
	int result = text_append(&draft->text, bytes, length, NODE_DRAFT_MAX);

	if (result == -EMSGSIZE)
		return error_set(err, EBADMSG, "the item is larger than 1 MiB");
	return result < 0 ? error_set(err, ENOMEM, "out of memory") : 0;
}

/* What JSON could not say either, or not in one way only. */
static int check(const char *text, size_t length, struct error *err)
{
	if (memchr(text, '\0', length))
		return error_set(err, EBADMSG, "a text holds a NUL byte");
	if (!utf8_is_valid(text, length))
		return error_set(err, EBADMSG, "a text is not UTF-8");
	return 0;
}

int node_draft_write(struct node_draft *draft, const char *bytes, size_t length, bool last,
                     size_t *place, struct error *err)
{
	int result = append(draft, bytes, length, err);

	if (result < 0 || !last)
		return result;
	result = check(draft->text.bytes + draft->begun, draft->text.length - draft->begun, err);
	if (result == 0)
		result = append(draft, "", 1, err);
	if (result < 0)
		return result;
	*place = draft->begun + 1;
	draft->begun = draft->text.length;
	return 0;
}

const char *node_draft_text(const struct node_draft *draft, size_t place)
{
	return place ? draft->text.bytes + place - 1 : NULL;
}

void node_draft_element(struct node_draft *draft)
{
	draft->element = draft->text.length;
	memset(draft->parts, 0, sizeof(draft->parts));
}

/* Nothing of the element is needed any more. */
static void drop_element(struct node_draft *draft)
{
	draft->text.length = draft->element;
	draft->begun = draft->element;
	memset(draft->parts, 0, sizeof(draft->parts));
}

static bool part_is(const struct node_draft *draft, enum draft_part part, const char *wanted)
{
	const char *text = node_draft_text(draft, draft->parts[part]);

	return text && strcmp(text, wanted) == 0;
}

/* The annotation that the element at hand is; NODE_ANNOTATIONS: none that is read. */
static size_t annotation_of(const struct node_draft *draft)
{
	size_t i = 0;

	while (i < NODE_ANNOTATIONS && !part_is(draft, PART_KEY, draft->keys->names[i]))
		i++;
	return i;
}

bool node_draft_wants_annotation(const struct node_draft *draft)
{
	return draft->parts[PART_KEY] == 0 || annotation_of(draft) < NODE_ANNOTATIONS ||
	       part_is(draft, PART_KEY, NODE_INITIAL_EVENTS_END);
}

bool node_draft_wants_address(const struct node_draft *draft)
{
	return draft->parts[PART_KEY] == 0 || part_is(draft, PART_KEY, "InternalIP");
}

bool node_draft_wants_condition(const struct node_draft *draft)
{
	return draft->parts[PART_KEY] == 0 || part_is(draft, PART_KEY, "NetworkUnavailable");
}

/* A text that is left out is an empty one (protobuf.dev, "Default Values"): the end of the key. */
static size_t value_of(const struct node_draft *draft)
{
	size_t key = draft->parts[PART_KEY];

	if (draft->parts[PART_VALUE])
		return draft->parts[PART_VALUE];
	return key + strlen(node_draft_text(draft, key));
}

void node_draft_annotation(struct node_draft *draft)
{
	size_t i = annotation_of(draft);

	if (i < NODE_ANNOTATIONS) {
		draft->annotations[i] = value_of(draft);
		return;
	}
	if (part_is(draft, PART_KEY, NODE_INITIAL_EVENTS_END))
		draft->ends_initial = part_is(draft, PART_VALUE, "true");
	drop_element(draft);
}

void node_draft_address(struct node_draft *draft)
{
	const char *value = node_draft_text(draft, draft->parts[PART_VALUE]);

	if (draft->address_count < NODE_ADDRESSES_MAX && value && *value &&
	    part_is(draft, PART_KEY, "InternalIP"))
		draft->addresses[draft->address_count++] = draft->parts[PART_VALUE];
	else
		drop_element(draft);
}

void node_draft_condition(struct node_draft *draft)
{
	if (part_is(draft, PART_KEY, "NetworkUnavailable"))
		draft->network_available = part_is(draft, PART_VALUE, "False") &&
		                           part_is(draft, PART_REASON, "FlannelIsUp");
	drop_element(draft);
}

void node_draft_pod_cidr(struct node_draft *draft, size_t place)
{
	const char *text = node_draft_text(draft, place);

	if (*text != '\0' && draft->pod_cidr_count < NODE_POD_CIDRS_MAX)
		draft->pod_cidrs[draft->pod_cidr_count++] = place;
}

static void fill_pod_cidrs(const struct node_draft *draft, struct node_record *record)
{
	const char *only = node_draft_text(draft, draft->texts[DRAFT_POD_CIDR]);

	for (size_t i = 0; i < draft->pod_cidr_count; i++)
		record->pod_cidrs[i] = node_draft_text(draft, draft->pod_cidrs[i]);
	record->pod_cidr_count = draft->pod_cidr_count;
	if (record->pod_cidr_count == 0 && only && *only)
		record->pod_cidrs[record->pod_cidr_count++] = only;
}

void node_draft_event(const struct node_draft *draft, struct node_event *event)
{
	const char *message = node_draft_text(draft, draft->texts[DRAFT_MESSAGE]);
	struct node_record *record = &event->record;

	*event = (struct node_event){.version = node_draft_text(draft, draft->texts[DRAFT_VERSION]),
	                             .ends_initial = draft->ends_initial,
	                             .code = node_event_code(draft->code),
	                             .message = message ? message : ""};
	record->name = node_draft_text(draft, draft->texts[DRAFT_NAME]);
	record->created = draft->created;
	record->network_available = draft->network_available;
	fill_pod_cidrs(draft, record);
	for (size_t i = 0; i < draft->address_count; i++)
		record->addresses[i] = node_draft_text(draft, draft->addresses[i]);
	record->address_count = draft->address_count;
	for (size_t i = 0; i < NODE_ANNOTATIONS; i++)
		record->annotations[i] = node_draft_text(draft, draft->annotations[i]);
}
