/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node_event.h"

enum node_event_type node_event_type(const char *name)
{
	static const struct {
		const char *name;
		enum node_event_type type;
	} types[] = {
		{"ADDED", NODE_EVENT_CHANGED},   {"MODIFIED", NODE_EVENT_CHANGED},
		{"DELETED", NODE_EVENT_REMOVED}, {"BOOKMARK", NODE_EVENT_BOOKMARK},
		{"ERROR", NODE_EVENT_ERROR},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	return NODE_EVENT_UNKNOWN;
}

const char *node_event_fault(const struct node_event *event)
{
	bool named = event->record.name && event->record.name[0] != '\0';

	switch (event->type) {
	case NODE_EVENT_CHANGED:
	case NODE_EVENT_REMOVED:
		return named ? NULL : "a node without a name";
	case NODE_EVENT_UNKNOWN:
		return "an event of unknown type";
	case NODE_EVENT_BOOKMARK:
	case NODE_EVENT_ERROR:
		break;
	}
	return NULL;
}

int node_event_code(double code)
{
	return code >= 0 && code < 1000 ? (int)code : 0;
}
