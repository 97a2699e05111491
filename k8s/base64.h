/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64 (RFC 4648, section 4), as kubeconfig files carry certificates.
 */
#ifndef HOSTGW_K8S_BASE64_H
#define HOSTGW_K8S_BASE64_H

/* The decoded bytes with a NUL behind them, malloc'ed. NULL: not base64 (padding is
 * required; line breaks are allowed, as in Go's decoder), a NUL inside, or no memory. */
char *base64_decode_text(const char *encoded);

/* malloc'ed, one line. NULL: no memory. */
char *base64_encode_text(const char *text);

#endif
