/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - see fault.h. */
#include "broker/flow/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool
err_is_unable(enum err err)
{
    return err == ERR_BUSY || err == ERR_UNABLE || err == ERR_NOMEM || err == ERR_IO ||
           err == ERR_BUG;
}

enum err
fault_set(struct fault *f, enum err err, const char *code, const char *fmt, ...)
{
    char text[WHY_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    f->err = err;
    f->code = code;
    return why_add(&f->why, err, "%s", text);
}

enum err
fault_from(struct fault *f, enum err err, const char *code)
{
    f->err = err;
    f->code = err_is_unable(err) ? (err == ERR_BUSY ? "busy" : "unable") : code;
    return err;
}
