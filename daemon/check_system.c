/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This process, its kernel and its clock. */
#include "check.h"

void check_rights(const struct check_facts *facts, struct findings *findings)
{
	if (facts->rights.code == 0)
		findings_add(findings, FINDING_OK, "", "", "CAP_NET_ADMIN is there");
	else
		findings_add_error(findings, FINDING_ERROR, "", &facts->rights);
}

static bool is_before(unsigned major, unsigned minor, unsigned wanted_major, unsigned wanted_minor)
{
	return major < wanted_major || (major == wanted_major && minor < wanted_minor);
}

/* 5.2 brought nat to the family inet, 5.3 nexthop objects. */
void check_kernel(const struct check_facts *facts, struct findings *findings)
{
	bool always = facts->options->nexthop_objects == NEXTHOP_ALWAYS;
	unsigned major, minor;

	if (sscanf(facts->kernel, "%u.%u", &major, &minor) != 2)
		findings_add(findings, FINDING_NOTE, "", "",
		             "Linux %s: is it 5.2 or newer, as masquerading needs?", facts->kernel);
	else if (is_before(major, minor, 5, 2))
		findings_add(findings, FINDING_ERROR, "", "run Linux 5.2 or newer",
		             "Linux %s has no nat in nftables' family inet, which masquerading "
		             "needs",
		             facts->kernel);
	else if (is_before(major, minor, 5, 3))
		findings_add(findings, always ? FINDING_ERROR : FINDING_NOTE, "",
		             "leave --nexthop-objects at auto, or run Linux 5.3 or newer",
		             "Linux %s has no nexthop objects: thousands of nodes take seconds",
		             facts->kernel);
	else
		findings_add(findings, FINDING_OK, "", "", "Linux %s has all that is needed",
		             facts->kernel);
}

void check_clock(const struct check_facts *facts, struct findings *findings)
{
	if (facts->clock_unsynchronized)
		findings_add(findings, FINDING_NOTE, "",
		             "see timedatectl, chronyc tracking or ntpq",
		             "the kernel does not know the clock to be synchronized; certificates "
		             "of the API server are judged by it");
	else
		findings_add(findings, FINDING_OK, "", "", "the clock is synchronized");
}
