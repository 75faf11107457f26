/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - see message.h. */
#include "broker/mint/message.h"

#include <assert.h>
#include <string.h>

#include "attest/base/rd.h"
#include "attest/base/text.h"

enum { MAGIC_ASK = 0x4d415331, MAGIC_ANSWER = 0x4d414e31, MAGIC_HELLO = 0x4d484531 };

#define FIELD(text, member)                                                                    \
    {                                                                                          \
        text, offsetof(struct mint_ask, member), sizeof((const struct mint_ask *)NULL)->member \
    }

struct ask_text {
    const char *name;
    size_t offset; /* in struct mint_ask */
    size_t cap;    /* bytes, with NUL */
};

static const struct ask_text TEXTS[ASK_FIELDS] = {
    [ASK_SUB] = FIELD("sub", sub),
    [ASK_CLIENT_ID] = FIELD("client_id", client_id),
    [ASK_SCOPE] = FIELD("scope", scope),
    [ASK_JKT] = FIELD("jkt", jkt),
    [ASK_TIER] = FIELD("tier", tier),
    [ASK_PURPOSE_DIGEST] = FIELD("purpose_digest", purpose_digest),
    [ASK_STORE] = FIELD("store", store),
    [ASK_KEY] = FIELD("key", key),
    [ASK_CONTENT_TYPE] = FIELD("content_type", content_type),
    [ASK_SHA256] = FIELD("sha256", sha256),
    [ASK_TAGS] = FIELD("tags", tags),
    [ASK_ACTOR] = FIELD("actor", record.actor),
    [ASK_OBJECT] = FIELD("object", record.object),
    [ASK_SANDBOX] = FIELD("sandbox", record.sandbox),
    [ASK_SESSION] = FIELD("session", record.session),
    [ASK_CONSENT] = FIELD("consent", record.consent),
    [ASK_POLICY] = FIELD("policy", record.policy),
    [ASK_POLICY_DIGEST] = FIELD("policy_digest", record.policy_digest),
    [ASK_VERDICT] = FIELD("verdict", record.verdict),
    [ASK_REASONS] = FIELD("reasons", record.reasons),
    [ASK_EXTRA] = FIELD("extra", extra),
};

const char *
ask_field_name(enum ask_field f)
{
    return TEXTS[f].name;
}

const char *
ask_field_text(const struct mint_ask *ask, enum ask_field f)
{
    return (const char *)ask + TEXTS[f].offset;
}

void
mint_ask_clear(struct mint_ask *ask)
{
    for (size_t i = 0; i < ASK_FIELDS; i++) {
        ((char *)ask)[TEXTS[i].offset] = '\0';
    }
    ask->kind = MINT_NONE;
    ask->record.action = (enum mint_action)0;
    ask->life_s = 0;
    ask->aud_n = 0;
    ask->status_index = -1;
    ask->size = 0;
}

static void
text_write(struct wr *w, const char *text, size_t len)
{
    wr_be16(w, (uint16_t)len);
    wr_bytes(w, (struct slice){(const uint8_t *)text, len});
}

/* A member of the caller's struct; the terminating NUL must be inside it. */
static enum err
member_write(struct wr *w, const char *name, const char *text, size_t cap, struct why *why)
{
    size_t len = strnlen(text, cap);

    if (len == cap) {
        return why_add(why, ERR_LIMIT, "mint.ask: %s is longer than %zu bytes", name, cap - 1);
    }
    text_write(w, text, len);
    return ERR_OK;
}

enum err
ask_encode(struct wr *w, uint64_t id, const struct mint_ask *ask, struct why *why)
{
    enum err err = ERR_OK;

    if (ask->aud_n > MINT_AUDIENCES) {
        return why_add(why, ERR_LIMIT, "mint.ask: %zu audiences, at most %d", ask->aud_n,
                       MINT_AUDIENCES);
    }
    wr_be32(w, MAGIC_ASK);
    wr_be64(w, id);
    wr_u8(w, (uint8_t)ask->kind);
    wr_u8(w, (uint8_t)ask->record.action);
    wr_be64(w, (uint64_t)ask->life_s);
    wr_be64(w, (uint64_t)ask->status_index);
    wr_be64(w, (uint64_t)ask->size);
    wr_u8(w, (uint8_t)ask->aud_n);
    for (size_t i = 0; i < ask->aud_n && err == ERR_OK; i++) {
        err = member_write(w, "aud", ask->aud[i], MINT_TEXT, why);
    }
    for (size_t i = 0; i < ASK_FIELDS && err == ERR_OK; i++) {
        const char *text = (const char *)ask + TEXTS[i].offset;

        err = member_write(w, TEXTS[i].name, text, TEXTS[i].cap, why);
    }
    return err == ERR_OK ? wr_end(w, why) : err;
}

