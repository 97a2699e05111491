/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <string.h>

const cJSON *json_member(const cJSON *object, const char *name)
{
	if (!cJSON_IsObject(object))
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(json_member(object, name));
}

bool json_is_crowded(const cJSON *value)
{
	const cJSON *child;
	size_t members = 0;

	cJSON_ArrayForEach(child, value)
	{
		members += child->string != NULL;
		if (members > JSON_MEMBERS_MAX || json_is_crowded(child))
			return true;
	}
	return false;
}

static const cJSON *duplicate_of(const cJSON *member)
{
	/* An array may be long, and its elements have no names. */
	for (const cJSON *later = member->string ? member->next : NULL; later; later = later->next)
		if (strcmp(member->string, later->string) == 0)
			return later;
	return NULL;
}

const cJSON *json_duplicate(const cJSON *value)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, value)
	{
		const cJSON *twice = duplicate_of(child);

		if (!twice)
			twice = json_duplicate(child);
		if (twice)
			return twice;
	}
	return NULL;
}

static void overwrite(cJSON *value)
{
	cJSON *child;

	if (value->valuestring)
		explicit_bzero(value->valuestring, strlen(value->valuestring));
	cJSON_ArrayForEach(child, value) overwrite(child);
}

void json_wipe(cJSON *value)
{
	if (value)
		overwrite(value);
	cJSON_Delete(value);
}

void json_release(cJSON **value)
{
	cJSON_Delete(*value);
}
