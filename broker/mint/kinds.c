/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.c - see kinds.h. */
#include "broker/mint/kinds.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/json_gate.h"
#include "attest/base/text.h"

enum { DIGEST_HEX = 64 };

static const int64_t PUT_MAX = INT64_C(5) << 30; /* one S3 PUT carries at most 5 GiB */

/* Why it was granted: goes into every token of ours. */
#define GROUNDS                                                                \
    (ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_POLICY) | ASK_BIT(ASK_POLICY_DIGEST) | \
     ASK_BIT(ASK_VERDICT) | ASK_BIT(ASK_SESSION) | ASK_BIT(ASK_CONSENT))

static const struct mint_rule KINDS[] = {
    {
        .kind = MINT_ACCESS,
        .name = "access",
        .typ = "at+jwt",
        .cap_s = 3600,
        .need = ASK_BIT(ASK_SUB) | ASK_BIT(ASK_CLIENT_ID) | ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_JKT),
        .claims = GROUNDS | ASK_BIT(ASK_CLIENT_ID) | ASK_BIT(ASK_SCOPE) | ASK_BIT(ASK_TIER) |
                  ASK_BIT(ASK_PURPOSE_DIGEST),
        .need_aud = true,
        .status = true,
    },
    {
        .kind = MINT_EAR,
        .name = "ear",
        .typ = "eat+jwt",
        .cap_s = 86400,
        .need = ASK_BIT(ASK_SUB) | ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_JKT) | ASK_BIT(ASK_EXTRA),
        .claims = GROUNDS | ASK_BIT(ASK_TIER),
        .need_aud = true,
        .ear = true,
        .member = "submods",
    },
    {
        .kind = MINT_UPLOAD,
        .name = "upload",
        .typ = "upload+jwt",
        .cap_s = 3600,
        .need = ASK_BIT(ASK_SUB) | ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_EXTRA),
        .claims = GROUNDS,
        .need_aud = true,
        .member = "upload",
    },
    {
        .kind = MINT_RECEIPT,
        .name = "receipt",
        .typ = "receipt+jwt",
        .need = ASK_BIT(ASK_SUB) | ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_EXTRA),
        .claims = GROUNDS,
        .member = "receipt",
    },
    {
        .kind = MINT_PUT_URL,
        .name = "put-url",
        .cap_s = 60,
        .need = ASK_BIT(ASK_SANDBOX) | ASK_BIT(ASK_STORE) | ASK_BIT(ASK_KEY) |
                ASK_BIT(ASK_CONTENT_TYPE),
    },
    {
        .kind = MINT_NOTE,
        .name = "note",
    },
};

const struct mint_rule *
kind_find(enum mint_kind kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i].kind == kind) {
            return &KINDS[i];
        }
    }
    return NULL;
}

static enum err
check_need(const struct mint_rule *kind, const struct mint_ask *ask, char rule[KIND_RULE_MAX],
           struct why *why)
{
    for (unsigned f = 0; f < ASK_FIELDS; f++) {
        if ((kind->need & ASK_BIT(f)) != 0 && ask_field_text(ask, f)[0] == '\0') {
            (void)snprintf(rule, KIND_RULE_MAX, "mint.need.%s", ask_field_name(f));
            return why_add(why, ERR_DENIED, "mint: %s without %s", kind->name, ask_field_name(f));
        }
    }
    return ERR_OK;
}

static enum err
check_aud(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->need_aud && ask->aud_n == 0) {
        return why_add(why, ERR_DENIED, "mint: %s without aud", kind->name);
    }
    for (size_t i = 0; i < ask->aud_n; i++) {
        if (ask->aud[i][0] == '\0') {
            return why_add(why, ERR_DENIED, "mint: %s with an empty aud", kind->name);
        }
    }
    return ERR_OK;
}

static enum err
check_life(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->cap_s == 0 && ask->life_s != 0) {
        return why_add(why, ERR_DENIED, "mint: life of %lld s for %s, which has none",
                       (long long)ask->life_s, kind->name);
    }
    if (kind->cap_s > 0 && ask->life_s <= 0) {
        return why_add(why, ERR_DENIED, "mint: life of %lld s for %s, wanted 1 to %lld",
                       (long long)ask->life_s, kind->name, (long long)kind->cap_s);
    }
    return ERR_OK;
}

static enum err
check_cap(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (ask->life_s > kind->cap_s) {
        return why_add(why, ERR_DENIED, "mint: life of %lld s for %s, at most %lld",
                       (long long)ask->life_s, kind->name, (long long)kind->cap_s);
    }
    return ERR_OK;
}

