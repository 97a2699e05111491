/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credential plugins: what the kubeconfig says of them, what they are told, what they answer. */
#include "check.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "k8s/base64.h"
#include "k8s/exec_config.h"
#include "k8s/exec_credential.h"

#define V1  "\"apiVersion\":\"client.authentication.k8s.io/v1\""
#define CMD "\"command\":\"sh\""
#define PEM "-----BEGIN X-----\\n"

static int read_exec(const char *json, const char *cluster_json, const char *folder,
                     struct kube_exec **out, struct error *err)
{
	cJSON *exec = cJSON_Parse(json);
	cJSON *cluster = cluster_json ? cJSON_Parse(cluster_json) : NULL;
	int result;

	assert_non_null(exec);
	result = exec_config_read(exec, cluster, folder, out, err);
	cJSON_Delete(exec);
	cJSON_Delete(cluster);
	return result;
}

static void test_config(void **state)
{
	struct kube_exec *exec;
	struct error err;

	(void)state;
	assert_int_equal(
		read_exec("{" V1 "," CMD ",\"args\":[\"-c\",\"\"],\"env\":[{\"name\":\"A\","
	                  "\"value\":\"b=c\"},{\"name\":\"D\",\"value\":\"\"}],"
	                  "\"installHint\":\"see\",\"provideClusterInfo\":true,"
	                  "\"interactiveMode\":\"IfAvailable\",\"unknown\":1}",
	                  "{\"extensions\":[{\"name\":\"other\",\"extension\":1},{\"name\":"
	                  "\"client.authentication.k8s.io/exec\",\"extension\":{\"a\":[1]}}]}",
	                  "/", &exec, &err),
		0);
	assert_string_equal(exec->api_version, "client.authentication.k8s.io/v1");
	assert_string_equal(exec->command, "sh");
	assert_true(exec->program[0] == '/');
	assert_string_equal(exec->arguments[0], "-c");
	assert_string_equal(exec->arguments[1], "");
	assert_null(exec->arguments[2]);
	assert_string_equal(exec->environment[0], "A=b=c");
	assert_string_equal(exec->environment[1], "D=");
	assert_null(exec->environment[2]);
	assert_string_equal(exec->install_hint, "see");
	assert_true(exec->cluster_info);
	assert_string_equal(exec->cluster_config, "{\"a\":[1]}");
	exec_config_free(exec);
	/* as tools write it that have nothing to say */
	assert_int_equal(read_exec("{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"," CMD
	                           ",\"args\":null,\"env\":null,\"interactiveMode\":null}",
	                           NULL, "/", &exec, &err),
	                 0);
	assert_null(exec->arguments[0]);
	assert_null(exec->environment[0]);
	exec_config_free(exec);
	exec_config_free(NULL);
}

static void test_bad_config(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *text;
	} cases[] = {
		{"{" CMD "}", EINVAL, "apiVersion \"\" is not supported"},
		{"{\"apiVersion\":\"client.authentication.k8s.io/v1alpha1\"," CMD "}", EINVAL,
	         "; make the kubeconfig anew"},
		{"{\"apiVersion\":1," CMD "}", EINVAL, "\"apiVersion\" must be a text; put it in"},
		{"{" V1 "}", EINVAL, "there is no \"command\""},
		{"{" V1 ",\"command\":\"\"}", EINVAL, "there is no \"command\""},
		{"{" V1 "," CMD ",\"interactiveMode\":\"Always\"}", EINVAL, "no terminal; set it"},
		{"{" V1 "," CMD ",\"interactiveMode\":\"never\"}", EINVAL, "must be Never"},
		{"{" V1 "," CMD ",\"args\":\"x\"}", EINVAL, "\"args\" must be a list"},
		{"{" V1 "," CMD ",\"args\":[1]}", EINVAL, "; put numbers in quotes"},
		{"{" V1 "," CMD ",\"env\":{}}", EINVAL, "\"env\" must be a list"},
		{"{" V1 "," CMD ",\"env\":[{\"name\":\"A\"}]}", EINVAL, "\"env\" must be a list"},
		{"{" V1 "," CMD ",\"env\":[{\"name\":\"A=\",\"value\":\"\"}]}", EINVAL, "\"env\""},
		{"{" V1 "," CMD ",\"provideClusterInfo\":\"yes\"}", EINVAL, "must be true or"},
		{"{" V1 ",\"command\":\"no-such-tool\",\"installHint\":\"get it there\"}", ENOENT,
	         "there is no program \"no-such-tool\" in PATH; get it there"},
		{"{" V1 ",\"command\":\"no-such-tool\"}", ENOENT, "in PATH; install it"},
		{"{" V1 ",\"command\":\"./no-such-tool\"}", ENOENT,
	         "there is no program \"./no-such-tool\"; install it"},
		{"{" V1 ",\"command\":\"/etc\"}", ENOENT, "there is no program \"/etc\""},
		{"{" V1 ",\"command\":\"/etc/passwd\"}", ENOENT, "\"/etc/passwd\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_exec *exec;
		struct error err;

		assert_int_equal(read_exec(cases[i].json, NULL, "/", &exec, &err), -cases[i].code);
		if (!strstr(err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].json, err.text);
	}
}

