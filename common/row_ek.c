/* SPDX-License-Identifier: Apache-2.0 */
/* row_ek.c - the members of a tpm2 row about endorsement keys; see row.h.
 *
 * What is not said refuses: an expired certificate, a CRL that is out of date. */
#include <string.h>

#include "attest/base/text.h"
#include "common/row_read.h"

static enum err
read_crl(const char *word, enum tpm_ek_crl *out, struct why *why)
{
    static const struct {
        const char *word;
        enum tpm_ek_crl mode;
    } MODES[] = {
        {"require", EK_CRL_REQUIRE},
        {"if-present", EK_CRL_IF_PRESENT},
        {"off", EK_CRL_OFF},
    };

    for (size_t i = 0; word != NULL && i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(word, MODES[i].word) == 0) {
            *out = MODES[i].mode;
            return ERR_OK;
        }
    }
    return word == NULL
               ? ERR_OK
               : why_add(why, ERR_MALFORMED, "ek_crl: \"%s\" is none of require, if-present, off",
                         text_show(slice_text(word)).text);
}

/* "refuse" or "accept". */
static enum err
read_accept(const char *word, const char *what, bool *out, struct why *why)
{
    if (word == NULL || strcmp(word, "refuse") == 0) {
        return ERR_OK;
    }
    *out = strcmp(word, "accept") == 0;
    return *out ? ERR_OK
                : why_add(why, ERR_MALFORMED, "%s: \"%s\" is neither refuse nor accept", what,
                          text_show(slice_text(word)).text);
}

static enum err
read_pin(const json_t *j, uint8_t dst[SHA256_LEN], struct why *why)
{
    size_t len = 0;

    TRY(row_hex(j, "ek_pinned", dst, SHA256_LEN, &len, why));
    if (len != SHA256_LEN) {
        return why_add(why, ERR_MALFORMED, "ek_pinned: %zu bytes, want a SHA-256", len);
    }
    return ERR_OK;
}

static enum err
read_pins(const json_t *list, struct holdings *h, struct tpm_expect *want, struct why *why)
{
    size_t n = json_array_size(list);
    enum err e = ERR_OK;

    if (n == 0) {
        return why_add(why, ERR_MALFORMED,
                       "ek_pinned: an empty list knows no machine; leave it out");
    }

    uint8_t(*bytes)[SHA256_LEN] = holdings_new(h, n, sizeof *bytes);
    struct slice *pin = holdings_new(h, n, sizeof *pin);

    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        e = read_pin(json_array_get(list, i), bytes[i], why);
        pin[i] = (struct slice){bytes[i], SHA256_LEN};
    }
    want->ek_pinned = pin;
    want->ek_pinned_n = n;
    return e;
}

enum err
row_tpm_ek(const struct row_ek *in, struct evidence_row *row, struct why *why)
{
    struct tpm_expect *want = &row->want.tpm;

    TRY(read_crl(in->crl, &want->ek_crl, why));
    TRY(read_accept(in->crl_stale, "ek_crl_stale", &want->allow_ek_crl_stale, why));
    TRY(read_accept(in->expired, "ek_expired", &want->allow_ek_expired, why));
    return in->pinned == NULL ? ERR_OK : read_pins(in->pinned, row->owned, want, why);
}
