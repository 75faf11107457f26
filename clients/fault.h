/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - why a command did not succeed, and what the person at the keyboard can do next.
 *
 * One shape serves three places: what a server answered (RFC 9457 problem or RFC 6749 section 5.2
 * error), what the agent tells a command over its socket, and what `--json` prints.  Text that came
 * from elsewhere is cut to printable ASCII before it is kept, so that a server cannot drive a
 * terminal. */
#ifndef CLIENTS_FAULT_H
#define CLIENTS_FAULT_H

#include <jansson.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "common/sys.h"

enum { FAULT_CODE = 64, FAULT_FAILED = 512 };

/* Exit codes of DESIGN section 11, with EX_USAGE of sysexits.h. */
enum { EXIT_OK = 0, EXIT_DENIED = 1, EXIT_MALFORMED = 2, EXIT_UNABLE = 3, EXIT_USAGE = 64 };

struct fault {
    struct why why;            /* links, innermost first */
    int status;                /* HTTP status; 0 when no reply came */
    int retry_after_s;         /* 0 when not said */
    char code[FAULT_CODE];     /* stable word, e.g. "evidence_rejected" or our own "not_attested" */
    char verdict[ID_MAX];      /* "" when there is none */
    char failed[FAULT_FAILED]; /* check ids separated by blanks */
};

/* Record a failure of our own under a stable code; returns `err`. */
enum err fault_add(struct fault *f, enum err err, const char *code, const char *fmt, ...)
    PRINTF(4, 5) MUST_USE;

/* What an HTTP reply that is not 2xx means.  body: the parsed JSON, or NULL.  Never ERR_OK. */
enum err fault_from_reply(int status, const json_t *body, struct fault *f) MUST_USE;

/* {"kind","code","status","detail","verdict","failed","retry_after"}; owned by the caller. */
json_t *fault_json(enum err err, const struct fault *f);

/* The reverse, for what the agent sent.  Never ERR_OK. */
enum err fault_from_json(const json_t *obj, struct fault *f) MUST_USE;

/* The process exit code that `err` stands for. */
int fault_exit(enum err err);

/* Print it (stderr as text, or stdout as JSON) with the next step; returns the exit code, which is
 * EXIT_USAGE when the command line or a file that it names is at fault. */
int fault_report(enum err err, const struct fault *f, bool as_json);

/* Copy at most cap - 1 bytes, everything but printable ASCII replaced by '?'. */
void text_clean(struct slice from, char *dst, size_t cap);

#endif