/* A path is relative to the kubeconfig; PATH is not for paths, and its relative folders for nobody.
 */
static void test_where_the_command_is(void **state)
{
	char folder[] = "/tmp/hgt-exec-XXXXXX", path[64];
	char *old_path = strdup(getenv("PATH"));
	struct kube_exec *exec;
	struct error err;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tool", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(read_exec("{" V1 ",\"command\":\"./tool\"}", NULL, folder, &exec, &err),
	                 -ENOENT); /* not executable */
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(read_exec("{" V1 ",\"command\":\"./tool\"}", NULL, folder, &exec, &err),
	                 0);
	snprintf(path, sizeof(path), "%s/./tool", folder);
	assert_string_equal(exec->program, path);
	exec_config_free(exec);
	assert_int_equal(read_exec("{" V1 ",\"command\":\"tool\"}", NULL, folder, &exec, &err),
	                 -ENOENT);
	assert_int_equal(chdir(folder), 0);
	setenv("PATH", ":.:/nowhere", 1);
	assert_int_equal(read_exec("{" V1 ",\"command\":\"tool\"}", NULL, folder, &exec, &err),
	                 -ENOENT);
	snprintf(path, sizeof(path), ".:%s", folder);
	setenv("PATH", path, 1);
	assert_int_equal(read_exec("{" V1 ",\"command\":\"tool\"}", NULL, folder, &exec, &err), 0);
	exec_config_free(exec);
	setenv("PATH", old_path, 1);
	free(old_path);
	snprintf(path, sizeof(path), "%s/tool", folder);
	unlink(path);
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

static void test_request(void **state)
{
	struct kube_exec exec = {.api_version = (char[]){"client.authentication.k8s.io/v1"}};
	struct kube_config config = {.server = (char[]){"https://a:1"}, .exec = &exec};
	char *json;

	(void)state;
	json = exec_credential_request(&config, "ca");
	assert_string_equal(json, "{\"kind\":\"ExecCredential\"," V1
	                          ",\"spec\":{\"interactive\":false}}");
	cJSON_free(json);
	exec.cluster_info = true;
	json = exec_credential_request(&config, NULL);
	assert_string_equal(json, "{\"kind\":\"ExecCredential\"," V1
	                          ",\"spec\":{\"interactive\":false,\"cluster\":{\"server\":"
	                          "\"https://a:1\"}}}");
	cJSON_free(json);
	exec.cluster_config = (char[]){"{\"audience\":\"x\"}"};
	config.tls_server_name = (char[]){"api"};
	config.proxy_url = (char[]){"http://p"};
	config.insecure_skip_tls_verify = true;
	config.disable_compression = true;
	json = exec_credential_request(&config, "abcd");
	assert_string_equal(json, "{\"kind\":\"ExecCredential\"," V1
	                          ",\"spec\":{\"interactive\":false,\"cluster\":{\"server\":"
	                          "\"https://a:1\",\"tls-server-name\":\"api\","
	                          "\"insecure-skip-tls-verify\":true,\"disable-compression\":true,"
	                          "\"certificate-authority-data\":\"YWJjZA==\",\"proxy-url\":"
	                          "\"http://p\",\"config\":{\"audience\":\"x\"}}}}");
	cJSON_free(json);
}

#define ANSWER(status) "{\"kind\":\"ExecCredential\"," V1 ",\"status\":" status "}"

