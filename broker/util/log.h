/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line per event on standard error, as key=value.
 *
 * Never give it evidence, tokens, proofs, keys, URLs with a signature or anything else that a reader of the log could use. */
#ifndef BROKER_UTIL_LOG_H
#define BROKER_UTIL_LOG_H

#include "attest/base/err.h"

/* "time=... event=EVENT " and the rest as given.  Control bytes are written as '?'. */
void log_line(const char *event, const char *fmt, ...) PRINTF(2, 3);

#endif
