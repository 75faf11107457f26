/* SPDX-License-Identifier: Apache-2.0 */
/* roots_file.c - see roots_file.h.  An empty file is a mistake and not an absent one. */
#include "common/roots_file.h"

#include "common/mem.h"
#include "common/sys.h"

#include <stdio.h>

void
roots_file_done(struct roots_file *f)
{
    mem_free(f->text);
    *f = (struct roots_file){0};
}

struct slice
roots_file_slice(const struct roots_file *f)
{
    return (struct slice){f->text, f->len};
}

enum err
roots_file_open(const char *dir, const char *name, struct roots_file *out, struct why *why)
{
    int n = snprintf(out->path, sizeof out->path, "%s/%s", dir, name);
    struct why unused = {0};
    enum err e = ERR_OK;

    if (n <= 0 || n >= ROOTS_PATH_BYTES) {
        return why_add(why, ERR_LIMIT, "roots %.80s: the path is too long", dir);
    }
    e = file_read(out->path, ROOTS_FILE_MAX, &out->text, &out->len, &unused);
    if (e == ERR_NOT_FOUND || e == ERR_OK) {
        return e == ERR_OK && out->len == 0
                   ? why_add(why, ERR_MALFORMED, "%.140s: empty", out->path)
                   : ERR_OK;
    }
    return why_add(why, e, "%s", why_text(&unused));
}
