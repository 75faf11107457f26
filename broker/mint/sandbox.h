/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - what the mint gives up once it has what it needs.
 *
 * After sandbox_close() the process can read and write what is open, make and rename files in the
 * audit folder, draw random bytes, tell the time, and leave.  Any other system call ends it with
 * SIGSYS, which the network process sees and reports.
 *
 * Source: seccomp(2), landlock(7), prctl(2); DESIGN.md section 3. */
#ifndef BROKER_MINT_SANDBOX_H
#define BROKER_MINT_SANDBOX_H

#include "attest/base/err.h"

/* First thing in the new process: signals that are meant for the parent are ignored, every
 * descriptor but `keep` and standard error is closed, no core dump, no ptrace, no new privileges,
 * the process's name. */
enum err sandbox_begin(int keep, struct why *why) MUST_USE;

/* Last thing before the first request.  `audit` is the open audit folder: openat() and its like
 * work relative to it only, to write, with `flags`.  The system call filter is a must; Landlock
 * and locked memory are taken where they are to be had. */
enum err sandbox_close(int audit, int flags, struct why *why) MUST_USE;

#endif
