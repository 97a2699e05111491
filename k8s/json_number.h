/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of a JSON number (RFC 8259, section 6), byte by byte.
 */
#ifndef HOSTGW_K8S_JSON_NUMBER_H
#define HOSTGW_K8S_JSON_NUMBER_H

enum json_number {
	JSON_NUMBER_START,
	JSON_NUMBER_MINUS,
	JSON_NUMBER_ZERO,
	JSON_NUMBER_WHOLE,
	JSON_NUMBER_POINT,
	JSON_NUMBER_FRACTION,
	JSON_NUMBER_E,
	JSON_NUMBER_E_SIGN,
	JSON_NUMBER_EXPONENT,
	JSON_NUMBER_END, /* the byte does not belong to the number, which is whole */
	JSON_NUMBER_BAD, /* no number continues like this */
};

enum json_number json_number_next(enum json_number state, char c);

#endif
