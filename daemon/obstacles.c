/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "obstacles.h"

#include <stdlib.h>

#include "handle.h"
#include "hostgw/flannel_rules.h"
#include "hostgw/forward_obstacles.h"

static void on_timer(uv_timer_t *timer)
{
	struct obstacles *obstacles = timer->data;

	obstacles->known = false;
	obstacles->asked_at = uv_now(timer->loop);
	obstacles->ask(obstacles->ctx);
}

void obstacles_watch(struct obstacles *obstacles, uv_loop_t *loop, void (*ask)(void *ctx),
                     void *ctx)
{
	uv_timer_init(loop, &obstacles->timer);
	obstacles->timer.data = obstacles;
	obstacles->ask = ask;
	obstacles->ctx = ctx;
	obstacles->watching = true;
}

void obstacles_unwatch(struct obstacles *obstacles)
{
	if (obstacles->watching)
		handle_close(&obstacles->timer);
	obstacles->watching = false;
}

void obstacles_note_change(struct obstacles *obstacles)
{
	uint64_t now, due = 0;

	if (!obstacles->watching || uv_is_active((uv_handle_t *)&obstacles->timer))
		return;
	now = uv_now(obstacles->timer.loop);
	if (obstacles->asked_at != 0)
		due = obstacles->asked_at + OBSTACLES_GAP_MS;
	if (due < now + OBSTACLES_SETTLE_MS)
		due = now + OBSTACLES_SETTLE_MS;
	uv_timer_start(&obstacles->timer, on_timer, due - now, 0);
}

void obstacles_distrust(struct obstacles *obstacles)
{
	obstacles->known = false;
}

/* Without memory one is not told of until the next look. */
static void keep(void *ctx, const struct error *found)
{
	struct obstacles *obstacles = ctx;
	struct error *items = reallocarray(obstacles->items, obstacles->count + 1, sizeof(*items));

	if (!items)
		return;
	obstacles->items = items;
	items[obstacles->count++] = *found;
}

static int look(struct obstacles *obstacles, const struct prefix network[IP_FAMILIES],
                struct error *err)
{
	struct nft *nft;
	int result = nft_open(&nft, err);

	if (result < 0)
		return result;
	obstacles->count = 0;
	result = forward_obstacles_find(nft, network, keep, obstacles, err);
	nft_close(nft);
	return result < 0 ? result : flannel_legacy_find(keep, obstacles, err);
}

void obstacles_check(struct obstacles *obstacles, const struct prefix network[IP_FAMILIES],
                     void (*complain)(void *ctx, const struct error *err), void *ctx)
{
	struct error err;

	if (!obstacles->known) {
		obstacles->known = look(obstacles, network, &err) == 0;
		if (!obstacles->known)
			complain(ctx, &err);
	}
	for (size_t i = 0; i < obstacles->count; i++)
		complain(ctx, &obstacles->items[i]);
}

void obstacles_free(struct obstacles *obstacles)
{
	free(obstacles->items);
	*obstacles = (struct obstacles){.known = false};
}
