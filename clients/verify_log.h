/* SPDX-License-Identifier: Apache-2.0 */
/* verify_log.h - the event log of a TPM, judged without a quote. */
#ifndef CLIENTS_VERIFY_LOG_H
#define CLIENTS_VERIFY_LOG_H

#include "clients/verify.h"

struct verify_log_files {
    const char *log, *pcrs, *pcrsig; /* NULL: not given */
};

/* Returns the exit code; an ERR of the command line is told in *why, and the code is 64. */
enum err verify_log(const struct verify_log_files *files, const struct verify_common *common,
                    int *code, struct why *why) MUST_USE;

#endif
