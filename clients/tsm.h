/* SPDX-License-Identifier: Apache-2.0 */
/* tsm.h - evidence through configfs-tsm, Linux 6.7 and later, whatever the technology behind it.
 *
 * Each report has an entry, which is a folder of attributes, of its own, so that nobody else writes into it; `generation` counts the
 * writes and shows if somebody did.  An attribute that is not there yet, or busy, is asked again until the time is up.  The entry is
 * removed again, however it went.
 *
 * Source: Linux Documentation/ABI/testing/configfs-tsm. */
#ifndef CLIENTS_TSM_H
#define CLIENTS_TSM_H

#include "clients/fault.h"

enum { TSM_INBLOB_LEN = 64, TSM_ASK_MS = 10000 }; /* how long the tries of one attribute may take */

/* What differs between technologies. */
struct tsm_kind {
    const char *provider; /* "sev_guest", "tdx_guest" */
    const char *code;     /* of faults */
    size_t out_max;       /* bytes of outblob that are taken */
    size_t aux_max;       /* of auxblob; 0: not looked at */
};

struct tsm_ask {
    uint8_t inblob[TSM_INBLOB_LEN];
    int level; /* privlevel, 0..3; -1: not written */
};

/* Owned; release with tsm_answer_done(). */
struct tsm_answer {
    uint8_t *out;
    size_t out_len;
    uint8_t *aux; /* NULL: none, an empty one, or nothing but zeros */
    size_t aux_len;
};

void tsm_answer_done(struct tsm_answer *a);

/* root: the folder of reports, e.g. /sys/kernel/config/tsm/report.
 * ERR_UNABLE: what the kernel said.  ERR_LIMIT: an attribute is longer than what is taken. */
enum err tsm_report(const char *root, const struct tsm_kind *kind, const struct tsm_ask *ask,
                    struct tsm_answer *out, struct fault *f) MUST_USE;

/* Is there a configfs-tsm with this provider? */
bool tsm_there(const char *root, const struct tsm_kind *kind);

#endif
