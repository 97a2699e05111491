/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question that an access review is. */
#ifndef HOSTGW_K8S_ACCESS_H
#define HOSTGW_K8S_ACCESS_H

#include "hostgw/kube_request.h"

/* The body of a SelfSubjectAccessReview, to be freed by cJSON_free. NULL: no memory. */
char *access_review_json(const struct kube_access *access);

#endif
