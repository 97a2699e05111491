/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hostgw/kube_config.h"
#include "k8s/base64.h"
#include "k8s/credentials.h"

#define PEM "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
#define PEM_BASE64 \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

static char folder[] = "/tmp/hostgw-test-XXXXXX";

static void path_of(const char *name, char path[static 256])
{
	snprintf(path, 256, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[256];

	path_of(name, path);
	unlink(path);
}

static int make_files(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_file("ca.crt", PEM);
	write_file("token", "  abc.def\n");
	write_file("empty", "\n");
	write_file("two-lines", "a\nb\n");
	return 0;
}

static int remove_files(void **state)
{
	static const char *const names[] = {"ca.crt", "token", "empty", "two-lines", "config"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		remove_file(names[i]);
	return rmdir(folder);
}

static int read_config(const char *text, const char *server, struct kube_config **out,
                       struct error *err)
{
	char path[256];

	write_file("config", text);
	path_of("config", path);
	return kube_config_read(path, server, out, err);
}

#define HEAD                                                  \
	"apiVersion: v1\nkind: Config\ncurrent-context: c\n"  \
	"contexts:\n- name: other\n  context: {cluster: x}\n" \
	"- name: c\n  context: {cluster: k, user: u, namespace: n}\n"
#define CLUSTER(members) "clusters:\n- name: k\n  cluster: {" members "}\n"
#define SERVER           "server: 'https://10.0.0.1:6443/'"
#define USER(members)    "users:\n- name: u\n  user: {" members "}\n"

static void test_full(void **state)
{
	struct kube_config *config;
	struct error err = {0};
	char path[256];

	(void)state;
	if (read_config(HEAD CLUSTER(SERVER ", certificate-authority-data: " PEM_BASE64
	                                    ", certificate-authority: nowhere,"
	                                    " tls-server-name: api, proxy-url: 'http://p:1'")
	                        USER("client-certificate: ca.crt, client-key-data: " PEM_BASE64
	                             ", token: t0, tokenFile: token, unknown: {a: [b]}"),
	                NULL, &config, &err) < 0)
		fail_msg("%s", err.text);
	path_of("config", path);
	assert_string_equal(config->origin, path);
	assert_string_equal(config->server, "https://10.0.0.1:6443");
	assert_null(config->ca_file);
	assert_string_equal(config->ca_data, PEM);
	path_of("ca.crt", path);
	assert_string_equal(config->cert_file, path);
	assert_null(config->cert_data);
	assert_string_equal(config->key_data, PEM);
	assert_string_equal(config->token, "t0");
	path_of("token", path);
	assert_string_equal(config->token_file, path);
	assert_string_equal(config->tls_server_name, "api");
	assert_string_equal(config->proxy_url, "http://p:1");
	assert_false(config->insecure_skip_tls_verify);
	kube_config_free(config);
}

static void test_good(void **state)
{
	static const struct {
		const char *text, *server, *wanted;
		bool insecure;
	} cases[] = {
		{HEAD CLUSTER(SERVER) USER(""), NULL, "https://10.0.0.1:6443", false},
		{HEAD CLUSTER(SERVER) USER("token: ''"), "http://127.0.0.1:8080/x//",
	         "http://127.0.0.1:8080/x", false},
		{HEAD CLUSTER("") USER(""), "https://[::1]:6443", "https://[::1]:6443", false},
		{HEAD CLUSTER(SERVER
	                      ", insecure-skip-tls-verify: true, certificate-authority: null")
	                 USER(""),
	         NULL, "https://10.0.0.1:6443", true},
		{"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n" CLUSTER(
			 SERVER),
	         NULL, "https://10.0.0.1:6443", false},
		{"{\n\t\"current-context\": \"c\",\n\t\"contexts\": [{\"name\": \"c\", \"context\": "
	         "{\"cluster\": \"k\"}}],\n\t\"clusters\": [{\"name\": \"k\", \"cluster\": {\"server\": "
	         "\"https://a\"}}]\n}\n",
	         NULL, "https://a", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_config *config;
		struct error err;

		if (read_config(cases[i].text, cases[i].server, &config, &err) < 0)
			fail_msg("%s\n%s", cases[i].text, err.text);
		assert_string_equal(config->server, cases[i].wanted);
		assert_int_equal(config->insecure_skip_tls_verify, cases[i].insecure);
		kube_config_free(config);
	}
}

/* Only where it is asked for; a plugin is told what was given. */
static void test_compression(void **state)
{
	static const struct {
		const char *text;
		bool compression, disabled;
	} cases[] = {
		{HEAD CLUSTER(SERVER) USER(""), false, false},
		{HEAD CLUSTER(SERVER ", disable-compression: null") USER(""), false, false},
		{HEAD CLUSTER(SERVER ", disable-compression: true") USER(""), false, true},
		{HEAD CLUSTER(SERVER ", disable-compression: false") USER(""), true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_config *config;
		struct error err;

		assert_int_equal(read_config(cases[i].text, NULL, &config, &err), 0);
		assert_int_equal(config->compression, cases[i].compression);
		assert_int_equal(config->disable_compression, cases[i].disabled);
		kube_config_free(config);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *why;
	} cases[] = {
		{"", EINVAL, "mapping; name the right file"},
		{"just text", EINVAL, "not a kubeconfig"},
		{"a: b\n c: d\n", EINVAL, "line 2, column 3: "},
		{"{\"a\": \n", EINVAL, "line "},
		{"a: &x 1\n", EINVAL, "line 1, column 4: anchors"},
		{"kind: Config\n", EINVAL, "; kubectl config use-context"},
		{"current-context: c\ncurrent-context: d\n", EINVAL,
	         "\"current-context\" occurs twice"},
		{"current-context: c\n", EINVAL,
	         "there is no context \"c\" under \"contexts\"; add it"},
		{"current-context: c\ncontexts: [{name: c, context: {}}]\n", EINVAL,
	         "context \"c\" names no cluster"},
		{HEAD, EINVAL, "there is no cluster \"k\" under \"clusters\""},
		{HEAD CLUSTER(SERVER), EINVAL, "there is no user \"u\" under \"users\""},
		{HEAD CLUSTER("") USER(""), EINVAL, "cluster \"k\": the cluster has no \"server\""},
		{HEAD CLUSTER("server: 'a:6443'") USER(""), EINVAL, "must begin with https://"},
		{HEAD CLUSTER("server: 'https://'") USER(""), EINVAL, "is not a URL"},
		{HEAD CLUSTER("server: 'https://u:p@a'") USER(""), EINVAL, "is not a URL"},
		{HEAD CLUSTER("server: 'https://a/?x=1'") USER(""), EINVAL, "behind '?'"},
		{HEAD CLUSTER(SERVER ", certificate-authority: nowhere") USER(""), ENOENT,
	         "/nowhere: No such file or directory; check the path"},
		{HEAD CLUSTER(SERVER ", certificate-authority: token") USER(""), EINVAL,
	         "is not PEM"},
		{HEAD CLUSTER(SERVER ", certificate-authority: .") USER(""), EINVAL,
	         "is not a regular file; name the file"},
		{HEAD CLUSTER(SERVER ", certificate-authority-data: '*'") USER(""), EINVAL,
	         "certificate-authority-data is not base64, it may be cut off; make"},
		{HEAD CLUSTER(SERVER ", certificate-authority-data: YWJj") USER(""), EINVAL,
	         "certificate-authority-data is not PEM"},
		{HEAD CLUSTER(SERVER ", insecure-skip-tls-verify: 'yes'") USER(""), EINVAL,
	         "must be true or false"},
		{HEAD CLUSTER(SERVER ", tls-server-name: 5") USER(""), EINVAL,
	         "\"tls-server-name\" must be a text; put it"},
		{HEAD CLUSTER(SERVER) USER("tokenFile: nowhere"), ENOENT, "/nowhere: No such file"},
		{HEAD CLUSTER(SERVER) USER("tokenFile: empty"), EINVAL,
	         "/empty is empty; write a token"},
		{HEAD CLUSTER(SERVER) USER("tokenFile: two-lines"), EINVAL, "one line"},
		{HEAD CLUSTER(SERVER) USER("token: \"a\\nb\""), EINVAL, "one line"},
		{HEAD CLUSTER(SERVER) USER("token: 12"), EINVAL, "\"token\" must be a text"},
		{HEAD CLUSTER(SERVER) USER("client-certificate: ca.crt"), EINVAL, "needed both"},
		{HEAD CLUSTER(SERVER) USER("client-key: ca.crt"), EINVAL, "needed both"},
		{HEAD CLUSTER(SERVER) USER("exec: {command: aws}"), EINVAL,
	         "user \"u\": exec: apiVersion \"\" is not supported"},
		{HEAD CLUSTER(SERVER ", disable-compression: 'yes'") USER(""), EINVAL,
	         "\"disable-compression\" must be true or false"},
		{HEAD CLUSTER(SERVER ", proxy-url: 'ftp://user:secret@p'") USER(""), EINVAL,
	         "\"proxy-url\" must begin with http://, https:// or socks5://"},
		{HEAD CLUSTER(SERVER) USER("auth-provider: {name: gcp}"), EINVAL,
	         "as Kubernetes removed it; put a \"token\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_config *config;
		struct error err = {0};
		int result = read_config(cases[i].text, NULL, &config, &err);

		if (result != -cases[i].code || !strstr(err.text, cases[i].why) ||
		    !strstr(err.text, folder))
			fail_msg("%s\ngives %d %s\nnot %s", cases[i].text, result, err.text,
			         cases[i].why);
		if (!error_remedy(&err))
			fail_msg("no remedy: %s", err.text);
	}
}

static void test_missing_file(void **state)
{
	struct kube_config *config;
	struct error err;

	(void)state;
	assert_int_equal(kube_config_read("/nowhere/at/all", NULL, &config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	assert_non_null(error_remedy(&err));
	assert_int_equal(kube_config_read("/dev/null/nothing", NULL, &config, &err), -ENOTDIR);
	assert_non_null(error_remedy(&err));
}

static void test_in_cluster(void **state)
{
	static const struct {
		const char *host, *port, *server, *why;
	} cases[] = {
		{NULL, "443", NULL, "KUBERNETES_SERVICE_HOST is not set"},
		{"", "443", NULL, "KUBERNETES_SERVICE_HOST is not set"},
		{"10.96.0.1", NULL, NULL, "KUBERNETES_SERVICE_PORT is not set"},
		{"10.96.0.1", "443", "https://10.96.0.1:443", NULL},
		{"fd00::1", "443", "https://[fd00::1]:443", NULL},
		{"[fd00::1]", "6443", "https://[fd00::1]:6443", NULL},
		{"kubernetes.default.svc", "443", "https://kubernetes.default.svc:443", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_config *config;
		struct error err;
		int result;

		unsetenv("KUBERNETES_SERVICE_HOST");
		unsetenv("KUBERNETES_SERVICE_PORT");
		if (cases[i].host)
			setenv("KUBERNETES_SERVICE_HOST", cases[i].host, 1);
		if (cases[i].port)
			setenv("KUBERNETES_SERVICE_PORT", cases[i].port, 1);
		result = kube_config_in_cluster(folder, &config, &err);
		if (cases[i].why) {
			assert_int_equal(result, -ENOENT);
			assert_non_null(strstr(err.text, cases[i].why));
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(config->server, cases[i].server);
		assert_string_equal(config->origin, "in-cluster");
		assert_non_null(strstr(config->token_file, "/token"));
		assert_non_null(strstr(config->ca_file, "/ca.crt"));
		kube_config_free(config);
	}
}

static void test_in_cluster_files(void **state)
{
	struct kube_config *config;
	struct error err;

	(void)state;
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	remove_file("ca.crt");
	assert_int_equal(kube_config_in_cluster(folder, &config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/ca.crt"));
	write_file("ca.crt", "not PEM");
	assert_int_equal(kube_config_in_cluster(folder, &config, &err), -EINVAL);
	assert_non_null(error_remedy(&err));
	write_file("ca.crt", PEM);
	remove_file("token");
	assert_int_equal(kube_config_in_cluster(folder, &config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/token"));
	write_file("token", "abc.def");
}

static void test_bare(void **state)
{
	struct kube_config *config;
	struct error err;

	(void)state;
	assert_int_equal(kube_config_bare("http://127.0.0.1:8001", &config, &err), 0);
	assert_string_equal(config->server, "http://127.0.0.1:8001");
	kube_config_free(config);
	assert_int_equal(kube_config_bare("ftp://a", &config, &err), -EINVAL);
	assert_non_null(error_remedy(&err));
	assert_int_equal(kube_config_bare("", &config, &err), -EINVAL);
	kube_config_free(NULL);
}

static void test_base64(void **state)
{
	static const struct {
		const char *encoded, *text;
	} cases[] = {
		{"", ""},
		{"YQ==", "a"},
		{"YWI=", "ab"},
		{"YWJj", "abc"},
		{"YW\r\nJj\n", "abc"},
		{"YWJjZA==", "abcd"},
		{"+/+/", "\xfb\xff\xbf"},
		{"YQ", NULL},
		{"YQ=", NULL},
		{"YQ===", NULL},
		{"Y===", NULL},
		{"YR==", NULL},
		{"YWJ=", NULL},
		{"Y Q=", NULL},
		{"YQ==YQ==", NULL},
		{"Y-==", NULL},
		{"AAAA", NULL},
		{"Y=Q=", NULL},
		{"====", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = base64_decode_text(cases[i].encoded);

		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
		free(text);
	}
}

static const char *token_at(struct credentials *credentials, uint64_t now_ms, unsigned *generation)
{
	struct credential credential;
	struct error err;

	assert_int_equal(credentials_get(credentials, now_ms, &credential, &err), 0);
	*generation = credential.generation;
	return credential.token;
}

static void test_token_rotates(void **state)
{
	struct kube_config config = {0};
	struct credentials *credentials;
	unsigned first, now;
	struct error err;
	char path[256];

	(void)state;
	path_of("token", path);
	config.token_file = path;
	write_file("token", "one\n");
	assert_int_equal(credentials_new(NULL, &config, &credentials, &err), 0);
	assert_string_equal(token_at(credentials, 100000, &first), "one");
	write_file("token", "two\n");
	assert_string_equal(token_at(credentials, 159999, &now), "one");
	assert_int_equal(now, first);
	assert_string_equal(token_at(credentials, 160000, &now), "two");
	assert_int_not_equal(now, first);
	assert_true(credentials_refused(credentials, first, 160001)); /* not the one of now */
	assert_false(credentials_refused(credentials, now, 160001));
	write_file("token", "three");
	assert_true(credentials_refused(credentials, now, 160002));
	assert_string_equal(token_at(credentials, 160003, &now), "three");
	remove_file("token"); /* as long as there is nothing better, the last one goes on */
	assert_false(credentials_refused(credentials, now, 170000));
	assert_string_equal(token_at(credentials, 999999, &now), "three");
	write_file("token", "abc.def");
	credentials_free(credentials);
}

/* Each request sees the file as it is: replaced by rename, rewritten, away, emptied. */
static void test_certificate_rotates(void **state)
{
	struct kube_config config = {0};
	struct credential credential;
	struct credentials *credentials;
	char path[256], other[256];
	unsigned generation;
	struct error err;

	(void)state;
	path_of("rotating.crt", path);
	path_of("other.crt", other);
	config.ca_file = path;
	write_file("rotating.crt", "A");
	assert_int_equal(credentials_new(NULL, &config, &credentials, &err), 0);
	assert_int_equal(credentials_get(credentials, 1, &credential, &err), 0);
	assert_string_equal(credential.ca, "A");
	generation = credential.generation;
	write_file("other.crt", "B");
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(credentials_get(credentials, 2, &credential, &err), 0);
	assert_string_equal(credential.ca, "B");
	assert_int_not_equal(credential.generation, generation);
	generation = credential.generation;
	write_file("rotating.crt", "");
	assert_int_equal(credentials_get(credentials, 3, &credential, &err), 0);
	assert_string_equal(credential.ca, "B");
	remove_file("rotating.crt");
	assert_int_equal(credentials_get(credentials, 4, &credential, &err), 0);
	assert_string_equal(credential.ca, "B");
	assert_int_equal(credential.generation, generation);
	write_file("rotating.crt", "CC");
	assert_true(credentials_refused(credentials, generation, 5));
	credentials_current(credentials, &credential);
	assert_string_equal(credential.ca, "CC");
	remove_file("rotating.crt");
	credentials_free(credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_compression),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_in_cluster_files),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_token_rotates),
		cmocka_unit_test(test_certificate_rotates),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
