/* SPDX-License-Identifier: Apache-2.0 */
/* part.c - see part.h. */
#include "attest/tpm/part.h"

#include <stdio.h>

struct tpm_part
tpm_part_note(enum err err, const struct why *why)
{
    struct tpm_part p = {.given = true, .err = err};

    if (err != ERR_OK) {
        (void)snprintf(p.why, sizeof p.why, "%s", why_text(why));
    }
    return p;
}

bool
tpm_part_ok(const struct tpm_part *p)
{
    return p->given && p->err == ERR_OK;
}

bool
tpm_part_unable(const struct tpm_part *p)
{
    return p->given && (p->err == ERR_UNABLE || p->err == ERR_NOMEM || p->err == ERR_BUG);
}
