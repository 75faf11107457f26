/* SPDX-License-Identifier: Apache-2.0 */
/* part.c - see part.h. */
#include "attest/base/part.h"

#include <stdio.h>

struct part
part_note(enum err err, const struct why *why)
{
    struct part p = {.given = true, .err = err};

    if (err != ERR_OK) {
        (void)snprintf(p.why, sizeof p.why, "%s", why_text(why));
    }
    return p;
}

bool
part_ok(const struct part *p)
{
    return p->given && p->err == ERR_OK;
}

bool
part_unable(const struct part *p)
{
    return p->given && (p->err == ERR_UNABLE || p->err == ERR_NOMEM || p->err == ERR_BUG);
}
