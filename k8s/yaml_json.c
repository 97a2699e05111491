/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_json.h"

#include <errno.h>
#include <stdbool.h>
#include <yaml.h>

#include "yaml_scalar.h"

struct level {
	bool mapping;
	bool filled; /* a comma comes before the next member or element */
	bool value;  /* mapping: the name was written, its value comes next */
};

struct converter {
	const char *text;
	size_t length;
	yaml_json_write_fn write;
	void *ctx;
	struct error *err;
	size_t line; /* of the output, from 0 */
	unsigned documents;
	unsigned depth;
	struct level levels[YAML_JSON_NESTING_MAX];
};

static int put(struct converter *c, const char *json, size_t length)
{
	return c->write(c->ctx, json, length, c->err);
}

static int refuse(struct converter *c, const yaml_event_t *event, const char *why)
{
	return error_set(c->err, EINVAL, "line %zu, column %zu: %s", event->start_mark.line + 1,
	                 event->start_mark.column + 1, why);
}

static int put_escaped(struct converter *c, unsigned char byte)
{
	char escape[8];
	int length = snprintf(escape, sizeof(escape), "\\u%04x", byte);

	return put(c, escape, (size_t)length);
}

static int put_string(struct converter *c, const char *value, size_t length)
{
	size_t start = 0;
	int result = put(c, "\"", 1);

	for (size_t i = 0; i < length && result == 0; i++) {
		unsigned char byte = (unsigned char)value[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		result = put(c, value + start, i - start);
		if (result == 0)
			result = put_escaped(c, byte);
		start = i + 1;
	}
	if (result == 0)
		result = put(c, value + start, length - start);
	return result == 0 ? put(c, "\"", 1) : result;
}

/* Keeps the lines of the output in step with those of the input. */
static int put_newlines(struct converter *c, const yaml_event_t *event)
{
	int result = 0;

	for (; c->line < event->start_mark.line && result == 0; c->line++)
		result = put(c, "\n", 1);
	return result;
}

/* The punctuation before the next name, value or element. */
static int put_separator(struct converter *c)
{
	struct level *level = c->depth > 0 ? &c->levels[c->depth - 1] : NULL;
	bool filled = level && level->filled;

	if (!level)
		return 0;
	level->filled = true;
	if (level->value)
		return put(c, ":", 1);
	return filled ? put(c, ",", 1) : 0;
}

/* In a mapping names and values take turns. */
static void turn(struct converter *c)
{
	if (c->depth > 0 && c->levels[c->depth - 1].mapping)
		c->levels[c->depth - 1].value = !c->levels[c->depth - 1].value;
}

static bool names_member(const struct converter *c)
{
	return c->depth > 0 && c->levels[c->depth - 1].mapping && !c->levels[c->depth - 1].value;
}

static bool tag_is(const yaml_char_t *tag, const char *name)
{
	return tag && strcmp((const char *)tag, name) == 0;
}

static int put_scalar(struct converter *c, const yaml_event_t *event)
{
	const yaml_char_t *tag = event->data.scalar.tag;
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	bool typed = tag_is(tag, YAML_NULL_TAG) || tag_is(tag, YAML_BOOL_TAG) ||
	             tag_is(tag, YAML_INT_TAG) || tag_is(tag, YAML_FLOAT_TAG);
	char json[YAML_SCALAR_MAX];
	int result;

	if (event->data.scalar.anchor)
		return refuse(c, event,
		              "anchors and aliases are not supported, write the value out");
	if (tag && !typed && !tag_is(tag, YAML_STR_TAG) && !tag_is(tag, "!"))
		return refuse(c, event, "this tag is not supported, remove it");
	if (!tag)
		typed = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	result = put_separator(c);
	if (result < 0)
		return result;
	if (!names_member(c) && typed && yaml_scalar_to_json(value, length, json))
		result = put(c, json, strlen(json));
	else
		result = put_string(c, value, length);
	turn(c);
	return result;
}

static int put_start(struct converter *c, const yaml_event_t *event, bool mapping)
{
	const yaml_char_t *tag = mapping ? event->data.mapping_start.tag
	                                 : event->data.sequence_start.tag;
	const yaml_char_t *anchor = mapping ? event->data.mapping_start.anchor
	                                    : event->data.sequence_start.anchor;
	int result;

	if (anchor)
		return refuse(c, event,
		              "anchors and aliases are not supported, write the value out");
	if (tag && !tag_is(tag, mapping ? YAML_MAP_TAG : YAML_SEQ_TAG))
		return refuse(c, event, "this tag is not supported, remove it");
	if (names_member(c))
		return refuse(c, event, "a member's name must be a plain text");
	if (c->depth == YAML_JSON_NESTING_MAX)
		return refuse(c, event, "nesting deeper than 64 levels is not read");
	result = put_separator(c);
	if (result < 0)
		return result;
	turn(c);
	c->levels[c->depth++] = (struct level){.mapping = mapping};
	return put(c, mapping ? "{" : "[", 1);
}

static int put_event(struct converter *c, const yaml_event_t *event)
{
	int result = put_newlines(c, event);

	if (result < 0)
		return result;
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (c->documents++ > 0)
			return refuse(c, event, "a second document begins here, only one is read");
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(c, event,
		              "anchors and aliases are not supported, write the value out");
	case YAML_SCALAR_EVENT:
		return put_scalar(c, event);
	case YAML_SEQUENCE_START_EVENT:
		return put_start(c, event, false);
	case YAML_MAPPING_START_EVENT:
		return put_start(c, event, true);
	case YAML_SEQUENCE_END_EVENT:
		c->depth--;
		return put(c, "]", 1);
	case YAML_MAPPING_END_EVENT:
		c->depth--;
		return put(c, "}", 1);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* Bytes that are no characters: libyaml gives the offset alone. */
static int reader_error(struct converter *c, const yaml_parser_t *parser)
{
	size_t line = 1;

	for (size_t i = 0; i < parser->problem_offset && i < c->length; i++)
		line += c->text[i] == '\n';
	return error_set(c->err, EINVAL, "line %zu: not text: %s", line, parser->problem);
}

static int parser_error(struct converter *c, const yaml_parser_t *parser)
{
	size_t at = parser->problem_mark.index;
	bool tab = at < c->length && c->text[at] == '\t';

	if (parser->error == YAML_MEMORY_ERROR)
		return error_set(c->err, ENOMEM, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return reader_error(c, parser);
	return error_set(c->err, EINVAL, "line %zu, column %zu: %s%s%s%s",
	                 parser->problem_mark.line + 1, parser->problem_mark.column + 1,
	                 parser->context ? parser->context : "", parser->context ? ": " : "",
	                 parser->problem, tab ? " (a tab: indent with spaces)" : "");
}

int yaml_json_convert(const char *text, size_t length, yaml_json_write_fn write, void *ctx,
                      struct error *err)
{
	struct converter c = {
		.text = text, .length = length, .write = write, .ctx = ctx, .err = err};
	yaml_parser_t parser;
	bool done = false;
	int result = 0;

	if (!yaml_parser_initialize(&parser))
		return error_set(err, ENOMEM, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	while (result == 0 && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			result = parser_error(&c, &parser);
			break;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		result = put_event(&c, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return result;
}
