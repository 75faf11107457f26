/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - see challenge.h. */
#include "broker/flow/challenge.h"

#include "attest/base/rd.h"
#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "common/sys.h"

#include <assert.h>
#include <nettle/hmac.h>
#include <string.h>

enum { MAC_LEN = 16, BODY_LEN = CHALLENGE_LEN - MAC_LEN };

/* Truncated HMAC-SHA-256 over a label and a message, so that one key cannot serve two purposes. */
static void
mac(const uint8_t key[32], const char *label, struct slice msg, uint8_t out[MAC_LEN])
{
    uint8_t buf[64];
    struct hmac_sha256_ctx
        ctx; /* nettle: a MAC of one block, without fetching an algorithm first */
    struct wr w = wr_init(buf, sizeof buf, "mac");

    wr_text(&w, label);
    wr_u8(&w, 0);
    wr_bytes(&w, msg);
    assert(!w.full);
    hmac_sha256_set_key(&ctx, 32, key);
    hmac_sha256_update(&ctx, w.len, buf);
    hmac_sha256_digest(&ctx, MAC_LEN, out);
    sec_zero(&ctx, sizeof ctx);
}

void
challenge_make(const uint8_t key[32], int64_t now, uint8_t out[CHALLENGE_LEN])
{
    struct wr w = wr_init(out, CHALLENGE_LEN, "challenge");

    wr_be32(&w, (uint32_t)now);
    random_bytes(out + 4, BODY_LEN - 4);
    mac(key, "challenge", (struct slice){out, BODY_LEN}, out + BODY_LEN);
}

enum err
challenge_check(const uint8_t key[32], struct slice challenge, int64_t now, int64_t *until,
                struct why *why)
{
    uint8_t want[MAC_LEN];

    if (challenge.len != CHALLENGE_LEN) {
        return why_add(why, ERR_MALFORMED, "challenge has %zu bytes, want %d", challenge.len,
                       CHALLENGE_LEN);
    }
    mac(key, "challenge", (struct slice){challenge.ptr, BODY_LEN}, want);
    if (!sec_equal((struct slice){challenge.ptr + BODY_LEN, MAC_LEN},
                   (struct slice){want, sizeof want})) {
        return why_add(why, ERR_DENIED, "challenge was not made here");
    }

    struct rd r = rd_init(challenge, "challenge");
    int64_t made = rd_be32(&r, "time");

    if (now - made > CHALLENGE_LIFE_S || made > now + CHALLENGE_LIFE_S) {
        return why_add(why, ERR_GONE, "challenge is %lld s old, at most %d s are accepted",
                       (long long)(now - made), CHALLENGE_LIFE_S);
    }
    *until = made + CHALLENGE_LIFE_S;
    return ERR_OK;
}

static void
nonce_of_step(const uint8_t key[32], int64_t step, char out[NONCE_TEXT])
{
    uint8_t raw[8];
    uint8_t tag[MAC_LEN];
    struct wr w = wr_init(raw, sizeof raw, "nonce step");

    wr_be64(&w, (uint64_t)step);
    mac(key, "dpop-nonce", wr_done(&w), tag);
    b64url_encode((struct slice){tag, sizeof tag}, out);
}

void
nonce_make(const uint8_t key[32], int64_t now, char out[NONCE_TEXT])
{
    nonce_of_step(key, now / NONCE_STEP_S, out);
}

bool
nonce_known(const uint8_t key[32], const char *nonce, int64_t now, int64_t *until)
{
    char want[NONCE_TEXT];

    for (int64_t back = 0; back <= 1; back++) {
        int64_t step = now / NONCE_STEP_S - back;

        nonce_of_step(key, step, want);
        if (sec_equal(slice_text(nonce), slice_text(want))) {
            *until = (step + 2) * NONCE_STEP_S;
            return true;
        }
    }
    return false;
}
