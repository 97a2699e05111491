/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "look_rest.h"

#define NS_PER_MS 1000000

uint64_t look_rest(uint64_t nanoseconds)
{
	uint64_t rest = nanoseconds / (NS_PER_MS / LOOK_REST_FACTOR);

	return rest < LOOK_REST_MAX_MS ? rest : LOOK_REST_MAX_MS;
}
