/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kubeconfig, and the YAML that it is written in: what is refused is refused with a sentence,
 * and what the converter writes is JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fuzz.h"
#include "hostgw/kube_config.h"
#include "k8s/yaml_json.h"

#define JSON_MAX (1024u * 1024u)

static int append(void *ctx, const char *json, size_t length, struct error *err)
{
	if (text_append(ctx, json, length, JSON_MAX) < 0)
		return error_set(err, EMSGSIZE, "more JSON than a test takes");
	return 0;
}

static void convert(const uint8_t *data, size_t size)
{
	struct text json = {0};
	struct error err = {0};
	int result = yaml_json_convert((const char *)data, size, append, &json, &err);

	fuzz_check_result(result, &err);
	if (result == 0 && json.bytes && strspn(json.bytes, "\n") < json.length) {
		cJSON *value = cJSON_ParseWithLengthOpts(json.bytes, json.length + 1, NULL, true);

		if (!value)
			fail_msg("this is no JSON:\n%s", json.bytes);
		cJSON_Delete(value);
	}
	text_free(&json);
}

/* The reader wants a file: one in memory, so that nothing stays behind. */
static void read_config(const uint8_t *data, size_t size)
{
	int fd = memfd_create("kubeconfig", MFD_CLOEXEC);
	struct kube_config *config;
	struct error err = {0};
	char path[64];
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	result = kube_config_read(path, NULL, &config, &err);
	fuzz_check_result(result, &err);
	if (result == 0) {
		assert_non_null(config->server);
		kube_config_free(config);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	convert(data, size);
	read_config(data, size);
	return 0;
}
