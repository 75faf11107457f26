/* SPDX-License-Identifier: Apache-2.0 */
/* der.h - DER elements out of a bounded reader.
 *
 * Every function reads one element from `r` and, like the reader itself, never fails one by one: a wrong tag, an
 * indefinite, non-minimal or overlong length, or contents that are not canonical are remembered in the reader
 * and rd_end() reports them.  What is returned after a failure is empty or zero.
 *
 * An element that may be absent is asked for with der_next_is().  Nesting is as deep as the caller's calls.
 *
 * Source: ITU-T X.690 (2021), sections 8 and 10; single-byte tags only, lengths below 2^24. */
#ifndef ATTEST_BASE_DER_H
#define ATTEST_BASE_DER_H

#include "attest/base/rd.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80, /* | number: [number] IMPLICIT of a primitive type */
    DER_CONTEXT_CONSTRUCTED =
        0xa0, /* | number: [number] EXPLICIT, or IMPLICIT of SEQUENCE or SET */
};

/* The next element has this tag.  False at the end and after a failure. */
bool der_next_is(const struct rd *r, unsigned tag);

/* Contents of the next element, which must have this tag. */
struct slice der_value(struct rd *r, const char *field, unsigned tag);

/* Header and contents of it. */
struct slice der_whole(struct rd *r, const char *field, unsigned tag);

/* Reader over its contents; needs its own rd_end(). */
struct rd der_enter(struct rd *r, const char *field, unsigned tag);

/* INTEGER >= 0: its bytes without the sign byte; zero is one zero byte. */
struct slice der_unsigned(struct rd *r, const char *field);

/* INTEGER, or ENUMERATED, of 0..2^64-1. */
uint64_t der_u64(struct rd *r, const char *field, unsigned tag);

bool der_bool(struct rd *r, const char *field);
void der_null(struct rd *r, const char *field);

/* Contents of an OBJECT IDENTIFIER, to be compared with slice_same(). */
struct slice der_oid(struct rd *r, const char *field);

/* BIT STRING of whole bytes, such as keys and signatures. */
struct slice der_bytes(struct rd *r, const char *field);

/* BIT STRING of up to 32 named bits, such as KeyUsage: bit i of the result is named bit i.  Trailing zero bits are let pass. */
uint32_t der_flags(struct rd *r, const char *field);

#endif
