/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_proto.h"

#include <errno.h>
#include <stdlib.h>

#include "node_draft.h"
#include "protobuf.h"

/* What a field is to us. Texts of the object and parts of an element are numbered from
 * FIELD_TEXT and FIELD_PART on. */
enum field_id {
	FIELD_PLAIN, /* a message that only leads to others */
	FIELD_ROOT,
	FIELD_RAW, /* the object inside of an Unknown */
	FIELD_LIST_METADATA,
	FIELD_NODE, /* an item of a list */
	FIELD_ANNOTATION,
	FIELD_ADDRESS,
	FIELD_CONDITION,
	FIELD_POD_CIDRS,
	FIELD_SECONDS,
	FIELD_CODE,
	FIELD_TEXT,
	FIELD_PART = FIELD_TEXT + DRAFT_TEXTS,
};

/* The numbers below are those of generated.proto in k8s.io/api/core/v1 and in
 * k8s.io/apimachinery: pkg/apis/meta/v1, pkg/runtime. */
#define MESSAGE(number, id, message)                         \
	{                                                    \
		number, PROTOBUF_MESSAGE, id, false, message \
	}
#define TEXT(number, text)                                              \
	{                                                               \
		number, PROTOBUF_TEXT, FIELD_TEXT + (text), false, NULL \
	}
#define PART(number, part)                                              \
	{                                                               \
		number, PROTOBUF_TEXT, FIELD_PART + (part), false, NULL \
	}
#define NUMBER(number, id)                               \
	{                                                \
		number, PROTOBUF_NUMBER, id, false, NULL \
	}
#define END                                                  \
	{                                                    \
		0, PROTOBUF_NUMBER, FIELD_PLAIN, false, NULL \
	}

static const struct protobuf_field time_fields[] = {NUMBER(1, FIELD_SECONDS), END};
static const struct protobuf_message time_message = {false, time_fields};

static const struct protobuf_field annotation_fields[] = {PART(1, PART_KEY), PART(2, PART_VALUE),
                                                          END};
static const struct protobuf_message annotation_message = {false, annotation_fields};

static const struct protobuf_field metadata_fields[] = {
	TEXT(1, DRAFT_NAME),
	TEXT(6, DRAFT_VERSION),
	MESSAGE(8, FIELD_PLAIN, &time_message),
	MESSAGE(12, FIELD_ANNOTATION, &annotation_message),
	END,
};
static const struct protobuf_message metadata_message = {false, metadata_fields};

static const struct protobuf_field spec_fields[] = {
	TEXT(1, DRAFT_POD_CIDR),
	{7, PROTOBUF_TEXT, FIELD_POD_CIDRS, false, NULL},
	END,
};
static const struct protobuf_message spec_message = {false, spec_fields};

static const struct protobuf_field condition_fields[] = {PART(1, PART_KEY), PART(2, PART_VALUE),
                                                         PART(5, PART_REASON), END};
static const struct protobuf_message condition_message = {false, condition_fields};

static const struct protobuf_field address_fields[] = {PART(1, PART_KEY), PART(2, PART_VALUE), END};
static const struct protobuf_message address_message = {false, address_fields};

static const struct protobuf_field node_status_fields[] = {
	MESSAGE(4, FIELD_CONDITION, &condition_message),
	MESSAGE(5, FIELD_ADDRESS, &address_message),
	END,
};
static const struct protobuf_message node_status_message = {false, node_status_fields};

static const struct protobuf_field node_fields[] = {
	MESSAGE(1, FIELD_PLAIN, &metadata_message),
	MESSAGE(2, FIELD_PLAIN, &spec_message),
	MESSAGE(3, FIELD_PLAIN, &node_status_message),
	END,
};
static const struct protobuf_message node_message = {false, node_fields};

static const struct protobuf_field list_metadata_fields[] = {TEXT(2, DRAFT_VERSION),
                                                             TEXT(3, DRAFT_NEXT_PAGE), END};
static const struct protobuf_message list_metadata_message = {false, list_metadata_fields};

static const struct protobuf_field node_list_fields[] = {
	MESSAGE(1, FIELD_LIST_METADATA, &list_metadata_message),
	{2, PROTOBUF_MESSAGE, FIELD_NODE, true, &node_message},
	END,
};
static const struct protobuf_message node_list_message = {false, node_list_fields};