static void test_answer(void **state)
{
	static const struct {
		const char *text;
		const char *token, *cert, *key;
		int64_t expires;
	} cases[] = {
		{ANSWER("{\"token\":\"t.1\"}"), "t.1", NULL, NULL, 0},
		{" " ANSWER(
			 "{\"token\":\"t\",\"expirationTimestamp\":\"2024-02-20T14:31:24Z\"}") "\n",
	         "t", NULL, NULL, 1708439484},
		{ANSWER("{\"token\":\"t\",\"expirationTimestamp\":null,"
	                "\"clientKeyData\":null,\"clientCertificateData\":\"\",\"more\":1}"),
	         "t", NULL, NULL, 0},
		{ANSWER("{\"clientCertificateData\":\"" PEM "\",\"clientKeyData\":\"" PEM "k\"}"),
	         NULL, "-----BEGIN X-----\n", "-----BEGIN X-----\nk", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct exec_credential got;
		struct error err;

		assert_int_equal(exec_credential_parse(cases[i].text, strlen(cases[i].text),
		                                       "client.authentication.k8s.io/v1", &got,
		                                       &err),
		                 0);
		if (cases[i].token)
			assert_string_equal(got.token, cases[i].token);
		else
			assert_null(got.token);
		if (cases[i].cert) {
			assert_string_equal(got.cert, cases[i].cert);
			assert_string_equal(got.key, cases[i].key);
		} else {
			assert_null(got.cert);
			assert_null(got.key);
		}
		assert_int_equal(got.expires, cases[i].expires);
		exec_credential_wipe(&got);
		assert_null(got.token);
	}
}

#define SECRET "PLANTED"

static void test_bad_answer(void **state)
{
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{"", "not a JSON object"},
		{SECRET, "not a JSON object"},
		{"[]", "not a JSON object"},
		{ANSWER("{\"token\":\"" SECRET "\"}") SECRET, "not a JSON object"},
		{"{" V1 ",\"status\":{\"token\":\"" SECRET "\"}}", "not of kind ExecCredential"},
		{"{\"kind\":\"ExecCredential\",\"apiVersion\":"
	         "\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"" SECRET "\"}}",
	         "of another apiVersion than client.authentication.k8s.io/v1"},
		{"{\"kind\":\"ExecCredential\"," V1 "}", "has no status"},
		{ANSWER("[]"), "has no status"},
		{ANSWER("{}"), "neither a token nor a client certificate"},
		{ANSWER("{\"token\":\"\"}"), "neither a token nor"},
		{ANSWER("{\"token\":5}"), "status.token is not a text"},
		{ANSWER("{\"token\":\"" SECRET " x\"}"), "one line of plain characters"},
		{ANSWER("{\"token\":\"" SECRET "\\r\\nX: y\"}"), "one line of plain characters"},
		{ANSWER("{\"token\":\"" SECRET "\",\"token\":\"" SECRET "\"}"), "a member twice"},
		{ANSWER("{\"token\":\"" SECRET "\",\"expirationTimestamp\":\"" SECRET "\"}"),
	         "status.expirationTimestamp is not a time"},
		{ANSWER("{\"token\":\"" SECRET "\",\"expirationTimestamp\":5}"),
	         "status.expirationTimestamp is not a time"},
		{ANSWER("{\"clientKeyData\":\"" PEM SECRET "\"}"), "only one of"},
		{ANSWER("{\"clientCertificateData\":\"" PEM "\"}"), "only one of"},
		{ANSWER("{\"clientCertificateData\":\"x\",\"clientKeyData\":\"" SECRET "\"}"),
	         "clientCertificateData is not PEM"},
		{ANSWER("{\"clientCertificateData\":\"" PEM "\",\"clientKeyData\":\"" SECRET "\"}"),
	         "clientKeyData is not PEM"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct exec_credential got;
		struct error err;

		assert_int_equal(exec_credential_parse(cases[i].text, strlen(cases[i].text),
		                                       "client.authentication.k8s.io/v1", &got,
		                                       &err),
		                 -EINVAL);
		if (!strstr(err.text, cases[i].complaint))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_null(strstr(err.text, SECRET));
		assert_null(got.token);
		assert_null(got.key);
	}
}

static void test_base64(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},        {"a", "YQ=="},        {"ab", "YWI="},
		{"abc", "YWJj"}, {"abcd", "YWJjZA=="}, {"\xfb\xff\xbf", "+/+/"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *encoded = base64_encode_text(cases[i][0]);

		assert_string_equal(encoded, cases[i][1]);
		free(encoded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_where_the_command_is),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_bad_answer),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
