/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h.  Refuses what a reader could take in two ways: an algorithm twice or undeclared, a known one of another size,
 * bytes after the last event. */
#include "attest/tpm/log.h"

#include <string.h>

enum {
    SHA1_DIGEST = 20,
    SIGNATURE_LEN = 16,
    SPEC_MAJOR = 2,
    UINTN_MAX = 2, /* 1: 32 bits, 2: 64 bits */
};

static const char SPEC_ID[SIGNATURE_LEN] = "Spec ID Event03";

static const unsigned BANKS[TPM_LOG_BANKS] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};

unsigned
tpm_log_bank(size_t i)
{
    return BANKS[i];
}

size_t
tpm_log_bank_of(unsigned alg)
{
    size_t i = 0;

    while (i < TPM_LOG_BANKS && BANKS[i] != alg) {
        i++;
    }
    return i;
}

bool
tpm_event_extends(const struct tpm_event *e)
{
    return e->type != EV_NO_ACTION;
}

static enum err
fits(struct slice bytes, struct why *why)
{
    return bytes.len <= TPM_LOG_MAX
               ? ERR_OK
               : why_add(why, ERR_LIMIT, "%zu bytes, at most %d", bytes.len, TPM_LOG_MAX);
}

static bool
declared(const struct tpm_log *l, uint16_t id)
{
    for (size_t i = 0; i < l->algs; i++) {
        if (l->alg[i].id == id) {
            return true;
        }
    }
    return false;
}

static void
read_alg(struct rd *r, struct tpm_log *l)
{
    struct tpm_log_alg a = {.id = rd_le16(r, "algorithm"), .size = rd_le16(r, "digest size")};
    size_t size = hash_len(a.id);

    if (declared(l, a.id)) {
        rd_fail(r, "algorithm", "declared twice");
    }
    if (a.size == 0 || a.size > TPM_LOG_DIGEST_MAX || (size != 0 && a.size != size)) {
        rd_fail(r, "digest size", "not that of the algorithm");
    }
    a.bank = (unsigned)tpm_log_bank_of(a.id);
    l->banks |= a.bank < TPM_LOG_BANKS ? 1U << a.bank : 0;
    l->alg[l->algs++] = a;
}

/* TCG_EfiSpecIdEvent. */
static void
read_spec(struct rd *r, struct tpm_log *l)
{
    struct slice signature = rd_bytes(r, "signature", SIGNATURE_LEN);

    if (rd_ok(r) && memcmp(signature.ptr, SPEC_ID, SIGNATURE_LEN) != 0) {
        rd_fail(r, "signature", "not \"Spec ID Event03\"");
    }
    (void)rd_le32(r, "platformClass");

    uint8_t minor = rd_u8(r, "specVersionMinor");

    if (rd_u8(r, "specVersionMajor") != SPEC_MAJOR || minor != 0) {
        rd_fail(r, "specVersion", "not 2.0");
    }
    (void)rd_u8(r, "specErrata");

    uint8_t uintn = rd_u8(r, "uintnSize");

    if (uintn == 0 || uintn > UINTN_MAX) {
        rd_fail(r, "uintnSize", "neither 1 nor 2");
    }

    uint32_t n = rd_le32(r, "numberOfAlgorithms");

    if (n == 0 || n > TPM_LOG_ALGS_MAX) {
        rd_fail(r, "numberOfAlgorithms", "not 1 to 8");
    }
    for (uint32_t i = 0; rd_ok(r) && i < n; i++) {
        read_alg(r, l);
    }
    (void)rd_bytes(r, "vendorInfo", rd_u8(r, "vendorInfoSize"));
}

enum err
tpm_log_header(struct slice bytes, struct tpm_log *out, struct why *why)
{
    struct tpm_log l = {.bytes = bytes};
    struct rd r = rd_init(bytes, "header");

    TRY(fits(bytes, why));
    if (rd_le32(&r, "pcrIndex") != 0) {
        rd_fail(&r, "pcrIndex", "not 0");
    }
    if (rd_le32(&r, "eventType") != EV_NO_ACTION) {
        rd_fail(&r, "eventType", "not EV_NO_ACTION: no \"Spec ID Event03\"");
    }
    rd_zero(&r, "digest", SHA1_DIGEST);

    struct rd s = rd_sub(&r, "header", rd_le32(&r, "eventSize"));

    read_spec(&s, &l);
    TRY(rd_end(&s, why));
    l.first = r.at;
    *out = l;
    return ERR_OK;
}

