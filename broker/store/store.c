/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - see store.h: what every store shares. */
#include "broker/store/store.h"

#include "common/mem.h"

/* Rows on reads own their texts; the members are const because rows to be written borrow them. */
static void
text_release(const char **text)
{
    union {
        const char *borrowed;
        char *owned;
    } one = {.borrowed = *text};

    mem_free(one.owned);
    *text = NULL;
}

void
verdict_row_done(struct verdict_row *row)
{
    text_release(&row->findings);
    text_release(&row->evidence);
}

void
document_row_done(struct document_row *row)
{
    text_release(&row->jws);
}

void
approval_row_done(struct approval_row *row)
{
    text_release(&row->jws);
}

void
store_close(struct store **s)
{
    if (*s != NULL) {
        (*s)->ops->close(*s);
        *s = NULL;
    }
}
