/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - see mem.h. */
#include "common/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A process that holds credentials does not limp on without memory. */
static void *
must(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void *
mem_new(size_t n, size_t size)
{
    bool some = n > 0 && size > 0;

    /* calloc() refuses n * size that overflows; the one byte keeps the empty array from being NULL. */
    return must(some ? calloc(n, size) : calloc(1, 1));
}

void *
mem_raw(size_t size)
{
    return must(malloc(size > 0 ? size : 1));
}

void *
mem_grow(void *old, size_t old_n, size_t n, size_t size)
{
    assert(n > 0 && size > 0 && old_n <= n);

    uint8_t *grown = must(reallocarray(old, n, size));

    memset(grown + old_n * size, 0, (n - old_n) * size);
    return grown;
}

char *
mem_text(struct slice s)
{
    assert(s.len < SIZE_MAX);

    char *text = mem_raw(s.len + 1);

    if (s.len > 0) {
        memcpy(text, s.ptr, s.len);
    }
    text[s.len] = '\0';
    return text;
}

void
mem_free(void *p)
{
    free(p);
}

void
mem_free_text(char **p)
{
    free(*p);
    *p = NULL;
}

void
mem_free_bytes(uint8_t **p)
{
    free(*p);
    *p = NULL;
}
