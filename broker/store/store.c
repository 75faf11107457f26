/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - see store.h: what every store shares. */
#include "broker/store/store.h"

#include "common/mem.h"

const char *
sandbox_state_name(enum sandbox_state s)
{
    static const char *const names[] = {
        [SANDBOX_NONE] = "none",
        [SANDBOX_LIVE] = "live",
        [SANDBOX_PAUSED] = "paused",
        [SANDBOX_ENDED] = "ended",
        [SANDBOX_QUARANTINED] = "quarantined",
    };

    return names[s];
}

const char *
document_state_name(enum document_state s)
{
    static const char *const names[] = {
        [DOCUMENT_NONE] = "none",
        [DOCUMENT_PROPOSED] = "proposed",
        [DOCUMENT_ACTIVE] = "active",
        [DOCUMENT_REVOKED] = "revoked",
    };

    return names[s];
}

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
collateral_row_done(struct collateral_row *row)
{
    union {
        const uint8_t *borrowed;
        uint8_t *owned;
    } one = {.borrowed = row->der.ptr};

    mem_free(one.owned);
    row->der = (struct slice){0};
}

void
store_close(struct store **s)
{
    if (*s != NULL) {
        (*s)->ops->close(*s);
        *s = NULL;
    }
}
