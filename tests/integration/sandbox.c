/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostgw/nft.h"

bool sandbox_enter(void)
{
	if (geteuid() != 0) {
		fprintf(stderr, "network namespaces need root\n");
		return false;
	}
	if (unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr, "no network namespace: %s\n", strerror(errno));
		return false;
	}
	return system("ip link set lo up") == 0;
}

int sandbox_add_link(void)
{
	sandbox_run("ip link add hgt0 type veth peer name hgt1 && ip link set hgt1 up && "
	            "ip link set hgt0 up && ip address add 192.168.2.44/24 dev hgt0 && "
	            "ip address add fd00:2::44/64 dev hgt0 nodad");
	return (int)if_nametoindex("hgt0");
}

void sandbox_run(const char *format, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	status = system(command);
	if (status != 0)
		fail_msg("%s: status %d", command, status);
}

void sandbox_capture(const char *command, char *output, size_t size)
{
	FILE *pipe = popen(command, "r");
	size_t length;

	assert_non_null(pipe);
	length = fread(output, 1, size, pipe);
	if (pclose(pipe) != 0 || length == size)
		fail_msg("%s: failed, or wrote %zu bytes or more", command, size);
	output[length] = '\0';
}

int sandbox_set_up_nft(void **state)
{
	struct nft *nft;
	struct error err;

	if (nft_open(&nft, &err) != 0)
		fail_msg("%s", err.text);
	*state = nft;
	return 0;
}

int sandbox_tear_down_nft(void **state)
{
	nft_close(*state);
	sandbox_run("nft flush ruleset");
	return 0;
}

struct ip_addr sandbox_ip(const char *text)
{
	struct ip_addr addr = {0};

	if (text && !ip_parse(text, &addr))
		fail_msg("the test's own address is wrong: %s", text);
	return addr;
}

struct prefix sandbox_prefix(const char *text)
{
	struct prefix prefix = {0};

	if (text && !prefix_parse(text, &prefix))
		fail_msg("the test's own prefix is wrong: %s", text);
	return prefix;
}

struct route sandbox_route(const char *dst, const char *via, int oif)
{
	struct route route = {.dst = sandbox_prefix(dst),
	                      .via = sandbox_ip(via),
	                      .oif = oif,
	                      .table = RT_TABLE_MAIN,
	                      .protocol = ROUTE_PROTOCOL_HOSTGW,
	                      .type = RTN_UNICAST};

	route.metric = route.dst.addr.family == AF_INET6 ? ROUTE_METRIC_IPV6 : ROUTE_METRIC_IPV4;
	return route;
}

struct route sandbox_numbered_route(size_t number, const char *via, int oif)
{
	struct route route = sandbox_route("10.64.0.0/24", via, oif);

	route.dst.addr.bytes[1] = (uint8_t)(64 + number / 256);
	route.dst.addr.bytes[2] = (uint8_t)(number % 256);
	return route;
}

struct nexthop sandbox_nexthop(uint32_t id, const char *via, int oif)
{
	return (struct nexthop){
		.id = id, .via = sandbox_ip(via), .oif = oif, .protocol = ROUTE_PROTOCOL_HOSTGW};
}