/* What is wrong with the characters of a text, or NULL.  A JSON object may hold line breaks;
 * json_gate judges the rest. */
static const char *
text_fault(struct slice s, bool json)
{
    if (text_plain(s) == s.len) {
        return NULL; /* nearly all, and quickly */
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == 0) {
            return "NUL inside the text";
        }
        if (!json && (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)) {
            return "control character inside the text";
        }
    }
    return utf8_ok(s) ? NULL : "not UTF-8";
}

static void
text_read(struct rd *r, const char *name, char *dst, size_t cap, bool json)
{
    size_t len = rd_be16(r, name);
    const char *fault = NULL;

    dst[0] = '\0';
    if (len >= cap) {
        rd_fail(r, name, "longer than its maximum");
    }

    struct slice s = rd_bytes(r, name, len);

    fault = text_fault(s, json);
    if (fault != NULL) {
        rd_fail(r, name, fault);
        return;
    }
    if (s.len > 0) {
        memcpy(dst, s.ptr, s.len);
    }
    dst[s.len] = '\0';
}

enum err
ask_decode(struct slice in, uint64_t *id, struct mint_ask *out, struct why *why)
{
    struct rd r = rd_init(in, "mint.ask");

    if (rd_be32(&r, "magic") != MAGIC_ASK) {
        rd_fail(&r, "magic", "not an ask of this version");
    }
    *id = rd_be64(&r, "id");
    out->kind = (enum mint_kind)rd_u8(&r, "kind");
    out->record.action = (enum mint_action)rd_u8(&r, "action");
    out->life_s = (int64_t)rd_be64(&r, "life");
    out->status_index = (int64_t)rd_be64(&r, "status_index");
    out->size = (int64_t)rd_be64(&r, "size");
    out->aud_n = rd_u8(&r, "audiences");
    if (out->aud_n > MINT_AUDIENCES) {
        rd_fail(&r, "audiences", "more than their maximum");
        out->aud_n = 0;
    }
    for (size_t i = 0; i < out->aud_n; i++) {
        text_read(&r, "aud", out->aud[i], MINT_TEXT, false);
    }
    for (size_t i = 0; i < ASK_FIELDS; i++) {
        char *dst = (char *)out + TEXTS[i].offset;

        text_read(&r, TEXTS[i].name, dst, TEXTS[i].cap, i == ASK_EXTRA);
    }
    return rd_end(&r, why);
}

static void
reasons_write(struct wr *w, const struct why *why)
{
    wr_u8(w, (uint8_t)why->n);
    for (size_t i = 0; i < why->n; i++) {
        text_write(w, why->link[i], strnlen(why->link[i], WHY_TEXT - 1));
    }
}

static void
link_add(struct why *why, struct slice s)
{
    enum err code = why_add(why, ERR_OK, "%.*s", (int)s.len, s.len > 0 ? (const char *)s.ptr : "");

    (void)code; /* the code travels by itself */
}

/* Reasons are for people and were written by us: they are taken as they come, but never beyond
 * their place. */
static void
reasons_read(struct rd *r, struct why *why)
{
    size_t n = rd_u8(r, "reasons");

    if (n > WHY_LINKS) {
        rd_fail(r, "reasons", "more than their maximum");
    }
    for (size_t i = 0; i < n && rd_ok(r); i++) {
        size_t len = rd_be16(r, "reason");
        struct slice s = rd_bytes(r, "reason", len);

        link_add(why, s);
    }
}

void
answer_encode(struct wr *w, uint64_t id, enum err code, const struct mint_answer *a,
              const struct why *why)
{
    static const struct mint_answer NOTHING = {.iat = 0};
    static const struct why SILENT = {.n = 0};

    if (code != ERR_OK) {
        a = &NOTHING;
    }
    wr_be32(w, MAGIC_ANSWER);
    wr_be64(w, id);
    wr_u8(w, (uint8_t)code);
    wr_be64(w, (uint64_t)a->iat);
    wr_be64(w, (uint64_t)a->exp);
    wr_be64(w, a->seq);
    text_write(w, a->jti, strnlen(a->jti, sizeof a->jti - 1));
    text_write(w, a->headers, strnlen(a->headers, sizeof a->headers - 1));
    text_write(w, a->text, a->text_len);
    reasons_write(w, code == ERR_OK ? &SILENT : why);
}

