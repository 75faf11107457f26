/* SPDX-License-Identifier: Apache-2.0 */
/* claims.c - see claims.h. */
#include "broker/mint/claims.h"

#include "broker/mint/members.h"

enum { HEADER_MAX = 256 };

/* RFC 7519 section 4.1.3: one audience is a string, several are an array. */
static void
audience(struct wr *w, const struct mint_ask *ask)
{
    if (ask->aud_n == 1) {
        member_text(w, "aud", ask->aud[0]);
    } else {
        member_audiences(w, ask);
    }
}

static void
status(struct wr *w, const struct claims *c)
{
    if (!c->rule->status || c->ask->status_index < 0) {
        return;
    }
    wr_text(w, ",\"status\":{\"status_list\":{\"idx\":");
    wr_dec(w, c->ask->status_index);
    wr_text(w, ",\"uri\":");

    size_t at = w->len;

    wr_json(w, slice_text(c->issuer));
    if (w->len > at) {
        w->len--; /* the path goes inside the quotes */
    }
    wr_text(w, "/status/1\"}}");
}

static void
ear(struct wr *w)
{
    wr_text(w, ",\"eat_profile\":\"tag:github.com,2023:veraison/ear\""
               ",\"ear.verifier-id\":{\"build\":\"countersign 0.1\","
               "\"developer\":\"https://github.com/countersign\"}");
}

enum err
claims_write(struct wr *w, const struct claims *c, struct why *why)
{
    wr_text(w, "{\"iss\":");
    wr_json(w, slice_text(c->issuer));
    member_text(w, "sub", c->ask->sub);
    audience(w, c->ask);
    member_number(w, "iat", c->iat);
    if (c->exp != 0) {
        member_number(w, "exp", c->exp);
    }
    member_text(w, "jti", c->jti);
    if (c->ask->jkt[0] != '\0') {
        wr_text(w, ",\"cnf\":{\"jkt\":");
        wr_json(w, slice_text(c->ask->jkt));
        wr_u8(w, '}');
    }
    if (c->rule->ear) {
        ear(w);
    }
    member_texts(w, c->ask, c->rule->claims);
    status(w, c);
    if (c->rule->member != NULL) {
        member_name(w, c->rule->member);
        wr_text(w, c->ask->extra); /* json_gate_object has passed it */
    }
    wr_u8(w, '}');
    return wr_end(w, why);
}

enum err
claims_header(struct wr *w, const struct mint_rule *rule, const char *kid, struct why *why)
{
    uint8_t text[HEADER_MAX];
    struct wr json = wr_init(text, sizeof text, "jose.header");

    wr_text(&json, "{\"alg\":\"ES256\",\"typ\":\"");
    wr_text(&json, rule->typ);
    wr_text(&json, "\",\"kid\":\"");
    wr_text(&json, kid);
    wr_text(&json, "\"}");
    TRY(wr_end(&json, why));
    wr_b64url(w, wr_done(&json));
    return wr_end(w, why);
}
