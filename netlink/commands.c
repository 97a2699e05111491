/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <stdarg.h>
#include <stdio.h>

void commands_add(struct commands *commands, const char *format, ...)
{
	const char *between = commands->used > 0 ? "; " : "";
	char command[COMMANDS_MAX];
	size_t room = sizeof(commands->text) - commands->used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(command))
		return;
	length = snprintf(commands->text + commands->used, room, "%s%s", between, command);
	if ((size_t)length < room)
		commands->used += (size_t)length;
	else
		commands->text[commands->used] = '\0';
}
