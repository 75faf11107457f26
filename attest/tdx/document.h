/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - Intel's signed JSON: envelope, signature over the exact bytes, issuer chain (PCS API v4, "Get TDX TCB Info" and
 * "Get TD QE Identity"). */
#ifndef ATTEST_TDX_DOCUMENT_H
#define ATTEST_TDX_DOCUMENT_H

#include "attest/tdx/certificate.h"

/* The object and the signature out of {"<name>": {...}, "signature": "<128 hex>"}; nothing else may be in it. */
enum err tdx_document_open(struct slice body, const char *name, struct slice *object,
                           uint8_t signature[64], struct why *why) MUST_USE;

/* Chain (PEM: "Intel SGX TCB Signing", then the pinned root) and signature; `object` as opened.  Sets everything of *f but
 * decode. */
void tdx_document_judge(struct slice object, const uint8_t signature[64], struct slice chain_pem,
                        const struct tdx_anchor *anchor, struct tdx_document_facts *f);

/* Members of a document; failures name the member. */
enum err tdx_json_time(struct slice object, const char *name, int64_t *unix_s,
                       struct why *why) MUST_USE;
enum err tdx_json_number(struct slice object, const char *name, uint64_t max, uint64_t *out,
                         struct why *why) MUST_USE;
enum err tdx_json_hex(struct slice object, const char *name, uint8_t *dst, size_t len,
                      struct why *why) MUST_USE;
enum err tdx_json_text(struct slice object, const char *name, struct slice *out,
                       struct why *why) MUST_USE;
enum err tdx_json_array(struct slice object, const char *name, struct slice *rest,
                        struct why *why) MUST_USE;

/* tcbDate, tcbStatus and advisoryIDs of a level. */
enum err tdx_level_common(struct slice object, struct tdx_level *out, struct why *why) MUST_USE;

/* Levels {"tcb":{"isvsvn":n},...} of a module or of the QE, sorted descending. */
enum err tdx_levels_isvsvn(struct slice object, struct tdx_level *out, size_t cap, size_t *n,
                           struct why *why) MUST_USE;

enum err tdx_tcb_info_decode(struct slice object, struct tdx_tcb_info *out,
                             struct why *why) MUST_USE;
enum err tdx_qe_identity_decode(struct slice object, struct tdx_qe_identity *out,
                                struct why *why) MUST_USE;

#endif
