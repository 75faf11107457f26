/* SPDX-License-Identifier: Apache-2.0 */
/* note.c - see note.h. */
#include "attest/tlog/note.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/b64.h"
#include "attest/base/text.h"
#include "attest/sig/sig.h"

enum { ALG_ED25519 = 0x01, SIGNATURES_MAX = 16, SIZE_DIGITS = 20 };

static const char DASH[] = "\xe2\x80\x94 "; /* em dash and blank */

static enum err
name_check(struct slice name, struct why *why)
{
    if (name.len == 0 || name.len >= NOTE_NAME_MAX) {
        return why_add(why, ERR_MALFORMED, "note: key name of %zu bytes", name.len);
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] == 0x7f || name.ptr[i] == '+') {
            return why_add(why, ERR_MALFORMED, "note: key name holds byte 0x%02x", name.ptr[i]);
        }
    }
    return ERR_OK;
}

static void
id_of(struct slice name, const uint8_t pub[NOTE_PUB], uint8_t id[NOTE_ID])
{
    uint8_t in[NOTE_NAME_MAX + 2 + NOTE_PUB];
    uint8_t hash[SHA256_LEN];
    struct wr w = wr_init(in, sizeof in, "note.id");

    wr_bytes(&w, name);
    wr_u8(&w, '\n');
    wr_u8(&w, ALG_ED25519);
    wr_bytes(&w, (struct slice){pub, NOTE_PUB});
    hash_sha256(wr_done(&w), hash);
    memcpy(id, hash, NOTE_ID);
}

static enum err
key_make(struct slice name, const uint8_t pub[NOTE_PUB], struct note_key *out, struct why *why)
{
    TRY(name_check(name, why));
    *out = (struct note_key){0};
    memcpy(out->name, name.ptr, name.len);
    memcpy(out->pub, pub, NOTE_PUB);
    id_of(name, pub, out->id);
    return ERR_OK;
}

enum err
note_key_make(const char *name, const uint8_t pub[NOTE_PUB], struct note_key *out, struct why *why)
{
    return key_make(slice_text(name), pub, out, why);
}

/* The part of *rest before the first `end`, which is taken off too; false when there is none. */
static bool
split(struct slice *rest, uint8_t end, struct slice *part)
{
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->ptr, end, rest->len);

    if (at == NULL) {
        return false;
    }
    part->ptr = rest->ptr;
    part->len = (size_t)(at - rest->ptr);
    rest->ptr += part->len + 1;
    rest->len -= part->len + 1;
    return true;
}

enum err
note_key_read(struct slice text, struct note_key *out, struct why *why)
{
    struct slice name;
    struct slice id;
    uint8_t raw[1 + NOTE_PUB];
    uint8_t id_raw[NOTE_ID];
    struct note_key key;
    size_t len = 0;
    size_t id_len = 0;

    if (!split(&text, '+', &name) || !split(&text, '+', &id)) {
        return why_add(why, ERR_MALFORMED, "note: a verifier key is NAME+HASH+KEY");
    }
    TRY(hex_decode(id, id_raw, sizeof id_raw, &id_len, why));
    TRY(b64_decode(text, raw, sizeof raw, &len, why));
    if (len != sizeof raw || raw[0] != ALG_ED25519) {
        return why_add(why, ERR_MALFORMED, "note: verifier key is not of Ed25519");
    }
    TRY(key_make(name, raw + 1, &key, why));
    if (id_len != NOTE_ID || memcmp(id_raw, key.id, NOTE_ID) != 0) {
        return why_add(why, ERR_MALFORMED, "note: hash in the verifier key is not of this key");
    }
    *out = key;
    return ERR_OK;
}

void
note_key_text(const struct note_key *key, char dst[NOTE_VKEY_MAX])
{
    struct wr w = wr_init((uint8_t *)dst, NOTE_VKEY_MAX, "note.vkey");
    struct why why = {0};
    uint8_t raw[1 + NOTE_PUB];

    raw[0] = ALG_ED25519;
    memcpy(raw + 1, key->pub, NOTE_PUB);
    wr_text(&w, key->name);
    wr_u8(&w, '+');
    wr_hex(&w, (struct slice){key->id, NOTE_ID});
    wr_u8(&w, '+');
    b64_write(&w, (struct slice){raw, sizeof raw});

    enum err err = wr_cstr(&w, &why);

    assert(err == ERR_OK); /* NOTE_VKEY_MAX holds the longest name */
    (void)err;
}

void
note_sign_write(struct wr *w, const struct note_key *key, const uint8_t sig[NOTE_SIG])
{
    uint8_t raw[NOTE_ID + NOTE_SIG];

    memcpy(raw, key->id, NOTE_ID);
    memcpy(raw + NOTE_ID, sig, NOTE_SIG);
    wr_u8(w, '\n');
    wr_text(w, DASH);
    wr_text(w, key->name);
    wr_u8(w, ' ');
    b64_write(w, (struct slice){raw, sizeof raw});
    wr_u8(w, '\n');
}