static const struct protobuf_field status_fields[] = {TEXT(3, DRAFT_MESSAGE), NUMBER(6, FIELD_CODE),
                                                      END};
static const struct protobuf_message status_message = {false, status_fields};

static const struct protobuf_field type_meta_fields[] = {TEXT(2, DRAFT_KIND), END};
static const struct protobuf_message type_meta_message = {false, type_meta_fields};

/* runtime.Unknown; the object's own message is known once its kind is. */
static const struct protobuf_field unknown_fields[] = {MESSAGE(1, FIELD_PLAIN, &type_meta_message),
                                                       MESSAGE(2, FIELD_RAW, NULL), END};
static const struct protobuf_message unknown_message = {true, unknown_fields};

static const struct protobuf_field extension_fields[] = {MESSAGE(1, FIELD_PLAIN, &unknown_message),
                                                         END};
static const struct protobuf_message extension_message = {false, extension_fields};

static const struct protobuf_field event_fields[] = {
	TEXT(1, DRAFT_TYPE), MESSAGE(2, FIELD_PLAIN, &extension_message), END};
static const struct protobuf_message event_message = {false, event_fields};

static const struct protobuf_field list_root = MESSAGE(1, FIELD_ROOT, &unknown_message);
static const struct protobuf_field watch_root = {1, PROTOBUF_MESSAGE, FIELD_ROOT, true,
                                                 &event_message};

struct node_proto {
	bool list;
	struct node_reader_events events;
	struct protobuf_reader *reader;
	int element; /* the id of the one at hand */
	bool has_list;
	struct node_draft draft;
};

static bool kind_is(const struct node_proto *proto, const char *wanted)
{
	const char *kind = node_draft_text(&proto->draft, proto->draft.texts[DRAFT_KIND]);

	return kind && strcmp(kind, wanted) == 0;
}

static int open_raw(struct node_proto *proto, const struct protobuf_message **message,
                    struct error *err)
{
	const char *kind = node_draft_text(&proto->draft, proto->draft.texts[DRAFT_KIND]);

	if (proto->list && kind_is(proto, "NodeList"))
		*message = &node_list_message;
	else if (!proto->list && kind_is(proto, "Node"))
		*message = &node_message;
	else if (!proto->list && kind_is(proto, "Status"))
		*message = &status_message;
	else
		return error_set(err, EBADMSG, "%s is expected, not \"%.60s\"",
		                 proto->list ? "a NodeList" : "a Node", kind ? kind : "");
	return 0;
}

static int on_open(void *ctx, const struct protobuf_field *field,
                   const struct protobuf_message **message, struct error *err)
{
	struct node_proto *proto = ctx;

	switch (field->id) {
	case FIELD_ROOT:
	case FIELD_LIST_METADATA:
	case FIELD_NODE:
		node_draft_reset(&proto->draft);
		break;
	case FIELD_RAW:
		return open_raw(proto, message, err);
	case FIELD_ANNOTATION:
	case FIELD_ADDRESS:
	case FIELD_CONDITION:
		node_draft_element(&proto->draft);
		proto->element = field->id;
		break;
	default:
		break;
	}
	return 0;
}

static int tell(struct node_proto *proto, const struct node_event *event, struct error *err)
{
	const char *fault = node_event_fault(event);

	if (fault)
		return error_set(err, EBADMSG, "%s", fault);
	return proto->events.event(proto->events.ctx, event, err);
}

static int close_node(struct node_proto *proto, struct error *err)
{
	struct node_event event;

	node_draft_event(&proto->draft, &event);
	event.type = NODE_EVENT_CHANGED;
	return tell(proto, &event, err);
}

static int close_event(struct node_proto *proto, struct error *err)
{
	const char *type = node_draft_text(&proto->draft, proto->draft.texts[DRAFT_TYPE]);
	struct node_event event;

	node_draft_event(&proto->draft, &event);
	event.type = node_event_type(type ? type : "");
	if ((event.type == NODE_EVENT_ERROR) != kind_is(proto, "Status"))
		return error_set(err, EBADMSG, "an event whose object is not of its type");
	return tell(proto, &event, err);
}

static void close_list_metadata(struct node_proto *proto)
{
	const struct node_draft *draft = &proto->draft;
	const char *version = node_draft_text(draft, draft->texts[DRAFT_VERSION]);
	const char *next_page = node_draft_text(draft, draft->texts[DRAFT_NEXT_PAGE]);

	proto->events.listed(proto->events.ctx, version ? version : "", next_page ? next_page : "");
}

