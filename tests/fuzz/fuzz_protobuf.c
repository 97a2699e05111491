/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protobuf of lists, of the frames of a watch, and of a Status: whatever pieces it comes in, the
 * stream tells the same, and nothing is read beyond a piece.
 */
#include <stdlib.h>

#include "fuzz_answer.h"
#include "k8s/kube_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *message = kube_status_message((const char *)data, size);

	assert_non_null(message);
	free(message);
	fuzz_split_answer(PROTOBUF_TYPE, data, size);
	return 0;
}

bool fuzz_make_seed(size_t number, struct text *seed)
{
	struct made_answer answer;

	if (!fuzz_make_answer(number, &answer))
		return false;
	if (answer.proto.length > 0)
		add_bytes(seed, answer.proto.bytes, answer.proto.length);
	answer_free(&answer);
	return true;
}
