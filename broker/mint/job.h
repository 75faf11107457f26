/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - one ask on its way through the mint: judge, record, and only when the record is
 * durable, sign.
 *
 * A refusal is recorded like a grant, and answered like one only after its record is durable. */
#ifndef BROKER_MINT_JOB_H
#define BROKER_MINT_JOB_H

#include "broker/mint/keyring.h"
#include "broker/mint/kinds.h"
#include "broker/mint/log.h"
#include "broker/mint/url.h"

/* Bytes: as base64url they fit MINT_TOKEN together with header and signature. */
enum { JOB_CLAIMS_MAX = 12000 };

/* What judging and signing need; all borrowed. */
struct job_tools {
    const char *issuer;
    struct keyring *keys;
    struct urls *urls;
    struct log *log;
};

struct job {
    uint64_t id; /* of the ask; 0 when it could not be read */
    enum err code;
    struct why why;
    char rule[KIND_RULE_MAX]; /* that refused; "" for none */
    const struct mint_rule *kind;
    struct mint_ask ask;
    struct mint_answer answer; /* meaningful when code is ERR_OK */
    struct wr entry;           /* the record */
    struct wr claims;
    uint8_t entry_buf[TLOG_ENTRY_MAX];
    uint8_t claims_buf[JOB_CLAIMS_MAX];
};

/* Decode and judge; the outcome is in `code`, and the record in the log's batch. */
void job_judge(struct job *j, struct slice message, const struct job_tools *t);

/* After log_commit(): make what was granted. */
void job_sign(struct job *j, const struct job_tools *t);

#endif