static int on_close(void *ctx, const struct protobuf_field *field, struct error *err)
{
	struct node_proto *proto = ctx;

	switch (field->id) {
	case FIELD_ROOT: /* of a watch: that of a list has no end of its own */
		return close_event(proto, err);
	case FIELD_NODE:
		return close_node(proto, err);
	case FIELD_RAW:
		proto->has_list = proto->list;
		break;
	case FIELD_LIST_METADATA:
		close_list_metadata(proto);
		break;
	case FIELD_ANNOTATION:
		node_draft_annotation(&proto->draft);
		break;
	case FIELD_ADDRESS:
		node_draft_address(&proto->draft);
		break;
	case FIELD_CONDITION:
		node_draft_condition(&proto->draft);
		break;
	default:
		break;
	}
	return 0;
}

static bool on_wants(void *ctx, const struct protobuf_field *field)
{
	struct node_proto *proto = ctx;

	proto->draft.begun = proto->draft.text.length;
	if (field->id <= FIELD_PART) /* a text of the object, or the key of an element */
		return true;
	if (proto->element == FIELD_ANNOTATION)
		return node_draft_wants_annotation(&proto->draft);
	if (proto->element == FIELD_ADDRESS)
		return node_draft_wants_address(&proto->draft);
	return node_draft_wants_condition(&proto->draft);
}

static int on_text(void *ctx, const struct protobuf_field *field, const char *bytes, size_t length,
                   bool last, struct error *err)
{
	struct node_proto *proto = ctx;
	struct node_draft *draft = &proto->draft;
	size_t pod_cidr = 0;
	size_t *place = &pod_cidr;
	int result;

	if (field->id >= FIELD_PART)
		place = &draft->parts[field->id - FIELD_PART];
	else if (field->id >= FIELD_TEXT)
		place = &draft->texts[field->id - FIELD_TEXT];
	result = node_draft_write(draft, bytes, length, last, place, err);
	if (result == 0 && pod_cidr)
		node_draft_pod_cidr(draft, pod_cidr);
	return result;
}

static int on_number(void *ctx, const struct protobuf_field *field, uint64_t value,
                     struct error *err)
{
	struct node_proto *proto = ctx;

	(void)err;
	if (field->id == FIELD_SECONDS)
		proto->draft.created = (int64_t)value;
	else
		proto->draft.code = (double)(int64_t)value;
	return 0;
}

static int on_skipped(void *ctx, const char *why, struct error *err)
{
	struct node_proto *proto = ctx;

	(void)err;
	proto->events.skipped(proto->events.ctx,
	                      node_draft_text(&proto->draft, proto->draft.texts[DRAFT_NAME]), why);
	return 0;
}

int node_proto_new(bool list, const struct node_keys *keys, const struct node_reader_events *events,
                   struct node_proto **out, struct error *err)
{
	struct protobuf_options options = {.framed = !list,
	                                   .root = list ? &list_root : &watch_root};
	struct node_proto *proto = calloc(1, sizeof(*proto));
	struct protobuf_events reader_events = {.ctx = proto,
	                                        .open = on_open,
	                                        .close = on_close,
	                                        .wants = on_wants,
	                                        .text = on_text,
	                                        .number = on_number,
	                                        .skipped = on_skipped};
	int result;

	if (!proto)
		return error_set(err, ENOMEM, "out of memory");
	proto->list = list;
	proto->events = *events;
	proto->draft.keys = keys;
	result = protobuf_reader_new(&options, &reader_events, &proto->reader, err);
	if (result < 0) {
		free(proto);
		return result;
	}
	*out = proto;
	return 0;
}

void node_proto_free(struct node_proto *proto)
{
	if (!proto)
		return;
	protobuf_reader_free(proto->reader);
	node_draft_free(&proto->draft);
	free(proto);
}

int node_proto_push(struct node_proto *proto, const char *bytes, size_t length, struct error *err)
{
	return protobuf_reader_push(proto->reader, bytes, length, err);
}

int node_proto_end(struct node_proto *proto, struct error *err)
{
	int result = protobuf_reader_end(proto->reader, err);

	if (result == 0 && proto->list && !proto->has_list)
		return error_set(err, EINVAL, "there is no list in the answer");
	return result;
}
