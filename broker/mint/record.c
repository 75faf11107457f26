/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "broker/mint/record.h"

#include <string.h>

#include "attest/base/text.h"
#include "broker/mint/members.h"

static const uint32_t GROUNDS = ASK_BIT(ASK_ACTOR) | ASK_BIT(ASK_OBJECT) | ASK_BIT(ASK_SANDBOX) |
                                ASK_BIT(ASK_SESSION) | ASK_BIT(ASK_CONSENT) | ASK_BIT(ASK_POLICY) |
                                ASK_BIT(ASK_POLICY_DIGEST) | ASK_BIT(ASK_VERDICT);

static const uint32_t CREDENTIAL = ASK_BIT(ASK_SUB) | ASK_BIT(ASK_CLIENT_ID) | ASK_BIT(ASK_SCOPE) |
                                   ASK_BIT(ASK_JKT) | ASK_BIT(ASK_STORE) | ASK_BIT(ASK_KEY) |
                                   ASK_BIT(ASK_SHA256);

const char *
action_name(enum mint_action action)
{
    switch (action) {
    case ACTION_ASKED: return "asked";
    case ACTION_GRANTED: return "granted";
    case ACTION_DENIED: return "denied";
    case ACTION_REVOKED: return "revoked";
    case ACTION_CHANGED: return "changed";
    }
    return NULL;
}

static void
head(struct wr *w, const struct record *r)
{
    char time[RFC3339_LEN + 1];

    rfc3339_format(r->time_ms / 1000, time);
    wr_text(w, "{\"v\":1,\"seq\":");
    wr_dec(w, (int64_t)r->seq);
    wr_text(w, ",\"time\":\"");
    wr_bytes(w, (struct slice){(const uint8_t *)time, RFC3339_LEN - 1}); /* without its Z */
    wr_u8(w, '.');
    for (unsigned digit = 100; digit > 0; digit /= 10) {
        wr_u8(w, (uint8_t)('0' + (uint64_t)r->time_ms / digit % 10));
    }
    wr_text(w, "Z\"");
    member_text(w, "action", action_name(r->action));
    member_text(w, "kind", r->kind);
}

static void
credential(struct wr *w, const struct record *r)
{
    const struct mint_ask *ask = r->ask;

    if (ask->kind == MINT_NOTE) {
        return;
    }
    if (r->jti != NULL) {
        member_text(w, "credential", r->jti);
    }
    if (ask->life_s != 0) {
        member_number(w, "life", ask->life_s);
    }
    member_audiences(w, ask);
    member_texts(w, ask, CREDENTIAL);
    if (ask->kind == MINT_PUT_URL) {
        member_number(w, "size", ask->size);
    }
}

static void
reason(struct wr *w, struct slice text, size_t *n)
{
    if (text.len == 0) {
        return;
    }
    wr_text(w, (*n)++ == 0 ? ",\"reasons\":[" : ",");
    wr_json(w, text);
}

/* The refusing rule first, then what the caller gave, blank by blank. */
static void
reasons(struct wr *w, const struct record *r)
{
    struct slice rest = slice_text(r->ask->record.reasons);
    size_t n = 0;

    reason(w, slice_text(r->rule), &n);
    while (rest.len > 0) {
        const uint8_t *blank = memchr(rest.ptr, ' ', rest.len);
        size_t len = blank == NULL ? rest.len : (size_t)(blank - rest.ptr);
        size_t step = blank == NULL ? len : len + 1;

        reason(w, (struct slice){rest.ptr, len}, &n);
        rest = (struct slice){rest.ptr + step, rest.len - step};
    }
    if (n > 0) {
        wr_u8(w, ']');
    }
}

enum err
record_write(struct wr *w, const struct record *r, struct why *why)
{
    head(w, r);
    member_texts(w, r->ask, GROUNDS);
    credential(w, r);
    reasons(w, r);
    wr_u8(w, '}');
    return wr_end(w, why);
}
