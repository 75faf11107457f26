/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h.  One write(2) per line, so that lines of several threads and processes do not mix. */
#include "broker/util/log.h"

#include "attest/base/text.h"
#include "common/sys.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

void
log_line(const char *event, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    char at[RFC3339_LEN + 1];
    va_list ap;
    int head = 0;

    rfc3339_format(clock_unix(), at);
    head = snprintf(line, sizeof line - 1, "time=%s event=%s ", at, event);
    if (head < 0 || (size_t)head >= sizeof line - 1) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(line + head, sizeof line - 1 - (size_t)head, fmt, ap);
    va_end(ap);

    size_t len = strlen(line);

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len);
}