enum { ANSWER_PREFIX = 4 };

void
answers_put(struct wr *w, uint64_t id, enum err code, const struct mint_answer *a,
            const struct why *why)
{
    struct wr prefix = wr_init(w->buf + w->len, w->cap - w->len, w->what);
    size_t at = w->len + ANSWER_PREFIX;

    wr_be32(w, 0); /* known afterwards */
    answer_encode(w, id, code, a, why);
    wr_be32(&prefix, (uint32_t)(w->len - at));
    assert(!w->full);
}

bool
answers_room(const struct wr *w)
{
    return w->cap - w->len >= ANSWER_PREFIX + MESSAGE_ANSWER_MAX;
}

bool
answers_next(struct slice *rest, struct slice *answer)
{
    struct rd r = rd_init(*rest, "mint.answers");
    size_t len = rd_be32(&r, "length");
    struct slice one = rd_bytes(&r, "answer", len);

    if (!rd_ok(&r) || len == 0) {
        return false;
    }
    *answer = one;
    *rest = (struct slice){rest->ptr + r.at, rest->len - r.at};
    return true;
}

enum err
answer_id(struct slice in, uint64_t *id, struct why *why)
{
    struct rd r = rd_init(in, "mint.answer");

    if (rd_be32(&r, "magic") != MAGIC_ANSWER) {
        rd_fail(&r, "magic", "not an answer of this version");
    }
    *id = rd_be64(&r, "id");
    if (!rd_ok(&r)) {
        return why_add(why, ERR_UNABLE, "mint.answer: %s: %s", r.field, r.cause);
    }
    return ERR_OK;
}

enum err
answer_decode(struct slice in, struct mint_answer *out, struct why *why)
{
    struct rd r = rd_init(in, "mint.answer");
    struct why said = {0};

    (void)rd_be32(&r, "magic");
    (void)rd_be64(&r, "id");

    unsigned code = rd_u8(&r, "code");

    out->iat = (int64_t)rd_be64(&r, "iat");
    out->exp = (int64_t)rd_be64(&r, "exp");
    out->seq = rd_be64(&r, "seq");
    text_read(&r, "jti", out->jti, sizeof out->jti, false);
    text_read(&r, "headers", out->headers, sizeof out->headers, true);
    text_read(&r, "text", out->text, sizeof out->text, false);
    out->text_len = strlen(out->text);
    reasons_read(&r, &said);
    if (code > ERR_BUG) {
        rd_fail(&r, "code", "not one of ours");
    }
    if (rd_end(&r, why) != ERR_OK) {
        return ERR_UNABLE;
    }
    for (size_t i = 0; i < said.n; i++) {
        link_add(why, slice_text(said.link[i]));
    }
    return (enum err)code;
}

void
hello_encode(struct wr *w, enum err code, const struct hello *h, const struct why *why)
{
    wr_be32(w, MAGIC_HELLO);
    wr_u8(w, (uint8_t)code);
    wr_bytes(w, (struct slice){h->challenge_key, sizeof h->challenge_key});
    text_write(w, h->jwks, strnlen(h->jwks, sizeof h->jwks - 1));
    text_write(w, h->vkey, strnlen(h->vkey, sizeof h->vkey - 1));
    reasons_write(w, why);
}

enum err
hello_decode(struct slice in, struct hello *out, struct why *why)
{
    struct rd r = rd_init(in, "mint.hello");
    unsigned code = 0;

    if (rd_be32(&r, "magic") != MAGIC_HELLO) {
        rd_fail(&r, "magic", "not a hello of this version");
    }
    code = rd_u8(&r, "code");
    rd_copy(&r, "challenge_key", out->challenge_key, sizeof out->challenge_key);
    text_read(&r, "jwks", out->jwks, sizeof out->jwks, false);
    text_read(&r, "vkey", out->vkey, sizeof out->vkey, false);
    reasons_read(&r, why);
    if (code > ERR_BUG) {
        rd_fail(&r, "code", "not one of ours");
    }
    return rd_end(&r, why) == ERR_OK ? (enum err)code : ERR_UNABLE;
}
