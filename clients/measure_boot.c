/* SPDX-License-Identifier: Apache-2.0 */
/* measure_boot.c - see measure_boot.h.  Proposes only what the rules themselves find to hold: the row is judged against the log
 * before it is handed out, and a predicate that does not hold is left out.  SHA-256 is the bank of what it proposes, or the strongest
 * one that the log has. */
#include "clients/measure_boot.h"

#include <stdio.h>
#include <string.h>

#include "attest/attest.h"
#include "attest/base/text.h"
#include "attest/tpm/log_data.h"
#include "attest/tpm/secure_boot.h"
#include "attest/tpm/uki.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"
#include "common/sys.h"

enum { APPS_PCR = 4, VERSION_MAX = 256, UKI_MAX = 1 << 30, TAG_LEN = 4 };

static const uint8_t INITRD_TAG[TAG_LEN] = {0xec, 0x22, 0x3b, 0x8f};

struct logged {
    struct slice bytes;
    struct tpm_log log;
    size_t bank; /* of what is proposed */
};

static json_t *
hex_json(struct slice s)
{
    char hex[2 * HASH_MAX + 1];

    hex_encode(s, hex);
    return json_string(hex);
}

static bool
is_app(const struct tpm_event *e)
{
    return e->pcr == APPS_PCR &&
           (e->type == EV_EFI_BOOT_SERVICES_APPLICATION || e->type == EV_EFI_BOOT_SERVICES_DRIVER ||
            e->type == EV_EFI_RUNTIME_SERVICES_DRIVER);
}

/* Text of 8 or 16 bits as firmware writes it, as JSON text; NULL when it is neither, or says nothing. */
static json_t *
version_json(struct slice data)
{
    char text[VERSION_MAX + 1] = "";
    bool wide = data.len % 2 == 0;
    size_t n = 0;

    for (size_t i = 1; wide && i < data.len; i += 2) {
        wide = data.ptr[i] == 0;
    }
    for (size_t i = 0; i < data.len; i += wide ? 2 : 1) {
        if (data.ptr[i] == 0) {
            break;
        }
        if (n == VERSION_MAX || data.ptr[i] < ' ' || data.ptr[i] > '~') {
            return NULL;
        }
        text[n++] = (char)data.ptr[i];
    }
    return n == 0 ? NULL : json_string(text);
}

static json_t *
list_at(json_t *row, const char *name)
{
    json_t *list = json_object_get(row, name);

    if (list == NULL) {
        list = json_array();
        (void)json_object_set_new(row, name, list);
    }
    return list;
}

/* What one event proposes. */
static void
propose_event(const struct logged *l, const struct tpm_event *e, json_t *row)
{
    json_t *version = NULL;

    if (is_app(e)) {
        (void)json_array_append_new(list_at(row, "boot_apps"), hex_json(e->digest[l->bank]));
    }
    if (e->pcr == 0 && e->type == EV_S_CRTM_VERSION) {
        version = version_json(e->data);
        if (version != NULL) {
            (void)json_array_append_new(list_at(row, "scrtm_version"), version);
        }
    }
    if (e->type == EV_EVENT_TAG && e->data.len > TAG_LEN &&
        memcmp(e->data.ptr, INITRD_TAG, TAG_LEN) == 0) {
        (void)json_array_append_new(list_at(row, "initrd"), hex_json(e->digest[l->bank]));
    }
}

/* The same authority, once. */
static void
append_once(json_t *list, json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), value)) {
            json_decref(value);
            return;
        }
    }
    (void)json_array_append_new(list, value);
}

static void
propose_secure_boot(const struct logged *l, json_t *row)
{
    struct secure_boot s;
    uint64_t revoked = 0;

    tpm_secure_boot_read(&l->log, l->log.banks, &s);
    (void)json_object_set_new(row, "secure_boot", json_true());
    for (size_t i = 0; i < s.authorities; i++) {
        uint8_t id[SHA256_LEN];
        struct slice content = s.authority[i].content;

        hash_sha256(content, id);
        append_once(list_at(row, "sb_authority"),
                    hex_json(content.len == SHA256_LEN ? content : (struct slice){id, SHA256_LEN}));
    }
    revoked = tpm_signature_count(s.data[SB_DBX]);
    if (revoked > 0) {
        (void)json_object_set_new(row, "dbx_min", json_integer((json_int_t)revoked));
    }
}

static json_t *
propose(const struct logged *l)
{
    json_t *row = json_pack("{s:s}", "type", "tpm2");
    struct tpm_log_cursor c = tpm_log_events(&l->log);
    struct tpm_event e;

    propose_secure_boot(l, row);
    (void)json_object_set_new(row, "no_option_rom", json_true());
    while (tpm_log_next(&c, &e)) {
        propose_event(l, &e, row);
    }
    return row;
}

