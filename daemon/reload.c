/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reload.h"

#include <string.h>

static void warn(void *ctx, const char *text)
{
	log_warning((const struct log *)ctx, "%s", text);
}

static bool same_networks(const struct net_conf *a, const struct net_conf *b)
{
	return prefix_equal(&a->network[IP_V4], &b->network[IP_V4]) &&
	       prefix_equal(&a->network[IP_V6], &b->network[IP_V6]);
}

static void log_networks(const struct host *host, const struct net_conf *conf)
{
	char text[IP_FAMILIES][PREFIX_TEXT_MAX] = {""};

	for (int i = 0; i < IP_FAMILIES; i++)
		if (conf->network[i].addr.family != 0)
			prefix_format(&conf->network[i], text[i]);
	log_info(host->log, "The network's configuration has changed: %s%s%s", text[IP_V4],
	         text[IP_V4][0] && text[IP_V6][0] ? " and " : "", text[IP_V6]);
}

int reload_net_conf(struct settings *settings, struct host *host, uv_loop_t *loop,
                    struct error *err)
{
	const struct net_conf before = settings->conf;
	struct net_conf now;
	int result = net_conf_read(settings->options->net_config_path, &now, warn,
	                           (void *)host->log, err);

	if (result < 0 || same_networks(&before, &now))
		return result;
	settings->conf = now;
	result = host_follow_networks(host, loop, err);
	if (result < 0)
		settings->conf = before;
	else
		log_networks(host, &now);
	return result;
}
