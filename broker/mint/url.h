/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - presigned uploads: one PUT, of one object, with every header that matters signed.
 *
 * Only stores of the configuration; their secrets are read once at start and never leave.  A key
 * may be long-lived, but spec/presign.md 0.3 says why it should belong to a session that can do
 * nothing but put under one prefix.
 *
 * Source: spec/presign.md section 1.1. */
#ifndef BROKER_MINT_URL_H
#define BROKER_MINT_URL_H

#include "broker/mint/mint.h"

struct urls;

/* `conf` must outlive it.  ERR_UNABLE: a secret cannot be read, or a store makes no sense. */
enum err urls_open(const struct mint_conf *conf, struct urls **out, struct why *why) MUST_USE;

/* Wipes and frees. */
void urls_free(struct urls **u);

/* ERR_DENIED: no such store. */
enum err urls_check(const struct urls *u, const struct mint_ask *ask, struct why *why) MUST_USE;

/* Sets text and headers of the answer.  The ask has passed kind_judge() and urls_check(). */
enum err urls_put(struct urls *u, const struct mint_ask *ask, int64_t now_unix,
                  struct mint_answer *out, struct why *why) MUST_USE;

#endif
