/* SPDX-License-Identifier: Apache-2.0 */
/* ccel.c - see ccel.h. */
#include "attest/tdx/ccel.h"

#include <string.h>

enum {
    ALG_SHA384 = 0x000c,
    EV_NO_ACTION = 3,
    EV_SEPARATOR = 4,
    SHA1_DIGEST = 20,
    SIGNATURE_LEN = 16,
};

static const char SPEC_ID[SIGNATURE_LEN] = "Spec ID Event03";

struct alg {
    uint16_t id, size;
};

struct log {
    struct rd r;
    struct alg alg[CCEL_ALGS_MAX];
    size_t algs;
};

/* The first record: which digests every later one carries. */
static enum err
read_spec(struct log *l, struct why *why)
{
    struct rd *r = &l->r;
    bool sha384 = false;

    (void)rd_le32(r, "mr index");
    if (rd_le32(r, "type") != EV_NO_ACTION) {
        rd_fail(r, "type", "not EV_NO_ACTION");
    }
    (void)rd_bytes(r, "digest", SHA1_DIGEST);

    struct rd s = rd_sub(r, "spec id", rd_le32(r, "size"));
    struct slice signature = rd_bytes(&s, "signature", SIGNATURE_LEN);

    (void)rd_le32(&s, "platform class");
    (void)rd_le32(&s, "version");
    l->algs = rd_le32(&s, "algorithms");
    if (!rd_ok(r) || !rd_ok(&s) || memcmp(signature.ptr, SPEC_ID, SIGNATURE_LEN) != 0) {
        return why_add(why, ERR_MALFORMED, "the log does not begin with \"Spec ID Event03\"");
    }
    if (l->algs == 0 || l->algs > CCEL_ALGS_MAX) {
        return why_add(why, ERR_MALFORMED, "the log names %zu algorithms, want 1 to %d", l->algs,
                       CCEL_ALGS_MAX);
    }
    for (size_t i = 0; i < l->algs; i++) {
        l->alg[i].id = rd_le16(&s, "algorithm");
        l->alg[i].size = rd_le16(&s, "digest size");
        sha384 = sha384 || (l->alg[i].id == ALG_SHA384 && l->alg[i].size == SHA384_LEN);
    }
    (void)rd_bytes(&s, "vendor info", rd_u8(&s, "vendor info size"));
    TRY(rd_end(&s, why));
    return sha384 ? ERR_OK : why_add(why, ERR_MALFORMED, "the log has no SHA-384 digests");
}

static size_t
size_of(const struct log *l, uint16_t id)
{
    for (size_t i = 0; i < l->algs; i++) {
        if (l->alg[i].id == id) {
            return l->alg[i].size;
        }
    }
    return 0;
}

/* The digests of one event; *sha384 is the one that is extended. */
static void
read_digests(struct log *l, struct slice *sha384)
{
    uint32_t count = rd_le32(&l->r, "digest count");

    if (count == 0 || count > CCEL_ALGS_MAX) {
        rd_fail(&l->r, "digest count", "not that of the log's algorithms");
    }
    for (uint32_t i = 0; rd_ok(&l->r) && i < count; i++) {
        uint16_t id = rd_le16(&l->r, "digest algorithm");
        size_t size = size_of(l, id);
        struct slice digest = rd_bytes(&l->r, "digest", size);

        if (size == 0 || (id == ALG_SHA384 && sha384->len > 0)) {
            rd_fail(&l->r, "digest algorithm", size == 0 ? "not among the log's" : "there twice");
        }
        *sha384 = id == ALG_SHA384 ? digest : *sha384;
    }
    if (sha384->len != SHA384_LEN) {
        rd_fail(&l->r, "digests", "no SHA-384");
    }
}

static enum err
extend(struct ccel_replay *out, uint32_t index, uint32_t type, struct slice digest, struct why *why)
{
    uint8_t next[HASH_MAX];
    size_t rtmr = index - 1;
    const struct slice parts[] = {{out->rtmr[rtmr], SHA384_LEN}, digest};

    TRY(hash_parts(HASH_SHA384, parts, 2, next, why));
    memcpy(out->rtmr[rtmr], next, SHA384_LEN);
    out->events[rtmr]++;
    out->separators[rtmr] += type == EV_SEPARATOR;
    return ERR_OK;
}

static enum err
read_event(struct log *l, struct ccel_replay *out, struct why *why)
{
    uint32_t index = rd_le32(&l->r, "mr index");
    uint32_t type = rd_le32(&l->r, "type");
    struct slice digest = {0};

    read_digests(l, &digest);
    (void)rd_bytes(&l->r, "event data", rd_le32(&l->r, "event size"));
    if (rd_ok(&l->r) && type != EV_NO_ACTION && (index < 1 || index > TDX_RTMRS)) {
        rd_fail(&l->r, "mr index", "not one of RTMR0 to RTMR3");
    }
    if (!rd_ok(&l->r)) {
        return why_add(why, ERR_MALFORMED, "%s at byte %zu: %s", l->r.field, l->r.bad_at,
                       l->r.cause);
    }
    return type == EV_NO_ACTION ? ERR_OK : extend(out, index, type, digest, why);
}

/* Nothing is left, or nothing but fill of one value. */
static bool
only_fill(const struct rd *r)
{
    uint8_t fill = rd_left(r) > 0 ? r->in.ptr[r->at] : 0;

    if (fill != 0 && fill != 0xff) {
        return false;
    }
    for (size_t i = r->at; i < r->in.len; i++) {
        if (r->in.ptr[i] != fill) {
            return false;
        }
    }
    return true;
}

enum err
ccel_replay(struct slice log, struct ccel_replay *out, struct why *why)
{
    struct log l = {.r = rd_init(log, "ccel")};
    enum err e = ERR_OK;
    size_t n = 1;

    memset(out, 0, sizeof *out);
    if (log.len > TDX_CCEL_MAX) {
        return why_add(why, ERR_MALFORMED, "%zu bytes, at most %d", log.len, TDX_CCEL_MAX);
    }
    TRY(read_spec(&l, why));
    for (; e == ERR_OK && !only_fill(&l.r) && n < CCEL_EVENTS_MAX; n++) {
        e = read_event(&l, out, why);
    }
    out->used = l.r.at;
    if (e != ERR_OK) {
        return why_add(why, e, "in event %zu", n - 1);
    }
    return only_fill(&l.r) ? ERR_OK
                           : why_add(why, ERR_MALFORMED, "more than %d events", CCEL_EVENTS_MAX);
}