static enum err
check_jkt(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    uint8_t raw[JKT_LEN];
    size_t len = 0;

    if (ask->jkt[0] != '\0' &&
        (b64url_decode(slice_text(ask->jkt), raw, sizeof raw, &len, why) != ERR_OK ||
         len != sizeof raw)) {
        return why_add(why, ERR_DENIED, "mint: jkt of %s is not a SHA-256 in base64url",
                       kind->name);
    }
    return ERR_OK;
}

static bool
digest_ok(const char *text)
{
    return text[0] == '\0' ||
           (strlen(text) == DIGEST_HEX && strspn(text, "0123456789abcdef") == DIGEST_HEX);
}

static enum err
check_digest(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    static const enum ask_field DIGESTS[] = {ASK_POLICY_DIGEST, ASK_PURPOSE_DIGEST, ASK_SHA256};

    for (size_t i = 0; i < sizeof DIGESTS / sizeof DIGESTS[0]; i++) {
        if (!digest_ok(ask_field_text(ask, DIGESTS[i]))) {
            return why_add(why, ERR_DENIED, "mint: %s of %s is not %d lower-case hex digits",
                           ask_field_name(DIGESTS[i]), kind->name, DIGEST_HEX);
        }
    }
    return ERR_OK;
}

static enum err
check_extra(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->member == NULL) {
        return ask->extra[0] == '\0'
                   ? ERR_OK
                   : why_add(why, ERR_DENIED, "mint: %s takes no JSON of its own", kind->name);
    }
    if (json_gate_object(slice_text(ask->extra), kind->member, why) != ERR_OK) {
        return why_add(why, ERR_DENIED, "mint: %s of %s is refused", kind->member, kind->name);
    }
    return ERR_OK;
}

/* A note says what has happened; what a grant is called is decided here. */
static enum err
check_action(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    enum mint_action action = ask->record.action;

    if (kind->kind == MINT_NOTE && (action < ACTION_ASKED || action > ACTION_CHANGED)) {
        return why_add(why, ERR_DENIED, "mint: action %u is not one of the log's",
                       (unsigned)action);
    }
    return ERR_OK;
}

/* A key that any store, proxy or file system reads in the same way. */
static enum err
check_key(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->kind != MINT_PUT_URL) {
        return ERR_OK;
    }
    if (ask->key[0] == '/' || strstr(ask->key, "..") != NULL) {
        return why_add(why, ERR_DENIED, "mint: object key is absolute or holds \"..\"");
    }
    return ERR_OK;
}

static enum err
check_size(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->kind == MINT_PUT_URL && (ask->size < 0 || ask->size > PUT_MAX)) {
        return why_add(why, ERR_DENIED, "mint: upload of %lld bytes, wanted 0 to %lld",
                       (long long)ask->size, (long long)PUT_MAX);
    }
    return ERR_OK;
}

static bool
header_ok(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* What becomes an HTTP header is ASCII without a line end. */
static enum err
check_header(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why)
{
    if (kind->kind == MINT_PUT_URL && (!header_ok(ask->content_type) || !header_ok(ask->tags))) {
        return why_add(why, ERR_DENIED, "mint: content type or tags are not visible ASCII");
    }
    return ERR_OK;
}

static const struct {
    const char *id;
    enum err (*check)(const struct mint_rule *kind, const struct mint_ask *ask, struct why *why);
} RULES[] = {
    {"mint.aud.missing", check_aud},         {"mint.life.range", check_life},
    {"mint.life.over-cap", check_cap},       {"mint.jkt.malformed", check_jkt},
    {"mint.digest.malformed", check_digest}, {"mint.extra.malformed", check_extra},
    {"mint.action.unknown", check_action},   {"mint.put.key", check_key},
    {"mint.put.size", check_size},           {"mint.put.header", check_header},
};

enum err
kind_judge(const struct mint_rule *kind, const struct mint_ask *ask, char rule[KIND_RULE_MAX],
           struct why *why)
{
    if (kind == NULL) {
        (void)snprintf(rule, KIND_RULE_MAX, "mint.kind.unknown");
        return why_add(why, ERR_DENIED, "mint: kind %u is not known", (unsigned)ask->kind);
    }
    TRY(check_need(kind, ask, rule, why));
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        if (RULES[i].check(kind, ask, why) != ERR_OK) {
            (void)snprintf(rule, KIND_RULE_MAX, "%s", RULES[i].id);
            return ERR_DENIED;
        }
    }
    return ERR_OK;
}
