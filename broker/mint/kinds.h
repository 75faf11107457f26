/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.h - the table of what the mint hands out, and the rules that an ask has to keep.
 *
 * The asking process may have been taken over: whatever a kind does not allow is refused here, by
 * the name of the rule, before anything is composed or signed.  Members of the ask that a kind
 * has no claim for are not signed.
 *
 * Sources: DESIGN.md section 3; RFC 9068 (access), draft-ietf-rats-ear (ear), Amazon S3 PutObject
 * (put-url). */
#ifndef BROKER_MINT_KINDS_H
#define BROKER_MINT_KINDS_H

#include "broker/mint/message.h"

enum { KIND_RULE_MAX = 48 }; /* bytes of a rule's name, with NUL */

/* A set of enum ask_field. */
#define ASK_BIT(field) (UINT32_C(1) << (field))

struct mint_rule {
    const char *name;   /* in the audit record */
    const char *typ;    /* of the JOSE header; NULL: this is not a token */
    const char *member; /* that `extra` becomes; NULL: extra must be empty */
    int64_t cap_s;      /* longest life; 0: it has none */
    uint32_t need;      /* texts that must not be empty */
    uint32_t claims;    /* texts that become claims of the same name when not empty */
    enum mint_kind kind;
    bool need_aud;
    bool status; /* gets a status list reference */
    bool ear;    /* gets the profile and the verifier's name */
};

/* NULL when there is no such kind. */
const struct mint_rule *kind_find(enum mint_kind kind);

/* ERR_DENIED, with the rule's name such as "mint.life.over-cap" or "mint.need.jkt" in `rule`, and
 * what was seen and wanted in `why`.  `kind` may be NULL: that is the first rule. */
enum err kind_judge(const struct mint_rule *kind, const struct mint_ask *ask,
                    char rule[KIND_RULE_MAX], struct why *why) MUST_USE;

#endif