/* Place of a declared algorithm; l->algs when it is not. */
static size_t
place_of(const struct tpm_log *l, uint16_t id)
{
    size_t i = 0;

    while (i < l->algs && l->alg[i].id != id) {
        i++;
    }
    return i;
}

static void
read_digest(struct rd *r, const struct tpm_log *l, struct tpm_event *e, unsigned *seen)
{
    size_t at = place_of(l, rd_le16(r, "algorithm"));

    if (at == l->algs) {
        rd_fail(r, "algorithm", "not declared in the header");
        return;
    }
    if (*seen & 1U << at) {
        rd_fail(r, "algorithm", "there twice");
    }
    *seen |= 1U << at;

    struct slice digest = rd_bytes(r, "digest", l->alg[at].size);

    e->zero = e->zero && slice_zero(digest);
    if (l->alg[at].bank < TPM_LOG_BANKS) {
        e->digest[l->alg[at].bank] = digest;
    }
}

/* TCG_PCR_EVENT2. */
static void
read_event(struct rd *r, const struct tpm_log *l, struct tpm_event *e)
{
    unsigned seen = 0;

    e->pcr = rd_le32(r, "pcrIndex");
    e->type = rd_le32(r, "eventType");
    e->zero = true;
    if (e->pcr >= TPM_PCRS && (e->pcr != TPM_LOG_NO_PCR || e->type != EV_NO_ACTION)) {
        rd_fail(r, "pcrIndex", "beyond 23");
    }
    if (rd_le32(r, "digestCount") != l->algs) {
        rd_fail(r, "digestCount", "not one for each algorithm of the header");
    }
    for (size_t i = 0; rd_ok(r) && i < l->algs; i++) {
        read_digest(r, l, e, &seen);
    }

    uint32_t size = rd_le32(r, "eventSize");

    if (size > TPM_LOG_EVENT_MAX) {
        rd_fail(r, "eventSize", "more than 262144");
    }
    e->data = rd_bytes(r, "event", size);
}

struct tpm_log_cursor
tpm_log_events(const struct tpm_log *log)
{
    struct tpm_log_cursor c = {.log = log, .r = rd_init(log->bytes, "log")};

    (void)rd_bytes(&c.r, "header", log->first);
    return c;
}

bool
tpm_log_next(struct tpm_log_cursor *c, struct tpm_event *out)
{
    if (!rd_ok(&c->r) || rd_left(&c->r) == 0) {
        return false;
    }
    *out = (struct tpm_event){.number = ++c->number};
    read_event(&c->r, c->log, out);
    return rd_ok(&c->r);
}

enum err
tpm_log_scan(struct tpm_log *log, struct why *why)
{
    struct tpm_log_cursor c = tpm_log_events(log);
    struct tpm_event e;

    while (c.number < TPM_LOG_EVENTS_MAX && tpm_log_next(&c, &e)) {
    }
    if (!rd_ok(&c.r)) {
        return why_add(why, ERR_MALFORMED, "event %zu, %s at byte %zu: %s", c.number, c.r.field,
                       c.r.bad_at, c.r.cause);
    }
    if (rd_left(&c.r) > 0) {
        return why_add(why, ERR_LIMIT, "more than %d events", TPM_LOG_EVENTS_MAX);
    }
    log->events = c.number;
    return ERR_OK;
}

bool
tpm_log_is_legacy(struct slice bytes)
{
    struct rd r = rd_init(bytes, "log");
    bool extended = false;

    if (bytes.len > TPM_LOG_MAX) {
        return false;
    }
    for (size_t n = 0; rd_ok(&r) && rd_left(&r) > 0 && n < TPM_LOG_EVENTS_MAX; n++) {
        uint32_t pcr = rd_le32(&r, "pcrIndex");
        bool extends = rd_le32(&r, "eventType") != EV_NO_ACTION;

        if (pcr >= TPM_PCRS && (extends || pcr != TPM_LOG_NO_PCR)) {
            rd_fail(&r, "pcrIndex", "beyond 23");
        }
        extended = extended || extends;
        (void)rd_bytes(&r, "digest", SHA1_DIGEST);
        (void)rd_bytes(&r, "event", rd_le32(&r, "eventSize"));
    }
    return extended && rd_ok(&r) && rd_left(&r) == 0;
}
