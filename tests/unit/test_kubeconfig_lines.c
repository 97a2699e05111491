/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong in a kubeconfig is told with the line of the entry or member that it is in. */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostgw/kube_config.h"

#define PEM_BASE64 \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

/* Its path as an error names it: the file is in memory, so that nothing stays behind. */
static int read_error(const char *text, const char *server, char path[static 64], struct error *err)
{
	int fd = memfd_create("kubeconfig", MFD_CLOEXEC);
	struct kube_config *config;
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	result = kube_config_read(path, server, &config, err);
	close(fd);
	return result;
}

/* As kubectl writes it: the members of an entry come before its name. Line 3 is the cluster, 8 the
 * context, 11 what is in place of the current-context, 14 the user, 15 its first member. */
#define LINES(cluster, context, current, user)                                        \
	"apiVersion: v1\nclusters:\n- cluster:\n    tls-server-name: a\n    " cluster \
	"\n  name: k\ncontexts:\n- context:\n    " context "\n  name: c\n" current    \
	"\nusers:\n- name: u\n  user:\n    " user                                     \
	"\n    username: |\n      two\n      lines\n    password: p\n"
#define URL     "server: https://a"
#define CONTEXT "{cluster: k, user: u}"
#define CURRENT "current-context: c"

#define IN_CLUSTER(line) ": line " line ": cluster \"k\": "
#define IN_USER(line)    ": line " line ": user \"u\": "

static const struct {
	const char *text;
	const char *message; /* behind "kubeconfig PATH" */
} cases[] = {
	{"# c\n\nkind: Config\n", ": line 3: there is no current-context"},
	{"kind: Config\n\ncurrent-context: ''\n", ": line 3: there is no current-context"},
	{LINES(URL, CONTEXT, "current-context: d", ""),
         ": line 11: there is no context \"d\" under \"contexts\""},

	{LINES(URL, "a: [b, {c: d}]", CURRENT, ""), ": line 8: context \"c\" names no cluster"},
	{LINES(URL, "cluster: [k]", CURRENT, ""), ": line 9: context \"c\" names no cluster"},
	{LINES(URL, "cluster: x", CURRENT, ""),
         ": line 9: cluster \"x\": there is no cluster \"x\" under \"clusters\""},
	{LINES(URL, "cluster: k\n    user: x", CURRENT, ""),
         ": line 10: user \"x\": there is no user \"x\" under \"users\""},
	{LINES(URL, "cluster: k\n    user: x", CURRENT, "") "- name: x\n",
         ": line 21: user \"x\": there is no user \"x\" under \"users\""},

	{LINES("a: b", CONTEXT, CURRENT, ""), IN_CLUSTER("3") "the cluster has no \"server\""},
	{LINES("server: 5", CONTEXT, CURRENT, ""), IN_CLUSTER("5") "the cluster has no \"server\""},
	{LINES("server: a", CONTEXT, CURRENT, ""), IN_CLUSTER("5") "server \"a\" must begin"},
	{LINES(URL "\n    certificate-authority: nowhere", CONTEXT, CURRENT, ""),
         IN_CLUSTER("6") "certificate-authority: "},
	{LINES(URL "\n    certificate-authority-data: '*'", CONTEXT, CURRENT, ""),
         IN_CLUSTER("6") "certificate-authority-data is not base64"},
	{LINES(URL "\n    certificate-authority-data: YWJj", CONTEXT, CURRENT, ""),
         IN_CLUSTER("6") "certificate-authority-data is not PEM"},
	{LINES(URL "\n    proxy-url: ftp://p", CONTEXT, CURRENT, ""),
         IN_CLUSTER("6") "\"proxy-url\" must begin"},
	{LINES(URL "\n    disable-compression: 1", CONTEXT, CURRENT, ""),
         IN_CLUSTER("6") "\"disable-compression\" must be true or false"},

	{LINES(URL, CONTEXT, CURRENT, "token: [\n      t]"),
         IN_USER("15") "\"token\" must be a text"},
	{LINES(URL, CONTEXT, CURRENT, "a: |\n      -\n      {\n    tokenFile: nowhere"),
         IN_USER("18") "token: cannot read /proc/self/fd/nowhere"},
	{LINES(URL, CONTEXT, CURRENT, "client-certificate: nowhere"),
         IN_USER("15") "client-certificate: "},
	{LINES(URL, CONTEXT, CURRENT, "client-key-data: " PEM_BASE64),
         IN_USER("14") "client-certificate and client-key are needed both"},
	{LINES(URL, CONTEXT, CURRENT, "auth-provider: {name: gcp}"),
         IN_USER("15") "\"auth-provider\" is not supported"},
	{LINES(URL, CONTEXT, CURRENT, "exec:\n      command: aws"),
         IN_USER("15") "exec: apiVersion \"\" is not supported"},

	/* The second of the two. */
	{LINES(URL, "cluster: k\n    user: u\n    cluster: k", CURRENT, ""),
         ": line 11: \"cluster\" occurs twice in one mapping"},
	{LINES(URL, CONTEXT, CURRENT, "username: v"),
         ": line 16: \"username\" occurs twice in one mapping"},

	/* What is read as JSON, tabs and all. */
	{"{\n\t\"a\": [\"{\", -1.5e3, true, {}, null],\n\t\"current-context\": 5\n}\n",
         ": line 3: there is no current-context"},
	{"{\"a\": \"\\\"\",\n\"current-context\": 5}", ": line 2: there is no current-context"},
	{"\xef\xbb\xbf{\n\"current-context\":\n\"c\"\n}",
         ": line 2: there is no context \"c\" under \"contexts\""},

	{"- a\n", ": this is not a kubeconfig"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {0};
		char wanted[512], path[64];
		int result = read_error(cases[i].text, NULL, path, &err);

		snprintf(wanted, sizeof(wanted), "kubeconfig %s%s", path, cases[i].message);
		if (result >= 0 || result != -err.code ||
		    strncmp(err.text, wanted, strlen(wanted)) != 0)
			fail_msg("%s\ngives %s\nnot %s", cases[i].text, err.text, wanted);
		if (!error_remedy(&err))
			fail_msg("no remedy: %s", err.text);
	}
}

/* It is not in the file. */
static void test_server_of_the_flag(void **state)
{
	struct error err = {0};
	char path[64];

	(void)state;
	assert_int_equal(read_error(LINES(URL, CONTEXT, CURRENT, ""), "ftp://a", path, &err),
	                 -EINVAL);
	assert_null(strstr(err.text, "line"));
	assert_non_null(strstr(err.text, ": cluster \"k\": server \"ftp://a\" must begin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_server_of_the_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
