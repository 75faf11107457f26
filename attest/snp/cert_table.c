/* SPDX-License-Identifier: Apache-2.0 */
/* cert_table.c - the certificate table that comes with an extended guest request; see snp.h.
 *
 * The host wrote it, so it is data of an attacker: only the VEK is taken out, which has to prove itself; an ARK, ASK or CRL in
 * it is not looked at.  Refuses a table without its end, a certificate that lies in the header or beyond the table, an empty
 * one, and one kind twice.  A table of zeros only, or longer than what it names, is fine.
 * Source: AMD 56421 (GHCB), section "SNP Extended Guest Request", certificate table. */
#include "attest/base/rd.h"
#include "attest/snp/snp.h"

enum { GUID_LEN = 16, ENTRY_LEN = 24, ENTRIES_MAX = 128 };

/* In the order of the text, all bytes big-endian: VCEK, VLEK, ASK or ASVK, ARK, CRL. */
static const uint8_t KNOWN[][GUID_LEN] = {
    {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
     0xcd},
    {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
     0xa1},
    {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
     0x82},
    {0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
     0xae},
    {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67,
     0xea},
};

enum { VCEK, VLEK, KNOWN_N = sizeof KNOWN / sizeof KNOWN[0] };

struct entry {
    struct slice guid;
    uint32_t offset, len;
};

/* The header: its entries without the one that ends it, and how long it is with that. */
struct header {
    size_t n, bytes;
};

static struct entry
entry_read(struct rd *r)
{
    struct entry e = {.guid = rd_bytes(r, "guid", GUID_LEN)};

    e.offset = rd_le32(r, "offset");
    e.len = rd_le32(r, "length");
    return e;
}

static bool
entry_ends(const struct entry *e)
{
    return slice_zero(e->guid) && e->offset == 0 && e->len == 0;
}

/* Only the entries; what follows them is theirs to name. */
static enum err
header_read(struct slice table, struct header *out, struct why *why)
{
    struct rd r = rd_init(table, "certificate table");
    struct header h = {0};

    for (;;) {
        const struct entry e = entry_read(&r);

        if (!rd_ok(&r)) {
            return why_add(why, ERR_MALFORMED, "certificate table of %zu bytes without an end",
                           table.len);
        }
        if (entry_ends(&e)) {
            break;
        }
        if (++h.n > ENTRIES_MAX) {
            return why_add(why, ERR_MALFORMED, "certificate table of more than %d entries",
                           ENTRIES_MAX);
        }
    }
    h.bytes = (h.n + 1) * ENTRY_LEN;
    *out = h;
    return ERR_OK;
}

/* KNOWN_N: none of ours. */
static size_t
known_of(const struct entry *e)
{
    size_t k = 0;

    while (k < KNOWN_N && !slice_same(e->guid, (struct slice){KNOWN[k], GUID_LEN})) {
        k++;
    }
    return k;
}

/* The certificates lie behind the header and within the table; sums in 64 bits. */
static enum err
entry_check(const struct entry *e, const struct header *h, struct slice table, struct why *why)
{
    uint64_t end = (uint64_t)e->offset + e->len;

    if (slice_zero(e->guid)) {
        return why_add(why, ERR_MALFORMED, "certificate table: an entry without a GUID");
    }
    if (e->len == 0 && known_of(e) < KNOWN_N) {
        return why_add(why, ERR_MALFORMED, "certificate table: an empty certificate at offset %u",
                       e->offset);
    }
    if (e->offset < h->bytes || end > table.len) {
        return why_add(why, ERR_MALFORMED,
                       "certificate table: offset %u, length %u; want within %zu and %zu",
                       e->offset, e->len, h->bytes, table.len);
    }
    return ERR_OK;
}

/* `at`: where the entry stands; those before it have other GUIDs. */
static enum err
once_check(struct slice table, size_t at, struct slice guid, struct why *why)
{
    struct rd r = rd_init(table, "certificate table");

    for (size_t i = 0; i < at; i++) {
        if (slice_same(entry_read(&r).guid, guid)) {
            return why_add(why, ERR_MALFORMED, "certificate table: one GUID twice");
        }
    }
    return ERR_OK;
}

static struct slice
blob(struct slice table, const struct entry *e)
{
    struct rd r = rd_init(table, "certificate table");

    (void)rd_bytes(&r, "before", e->offset);
    return rd_bytes(&r, "certificate", e->len);
}

static enum err
entries_check(struct slice table, const struct header *h, struct why *why)
{
    struct rd r = rd_init(table, "certificate table");
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < h->n; i++) {
        const struct entry e = entry_read(&r);

        err = entry_check(&e, h, table, why);
        if (err == ERR_OK) {
            err = once_check(table, i, e.guid, why);
        }
    }
    return err;
}

/* A host may hand out both kinds: the report says which one signed.  The other is better than none, for the verdict to name. */
static struct slice
vek_find(struct slice table, const struct header *h, enum snp_vek_kind kind)
{
    struct rd r = rd_init(table, "certificate table");
    const size_t wanted = kind == SNP_VLEK ? VLEK : VCEK;
    struct slice found = {0};

    for (size_t i = 0; i < h->n; i++) {
        const struct entry e = entry_read(&r);
        size_t known = known_of(&e);

        if (known == wanted || (found.len == 0 && (known == VCEK || known == VLEK))) {
            found = blob(table, &e);
        }
    }
    return found;
}

enum err
snp_cert_table_vek(struct slice table, enum snp_vek_kind kind, struct slice *vek, struct why *why)
{
    struct header h = {0};

    if (table.len > SNP_CERT_TABLE_MAX) {
        return why_add(why, ERR_MALFORMED, "certificate table of %zu bytes, at most %d", table.len,
                       SNP_CERT_TABLE_MAX);
    }
    if (table.len == 0) {
        *vek = (struct slice){0};
        return ERR_OK;
    }
    TRY(header_read(table, &h, why));
    TRY(entries_check(table, &h, why));
    *vek = vek_find(table, &h, kind);
    return ERR_OK;
}
