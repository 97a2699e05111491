/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is counted for those who watch the daemon, and its words: see hostgw/kube_client.h. */
#include "request_counts.h"

void request_counts_add(struct kube_request_counts *counts, const char *verb, int code)
{
	for (size_t i = 0; i < counts->kind_count; i++) {
		struct kube_request_kind *kind = &counts->kinds[i];

		if (kind->code == code && strcmp(kind->verb, verb) == 0) {
			kind->count++;
			return;
		}
	}
	if (counts->kind_count == KUBE_REQUEST_KINDS_MAX) {
		counts->others++;
		return;
	}
	counts->kinds[counts->kind_count++] = (struct kube_request_kind){
		.verb = verb, .code = code, .count = 1};
}

const char *kube_watch_end_word(enum kube_watch_end end)
{
	static const char *const words[KUBE_WATCH_ENDS] = {
		[KUBE_WATCH_ENDED] = "ended",     [KUBE_WATCH_EXPIRED] = "expired",
		[KUBE_WATCH_REFUSED] = "refused", [KUBE_WATCH_FAILED] = "failed",
		[KUBE_WATCH_BROKEN] = "broken",   [KUBE_WATCH_SILENT] = "silent",
		[KUBE_WATCH_REPAIR] = "repair",
	};

	return words[end];
}