/* Text up to and with its last newline before the empty line; after that the signatures. */
static enum err
note_split(struct slice note, struct slice *text, struct slice *sigs, struct why *why)
{
    size_t cut = 0;

    if (note.len == 0 || note.len > NOTE_MAX) {
        return why_add(why, ERR_MALFORMED, "note: %zu bytes", note.len);
    }
    for (size_t i = 0; i < note.len; i++) {
        if (note.ptr[i] < ' ' && note.ptr[i] != '\n') {
            return why_add(why, ERR_MALFORMED, "note: control character at byte %zu", i);
        }
        if (i > 0 && note.ptr[i] == '\n' && note.ptr[i - 1] == '\n') {
            cut = i; /* the last empty line separates */
        }
    }
    if (cut == 0 || note.ptr[note.len - 1] != '\n' || cut + 1 == note.len) {
        return why_add(why, ERR_MALFORMED, "note: no signature block");
    }
    *text = (struct slice){note.ptr, cut};
    *sigs = (struct slice){note.ptr + cut + 1, note.len - cut - 1};
    return ERR_OK;
}

/* One line without its newline into name, id and signature. */
static enum err
line_read(struct slice line, struct slice *name, uint8_t raw[NOTE_MAX], size_t *len,
          struct why *why)
{
    size_t dash = strlen(DASH);

    if (line.len < dash || memcmp(line.ptr, DASH, dash) != 0) {
        return why_add(why, ERR_MALFORMED, "note: line of the signature block without em dash");
    }
    line.ptr += dash;
    line.len -= dash;
    if (!split(&line, ' ', name)) {
        return why_add(why, ERR_MALFORMED, "note: signature line without a blank");
    }
    TRY(name_check(*name, why));
    TRY(b64_decode(line, raw, NOTE_MAX, len, why));
    if (*len <= NOTE_ID) {
        return why_add(why, ERR_MALFORMED, "note: signature of %zu bytes", *len);
    }
    return ERR_OK;
}

static enum err
signature_verify(const struct note_key *key, struct slice text, struct slice sig, struct why *why)
{
    AUTO(sig_key_done) struct sig_key pub = {0};

    TRY(sig_key_ed25519((struct slice){key->pub, NOTE_PUB}, &pub, why));
    if (sig.len != NOTE_SIG || sig_verify(&pub, SCHEME_ED25519, 0, text, sig, why) != ERR_OK) {
        return why_add(why, ERR_DENIED, "note: signature of %s does not verify", key->name);
    }
    return ERR_OK;
}

/* Sets *verified when the line is by this key; lines of others are passed over: a witness, or a
 * key that nobody asked about. */
static enum err
line_judge(struct slice line, const struct note_key *key, struct slice body, bool *verified,
           struct why *why)
{
    struct slice name = {0};
    uint8_t raw[NOTE_MAX];
    size_t len = 0;

    TRY(line_read(line, &name, raw, &len, why));
    if (!slice_same(name, slice_text(key->name)) || memcmp(raw, key->id, NOTE_ID) != 0) {
        return ERR_OK;
    }
    TRY(signature_verify(key, body, (struct slice){raw + NOTE_ID, len - NOTE_ID}, why));
    *verified = true;
    return ERR_OK;
}

enum err
note_open(struct slice note, const struct note_key *key, struct slice *text, struct why *why)
{
    struct slice body = {0};
    struct slice sigs = {0};
    struct slice line = {0};
    size_t lines = 0;
    bool verified = false;
    enum err err = ERR_OK;

    TRY(note_split(note, &body, &sigs, why));
    while (err == ERR_OK && split(&sigs, '\n', &line)) {
        err = lines++ < SIGNATURES_MAX
                  ? line_judge(line, key, body, &verified, why)
                  : why_add(why, ERR_LIMIT, "note: more than %d signatures", SIGNATURES_MAX);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (!verified) {
        return why_add(why, ERR_DENIED, "note: no signature by %s", key->name);
    }
    *text = body;
    return ERR_OK;
}

void
checkpoint_write(struct wr *w, const struct checkpoint *cp)
{
    wr_fmt(w, "%s\n%llu\n", cp->origin, (unsigned long long)cp->size);
    b64_write(w, (struct slice){cp->root, sizeof cp->root});
    wr_u8(w, '\n');
}

/* Decimal without leading zeros (C2SP tlog-checkpoint). */
static bool
size_read(struct slice text, uint64_t *out)
{
    uint64_t v = 0;

    if (text.len == 0 || text.len >= SIZE_DIGITS || (text.ptr[0] == '0' && text.len > 1)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        v = v * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *out = v;
    return true;
}

enum err
checkpoint_read(struct slice text, struct checkpoint *out, struct why *why)
{
    struct slice origin;
    struct slice size;
    struct slice root;
    struct checkpoint cp = {0};
    size_t len = 0;

    if (!split(&text, '\n', &origin) || !split(&text, '\n', &size) || !split(&text, '\n', &root) ||
        text.len > 0) {
        return why_add(why, ERR_MALFORMED, "checkpoint: not exactly three lines");
    }
    if (origin.len == 0 || origin.len >= sizeof cp.origin) {
        return why_add(why, ERR_MALFORMED, "checkpoint: origin of %zu bytes", origin.len);
    }
    if (memchr(origin.ptr, 0, origin.len) != NULL) {
        return why_add(why, ERR_MALFORMED, "checkpoint: origin holds NUL");
    }
    if (!size_read(size, &cp.size)) {
        return why_add(why, ERR_MALFORMED, "checkpoint: size is not a number");
    }
    TRY(b64_decode(root, cp.root, sizeof cp.root, &len, why));
    if (len != sizeof cp.root) {
        return why_add(why, ERR_MALFORMED, "checkpoint: root of %zu bytes", len);
    }
    memcpy(cp.origin, origin.ptr, origin.len);
    *out = cp;
    return ERR_OK;
}
