/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostgwd generate man: see command.h. The macros are man(7)'s. */
#include "command.h"
#include "option_table.h"
#include "version.h"

static const char description[] =
	".SH DESCRIPTION\n"
	".B hostgwd\n"
	"gives a Kubernetes cluster, or a handful of hosts, a routed pod network: each node learns\n"
	"every other node's pod CIDR and has a route to it, via the node's address, in its own "
	"kernel.\n"
	"There is no tunnel, so the nodes must be on one link. It takes the place of flanneld with\n"
	"the host-gw backend: same flags, same files, same annotations.\n"
	".PP\n"
	"It owns only what is its own: its routes carry protocol 72, its rules are in the nftables\n"
	"table\n"
	".BR \"inet hostgw\" .\n"
	"Stopping it stops nothing: routes and rules stay, and the next start finds them.\n";

static const char files[] =
	".SH FILES\n"
	".TP\n"
	".I /etc/kube-flannel/net-conf.json\n"
	"the network:\n"
	".RS\n"
	".PP\n"
	".EX\n"
	"{\"Network\": \"10.244.0.0/16\", \"Backend\": {\"Type\": \"host-gw\"}}\n"
	".EE\n"
	".RE\n"
	".TP\n"
	".I /run/flannel/subnet.env\n"
	"network, pod CIDR, MTU and masquerading, for CNI plugins and scripts\n"
	".TP\n"
	".I /run/hostgw\n"
	"what a restart begins with\n";

static const char exit_status[] =
	".SH EXIT STATUS\n"
	".TP\n"
	".B 0\n"
	"all went well; the daemon was asked to stop\n"
	".TP\n"
	".B 1\n"
	"it failed at run time;\n"
	".B status\n"
	"and\n"
	".BR check :\n"
	"not all is well\n"
	".TP\n"
	".B 2\n"
	"a mistake in usage or configuration; nothing on the host was touched\n"
	".SH ENVIRONMENT\n"
	"Each flag has a variable of its own, named under it.\n"
	".TP\n"
	".B NO_COLOR\n"
	"set to anything,\n"
	".B hostgwd status\n"
	"has no colours on a terminal\n"
	".SH EXAMPLES\n"
	".TP\n"
	".B hostgwd \\-\\-kube\\-subnet\\-mgr \\-\\-ip\\-masq\n"
	"in a pod of a DaemonSet\n"
	".TP\n"
	".B hostgwd \\-\\-nodes\\-file /etc/hostgwd/nodes.yaml\n"
	"without Kubernetes\n"
	".TP\n"
	".B ip route show proto 72\n"
	"its routes\n"
	".TP\n"
	".B nft list table inet hostgw\n"
	"its rules\n"
	".SH SEE ALSO\n"
	".BR ip\\-route (8),\n"
	".BR nft (8)\n";

/* Text as roff prints it unchanged: hyphens that can be copied, no line taken for a macro. */
static void print_text(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", to);
		else if (*text == '\\')
			fputs("\\e", to);
		else
			fputc(*text, to);
	}
}

static void print_heading(FILE *to, const char *macro, const char *text)
{
	fprintf(to, "%s \"", macro);
	print_text(to, text);
	fputs("\"\n", to);
}

static void print_commands(FILE *to, struct command_list commands)
{
	fputs(".SH COMMANDS\nWithout one it runs as a daemon, in the foreground.\n", to);
	for (size_t i = 0; i < commands.count; i++) {
		const struct command *command = &commands.items[i];

		if (!command->help)
			continue;
		fputs(".TP\n\\fBhostgwd ", to);
		print_text(to, command->name);
		fputs("\\fP ", to);
		print_text(to, command->arguments);
		fputc('\n', to);
		print_text(to, command->help);
		fputc('\n', to);
	}
}

static void print_flag(FILE *to, const struct option_spec *spec)
{
	char variable[OPTION_VARIABLE_MAX];

	fputs(".TP\n\\fB", to);
	if (spec->alias && spec->alias[1] == '\0')
		fprintf(to, "\\-%s\\fP, \\fB", spec->alias);
	fputs("\\-\\-", to);
	print_text(to, spec->name);
	fputs("\\fP", to);
	if (spec->value && spec->kind == OPTION_CHOICE) {
		fputs(" \\fB", to);
		print_text(to, spec->value);
		fputs("\\fP", to);
	} else if (spec->value) {
		fprintf(to, " \\fI%s\\fP", spec->value);
	}
	fputc('\n', to);
	print_text(to, spec->help);
	if (option_has_default(spec)) {
		fputs(" (default ", to);
		print_text(to, spec->initial);
		fputc(')', to);
	}
	fprintf(to, "\n.br\n.I %s\n", option_variable(spec, variable));
}

static void print_flags(FILE *to)
{
	fputs(".SH OPTIONS\n"
	      "A flag has one dash or two; its value follows after = or as the next argument. A\n"
	      "switch alone is on, with\n"
	      ".B =false\n"
	      "it is off. The environment variable under each sets it too; a flag wins.\n",
	      to);
	for (size_t i = 0; i < option_count; i++) {
		if (option_table[i].group)
			print_heading(to, ".SS", option_table[i].group);
		print_flag(to, &option_table[i]);
	}
}

void man_print(FILE *to, struct command_list commands)
{
	fprintf(to,
	        ".\\\" Printed by hostgwd generate man.\n"
	        ".TH HOSTGWD 8 \"\" \"hostgwd %s\" \"System administration\"\n"
	        ".SH NAME\n"
	        "hostgwd \\- routes between the pod networks of Kubernetes nodes\n"
	        ".SH SYNOPSIS\n"
	        ".B hostgwd \\-\\-kube\\-subnet\\-mgr\n.RI [ flags ]\n.br\n"
	        ".B hostgwd \\-\\-nodes\\-file\n.I FILE\n.RI [ flags ]\n.br\n"
	        ".B hostgwd\n.I COMMAND\n.RI [ arguments ]\n",
	        HOSTGW_VERSION);
	fputs(description, to);
	print_commands(to, commands);
	print_flags(to);
	fputs(files, to);
	fputs(exit_status, to);
}
