/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a credential plugin answers: a credential is whole, and no message quotes the answer,
 * which is secret. In the seeds the word SECRET stands for that.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "k8s/exec_credential.h"

#define SECRET "SECRET"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exec_credential credential = {0};
	char *text = fuzz_copy(data, size);
	struct error err = {0};
	int result = exec_credential_parse(text, size, "client.authentication.k8s.io/v1",
	                                   &credential, &err);

	fuzz_check_result(result, &err);
	if (result < 0)
		assert_null(strstr(err.text, SECRET));
	else
		assert_true(credential.token || credential.cert);
	assert_int_equal(!credential.cert, !credential.key);
	exec_credential_wipe(&credential);
	free(text);
	return 0;
}
