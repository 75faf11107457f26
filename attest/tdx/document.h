/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - Intel's signed JSON: envelope, signature over the exact bytes, issuer chain (PCS API v4, "Get TDX TCB Info" and
 * "Get TD QE Identity"). */
#ifndef ATTEST_TDX_DOCUMENT_H
#define ATTEST_TDX_DOCUMENT_H

#include "attest/tdx/certificate.h"

/* The object and the signature out of {"<name>": {...}, "signature": "<128 hex>"}; nothing else may be in it. */
enum err tdx_document_open(struct slice body, const char *name, struct slice *object,
                           uint8_t signature[64], struct why *why) MUST_USE;

/* Who signs documents: "Intel SGX TCB Signing" under the pinned root. */
struct tdx_signer {
    struct tdx_chain chain; /* owned */
    struct part part;       /* whether it is one */
};

void tdx_signer_done(struct tdx_signer *s);

/* *out is zeroed. */
void tdx_signer_open(struct slice pem, const struct tdx_lean *lean, struct tdx_signer *out);

/* The signer and his signature; `object` as opened.  Sets everything of *f but present and decode. */
void tdx_document_judge(struct slice object, const uint8_t signature[64],
                        const struct tdx_signer *signer, struct tdx_document_facts *f);

/* Values of a document; failures name the member that they are of, also where it is missing (empty). */
enum err tdx_json_time(struct slice value, const char *name, int64_t *unix_s,
                       struct why *why) MUST_USE;
enum err tdx_json_number(struct slice value, const char *name, uint64_t max, uint64_t *out,
                         struct why *why) MUST_USE;
enum err tdx_json_hex(struct slice value, const char *name, uint8_t *dst, size_t len,
                      struct why *why) MUST_USE;
enum err tdx_json_text(struct slice value, const char *name, struct slice *out,
                       struct why *why) MUST_USE;
enum err tdx_json_array(struct slice value, const char *name, struct slice *rest,
                        struct why *why) MUST_USE;

/* Members of a level, in the order of tdx_level_members(). */
enum { TDX_LEVEL_TCB, TDX_LEVEL_DATE, TDX_LEVEL_STATUS, TDX_LEVEL_ADVISORIES, TDX_LEVEL_MEMBERS };
void tdx_level_members(struct slice object, struct slice member[TDX_LEVEL_MEMBERS]);

/* tcbDate, tcbStatus and advisoryIDs of a level. */
enum err tdx_level_common(const struct slice member[TDX_LEVEL_MEMBERS], struct tdx_level *out,
                          struct why *why) MUST_USE;

/* tcbLevels [{"tcb":{"isvsvn":n},...}] of a module or of the QE, sorted descending. */
enum err tdx_levels_isvsvn(struct slice levels, struct tdx_level *out, size_t cap, size_t *n,
                           struct why *why) MUST_USE;

/* Ids of modules, "TDX_01": letter case is no difference. */
bool tdx_same_id(struct slice a, struct slice b);

enum err tdx_tcb_info_decode(struct slice object, struct tdx_tcb_info *out,
                             struct why *why) MUST_USE;
enum err tdx_qe_identity_decode(struct slice object, struct tdx_qe_identity *out,
                                struct why *why) MUST_USE;

#endif