static enum err
judge(const struct logged *l, json_t *row, struct appraisal *out, struct fault *f)
{
    const struct evidence ev = {.type = EVIDENCE_TPM2, .tpm.event_log = l->bytes};
    struct evidence_row *read AUTO(evidence_row_free) = NULL;

    TRY(evidence_row_read_partial(row, EVIDENCE_TPM2, &read, &f->why));
    attest_verify_event_log(&ev, &read->want, out);
    return ERR_OK;
}

/* Take out what does not hold; what is left is judged once more, and must. */
static enum err
keep_what_holds(const struct logged *l, json_t *row, struct fault *f)
{
    static const char PREFIX[] = "tpm.";
    struct appraisal out;

    TRY(judge(l, row, &out, f));
    for (size_t i = 0; i < out.verdict.n; i++) {
        const struct finding *one = &out.verdict.finding[i];

        if (one->outcome == OUTCOME_FAIL && strncmp(one->id, PREFIX, sizeof PREFIX - 1) == 0) {
            (void)json_object_del(row, one->id + sizeof PREFIX - 1);
        }
    }
    TRY(judge(l, row, &out, f));
    for (size_t i = 0; i < out.verdict.n; i++) {
        const struct finding *one = &out.verdict.finding[i];

        if (one->outcome != OUTCOME_PASS && one->outcome != OUTCOME_IGNORED) {
            return fault_add(f, ERR_DENIED, "log_rejected", "%s: %s", one->id, one->seen);
        }
    }
    return ERR_OK;
}

static size_t
first_bank(const struct tpm_log *log)
{
    size_t i = 0;

    while (i + 1 < TPM_LOG_BANKS && !(log->banks & 1U << i)) {
        i++;
    }
    return i;
}

/* `pcrs`, so that a guest knows what to quote. */
static void
name_pcrs(const struct logged *l, json_t *row, struct fault *f)
{
    struct evidence_row *read AUTO(evidence_row_free) = NULL;
    struct tpm_selection sel = {.bank = (uint16_t)tpm_log_bank(l->bank)};
    char text[TPM_SELECT_TEXT];

    if (evidence_row_read_partial(row, EVIDENCE_TPM2, &read, &f->why) == ERR_OK) {
        sel.mask = tpm_predicates_pcrs(&read->want.tpm.must);
        tpm_select_format(&sel, 1, text, sizeof text);
        (void)json_object_set_new(row, "pcrs", json_string(text));
    }
}

enum err
measure_event_log(const char *path, json_t **out, struct fault *f)
{
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    json_t *row AUTO(json_free) = NULL;
    struct logged l;
    size_t len = 0;

    TRY(file_read(path, TPM_LOG_MAX, &bytes, &len, &f->why));
    l.bytes = (struct slice){bytes, len};
    if (tpm_log_header(l.bytes, &l.log, &f->why) != ERR_OK ||
        tpm_log_scan(&l.log, &f->why) != ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "malformed", "%.120s is no event log: %s", path,
                         why_text(&f->why));
    }
    if (l.log.banks == 0) {
        return fault_add(f, ERR_DENIED, "log_rejected", "log.sha1_only: it has no other digests");
    }
    l.bank = first_bank(&l.log);
    row = propose(&l);
    TRY(keep_what_holds(&l, row, f));
    name_pcrs(&l, row, f);
    *out = row;
    row = NULL;
    return ERR_OK;
}

static enum err
add_section(json_t *image, unsigned bank, const char *name, struct slice contents, struct fault *f)
{
    json_t *sections = json_object_get(image, hash_name(bank));
    uint8_t digest[HASH_MAX];

    if (sections == NULL) {
        sections = json_object();
        (void)json_object_set_new(image, hash_name(bank), sections);
    }
    TRY(hash_parts(bank, &contents, 1, digest, &f->why));
    (void)json_object_set_new(sections, name, hex_json((struct slice){digest, hash_len(bank)}));
    return ERR_OK;
}

enum err
measure_uki(const char *path, json_t **out, struct fault *f)
{
    static const unsigned BANKS[] = {HASH_SHA256, HASH_SHA384};
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    json_t *image AUTO(json_free) = json_object();
    struct slice section[UKI_SECTIONS];
    size_t len = 0;
    enum err e = ERR_OK;

    TRY(file_read(path, UKI_MAX, &bytes, &len, &f->why));
    if (tpm_uki_sections((struct slice){bytes, len}, section, &f->why) != ERR_OK ||
        section[UKI_LINUX].len == 0) {
        return fault_add(f, ERR_MALFORMED, "malformed", "%.120s is no unified kernel image", path);
    }
    for (unsigned i = 0; i < 2 * UKI_SECTIONS && e == ERR_OK; i++) {
        struct slice contents = section[i / 2];

        e = contents.len == 0
                ? ERR_OK
                : add_section(image, BANKS[i % 2], tpm_uki_section_name(i / 2), contents, f);
    }
    TRY(e);
    *out = json_pack("{s:s, s:s, s:[O]}", "type", "tpm2", "pcrs", "sha256:11", "uki", image);
    return ERR_OK;
}
