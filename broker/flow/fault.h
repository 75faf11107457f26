/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - why a flow did not end in a grant: the error, the stable code that the caller may see, and the reason for the log. */
#ifndef BROKER_FLOW_FAULT_H
#define BROKER_FLOW_FAULT_H

#include <stdint.h>

#include "attest/base/err.h"
#include "common/sys.h"

enum { FAULT_FAILED = 1024 };

struct fault {
    enum err err;
    const char *code;          /* static; see docs/API.md */
    int64_t retry_after_s;     /* when asking again makes sense; 0: soon */
    struct why why;            /* what was seen and what was wanted; no secrets */
    char verdict[ID_MAX];      /* set when evidence was judged */
    char failed[FAULT_FAILED]; /* ids of the checks that did not pass, separated by one blank */
};

/* Fill and return err. */
enum err fault_set(struct fault *f, enum err err, const char *code, const char *fmt, ...)
    PRINTF(4, 5) MUST_USE;

/* The reason is in f->why already, written by a callee that returned err; only the code is new.  Errors that mean "unable" keep their meaning:
 * the code becomes "unable" whatever was asked for. */
enum err fault_from(struct fault *f, enum err err, const char *code) MUST_USE;

/* True for errors that mean that we could not decide (503): never to be told as a denial. */
bool err_is_unable(enum err err);

#endif
