/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - see challenge.h. */
#include "broker/flow/challenge.h"

#include "attest/base/rd.h"
#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "broker/util/mac.h"
#include "common/sys.h"

#include <string.h>

enum { BODY_LEN = CHALLENGE_LEN - MAC_LEN };

void
challenge_make(const uint8_t key[32], int64_t now, uint8_t out[CHALLENGE_LEN])
{
    struct wr w = wr_init(out, CHALLENGE_LEN, "challenge");

    wr_be32(&w, (uint32_t)now);
    random_bytes(out + 4, BODY_LEN - 4);
    mac_make(key, "challenge", (struct slice){out, BODY_LEN}, out + BODY_LEN);
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
    mac_make(key, "challenge", (struct slice){challenge.ptr, BODY_LEN}, want);
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
    mac_make(key, "dpop-nonce", wr_done(&w), tag);
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
