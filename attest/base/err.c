/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - see err.h. */
#include "attest/base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum err
why_add(struct why *why, enum err code, const char *fmt, ...)
{
    size_t slot = why->n < WHY_LINKS ? why->n++ : WHY_LINKS - 1;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(why->link[slot], sizeof why->link[slot], fmt, ap);
    va_end(ap);
    return code;
}

const char *
why_text(const struct why *why)
{
    return why->n > 0 ? why->link[0] : "";
}
