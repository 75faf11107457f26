/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - the body of an attestation request, from JSON to what attest_verify() takes (docs/API.md, POST /v1/attest). */
#ifndef BROKER_FLOW_EVIDENCE_H
#define BROKER_FLOW_EVIDENCE_H

#include "attest/attest.h"
#include "common/jose.h"

enum { EVIDENCE_PIECES = 4, EVIDENCE_BODY_MAX = 256 * 1024, LAUNCH_TOKEN_MAX = 8192 };

struct attest_ask {
    const char *policy; /* borrowed from json */
    uint8_t challenge[64];
    size_t challenge_len;
    struct jwk key; /* the guest's key */
    struct evidence piece[EVIDENCE_PIECES];
    size_t pieces;
    uint8_t digest[SHA256_LEN]; /* of the body as received */
    json_t *json;               /* owned */
    void *owned;                /* decoded bytes */
};

void attest_ask_free(struct attest_ask **ask);

/* ERR_MALFORMED, ERR_LIMIT: with the member's name. */
enum err attest_ask_read(struct slice body, struct attest_ask **out, struct why *why) MUST_USE;

#endif
