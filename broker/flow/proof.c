/* SPDX-License-Identifier: Apache-2.0 */
/* proof.c - see proof.h. */
#include "broker/flow/proof.h"

#include "broker/flow/challenge.h"
#include "broker/flow/replay.h"

#include <stdio.h>
#include <string.h>

/* Exactly one header line, and no list in it. */
static enum err
header_text(const struct http_request *req, const char **out, struct fault *f)
{
    size_t lines = 0;
    const char *text = http_header(req, "DPoP", &lines);

    if (text == NULL || lines == 0) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_dpop_proof", "no DPoP header");
    }
    if (lines != 1 || strchr(text, ',') != NULL) {
        return fault_set(f, ERR_UNAUTHENTICATED, "invalid_dpop_proof",
                         "%zu DPoP header lines or a list, want one proof", lines);
    }
    *out = text;
    return ERR_OK;
}

static enum err
check_nonce(struct broker *b, const struct dpop *d, int64_t now, struct proof *p, struct fault *f)
{
    if (d->nonce[0] == '\0') {
        return fault_set(f, ERR_UNAUTHENTICATED, "use_dpop_nonce", "the proof has no nonce");
    }
    if (!nonce_known(b->nonce_key, d->nonce, now, &p->until)) {
        return fault_set(f, ERR_UNAUTHENTICATED, "use_dpop_nonce",
                         "the proof's nonce is not a live one of this server");
    }
    return ERR_OK;
}

enum err
proof_check(struct broker *b, const struct http_request *req, const char *access_token,
            struct proof *out, struct fault *f)
{
    AUTO(dpop_done) struct dpop d = {0};
    char htu[sizeof b->issuer + 256];
    const char *text = NULL;
    int64_t now = clock_unix();
    struct proof p = {0};

    TRY(header_text(req, &text, f));
    (void)snprintf(htu, sizeof htu, "%s%s", b->issuer, req->path);

    const struct dpop_want want = {.htm = req->method,
                                   .htu = htu,
                                   .access_token = access_token,
                                   .now = now,
                                   .past_s = PROOF_PAST_S,
                                   .future_s = PROOF_FUTURE_S,
                                   .keys = b->keys};

    if (dpop_check(slice_text(text), &want, &d, &f->why) != ERR_OK) {
        return fault_from(f, ERR_UNAUTHENTICATED, "invalid_dpop_proof");
    }
    TRY(check_nonce(b, &d, now, &p, f));
    memcpy(p.jkt, d.jwk.jkt_text, sizeof p.jkt);
    memcpy(p.jkt_raw, d.jwk.jkt, sizeof p.jkt_raw);
    memcpy(p.key, d.jti_hash, sizeof p.key);
    *out = p;
    return ERR_OK;
}

enum err
proof_spend(struct broker *b, const struct proof *p, struct fault *f)
{
    enum err e = replay_add(b->replay, slice_text(p->key), p->until, clock_unix(), &f->why);

    if (e == ERR_CONFLICT) {
        return fault_from(f, ERR_UNAUTHENTICATED, "dpop_replayed");
    }
    return e == ERR_OK ? ERR_OK : fault_from(f, e, "busy");
}
