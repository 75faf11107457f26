/* SPDX-License-Identifier: Apache-2.0 */
/* predicate_boot.c - which images firmware started, which option ROMs it ran, which version it says it is, and what the kernel was
 * given.
 *
 * Only what a digest covers is read, and its place: the first events of PCR 9 are the kernel's, whatever they are called, while
 * later ones anybody on the machine can add.  Sources: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4; Linux,
 * drivers/firmware/efi/libstub/efi-stub-helper.c (tags and order of its two events). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "attest/tpm/log_in.h"

enum { APPS_PCR = 4, OPTION_ROM_PCR = 2, LOADER_PCR = 9, TEXT_MAX = 4096, TAG_LEN = 8 };

/* TCG_PCClientTaggedEvent.taggedEventID of the kernel's EFI stub. */
#define TAG_INITRD       UINT32_C(0x8f3b22ec)
#define TAG_LOAD_OPTIONS UINT32_C(0x8f3b22ed)

static bool
is_app(uint32_t type)
{
    return type == EV_EFI_BOOT_SERVICES_APPLICATION || type == EV_EFI_BOOT_SERVICES_DRIVER ||
           type == EV_EFI_RUNTIME_SERVICES_DRIVER;
}

/* Beside images PCR 4 has events that are what they say, and nothing that could be an image by another name. */
static bool
harmless(const struct tpm_event *e)
{
    return e->type == EV_SEPARATOR || e->type == EV_EFI_ACTION || e->type == EV_ACTION ||
           e->type == EV_OMIT_BOOT_DEVICE_EVENTS;
}

static bool
one_of(const struct tpm_one_of *list, struct slice value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (slice_same(list->value[i], value)) {
            return true;
        }
    }
    return false;
}

static enum outcome
app_differs(const struct tpm_event *e, size_t place, struct slice digest, struct finding *f)
{
    char hex[2 * HASH_MAX + 1];
    char wanted[sizeof "image 18446744073709551615 of the policy"];

    hex_encode(digest, hex);
    (void)snprintf(wanted, sizeof wanted, "image %zu of the policy", place + 1);
    return finding_fail(f, wanted, "PCR 4, event %zu: %s", e->number, hex);
}

static enum outcome
judge_apps(const struct tpm_in *t, size_t bank, struct finding *f)
{
    const struct tpm_predicates *must = &t->want->must;
    struct tpm_log_cursor c = tpm_log_events(&t->log.log);
    struct tpm_event e;
    size_t n = 0;

    while (tpm_log_next_of(&c, APPS_PCR, &e)) {
        if (harmless(&e)) {
            continue;
        }
        if (!is_app(e.type)) {
            return finding_fail(f, "images, actions and the separator", "%s",
                                tpm_event_show(&e).text);
        }
        if (n >= must->apps_n || !one_of(&must->app[n], e.digest[bank])) {
            return app_differs(&e, n, e.digest[bank], f);
        }
        n++;
    }
    if (n < must->apps_n) {
        return finding_fail(f, "all images of the policy", "%zu of %zu", n, must->apps_n);
    }
    return finding_pass(f, "%zu images, in order", n);
}

enum outcome
tpm_rule_boot_apps(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    size_t bank = tpm_log_bank_of(t->want->must.apps_bank);
    unsigned banks = 0;

    if (t->want->must.apps_n == 0) {
        return finding_ignored(f, "the policy does not ask which images were started");
    }

    enum outcome o = tpm_log_readable(t, APPS_PCR, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    if (bank == TPM_LOG_BANKS || !(banks & 1U << bank)) {
        return finding_fail(f, hash_name(t->want->must.apps_bank),
                            "PCR 4 is not quoted in the bank of the policy's digests");
    }
    return judge_apps(t, bank, f);
}

enum outcome
tpm_rule_no_option_rom(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct tpm_log_cursor c = tpm_log_events(&t->log.log);
    unsigned banks = 0;
    struct tpm_event e;

    if (!t->want->must.no_option_rom) {
        return finding_ignored(f, "the policy does not ask for option ROMs");
    }

    enum outcome o = tpm_log_readable(t, OPTION_ROM_PCR, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    while (tpm_log_next_of(&c, OPTION_ROM_PCR, &e)) {
        if (e.type != EV_SEPARATOR) {
            return finding_fail(f, "only the separator", "%s", tpm_event_show(&e).text);
        }
    }
    return finding_pass(f, "only the separator");
}

/* Text as firmware and kernel write it, UTF-16LE; bytes of `dst` used, or 0 when it is longer than that or not UTF-8. */
static size_t
to_utf16(struct slice text, uint8_t *dst, size_t cap)
{
    struct wr w = wr_init(dst, cap, "text");
    struct why why = {0};
    size_t at = 0;

    while (at < text.len) {
        size_t n = utf8_len((struct slice){text.ptr + at, text.len - at});
        static const uint8_t LEAD[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        uint32_t point = n == 0 ? 0 : text.ptr[at] & LEAD[n];

        for (size_t i = 1; i < n; i++) {
            point = point << 6 | (text.ptr[at + i] & 0x3fU);
        }
        if (n == 0) {
            return 0;
        }
        if (point >= 0x10000) {
            wr_le16(&w, (uint16_t)(0xd800 + ((point - 0x10000) >> 10)));
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        wr_le16(&w, (uint16_t)point);
        at += n;
    }
    wr_le16(&w, 0);
    return wr_end(&w, &why) == ERR_OK ? w.len : 0;
}

/* As text of 8 or 16 bits, with or without a NUL. */
static bool
same_text(struct slice content, struct slice text)
{
    uint8_t wide[TEXT_MAX];
    size_t len = to_utf16(text, wide, sizeof wide);
    struct slice bare = content;

    if (len > 0 && (slice_same(content, (struct slice){wide, len}) ||
                    slice_same(content, (struct slice){wide, len - 2}))) {
        return true;
    }
    if (bare.len > 0 && bare.ptr[bare.len - 1] == 0) {
        bare.len--;
    }
    return slice_same(bare, text);
}

static bool
text_listed(const struct tpm_one_of *list, struct slice content)
{
    bool found = false;

    for (size_t i = 0; i < list->n && !found; i++) {
        found = same_text(content, list->value[i]);
    }
    return found;
}

/* The one event of PCR 0 that has the version; false: none, or more than one. */
static bool
version_event(const struct tpm_in *t, struct tpm_event *out)
{
    struct tpm_log_cursor c = tpm_log_events(&t->log.log);
    struct tpm_event e;
    size_t n = 0;

    while (tpm_log_next_of(&c, 0, &e)) {
        if (e.type == EV_S_CRTM_VERSION) {
            *out = e;
            n++;
        }
    }
    return n == 1;
}

enum outcome
tpm_rule_scrtm_version(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    struct slice content = {0};
    unsigned banks = 0;
    struct tpm_event e;
    char hex[2 * HASH_MAX + 1] = "";

    if (t->want->must.scrtm_version.n == 0) {
        return finding_ignored(f, "the policy does not ask for a version of the firmware");
    }

    enum outcome o = tpm_log_readable(t, 0, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }
    if (!version_event(t, &e)) {
        return finding_fail(f, "one EV_S_CRTM_VERSION in PCR 0", "none, or more than one");
    }
    if (!tpm_event_content(&e, banks, &content)) {
        return finding_fail(f, "a version that its digests cover", "%s", tpm_event_show(&e).text);
    }
    if (!text_listed(&t->want->must.scrtm_version, content)) {
        hex_encode((struct slice){content.ptr, content.len < HASH_MAX ? content.len : HASH_MAX},
                   hex);
        return finding_fail(f, "a version of the policy", "PCR 0, event %zu: %s", e.number, hex);
    }
    return finding_pass(f, "a version of the policy");
}

/* What the EFI stub of the kernel measured, by its place. */
struct handed {
    struct tpm_event options, initrd;
    bool has_options, has_initrd;
};

static uint32_t
tag_of(const struct tpm_event *e)
{
    struct rd r = rd_init(e->data, "tag");
    uint32_t tag = rd_le32(&r, "taggedEventID");

    return e->type == EV_EVENT_TAG && e->data.len >= TAG_LEN ? tag : 0;
}

/* The stub measures the command line, then the initrd, each if there is one.  Any other order is not the stub's. */
static struct handed
handed_over(const struct tpm_in *t)
{
    struct tpm_log_cursor c = tpm_log_events(&t->log.log);
    struct handed h = {.has_options = false};
    struct tpm_event e;
    bool more = tpm_log_next_of(&c, LOADER_PCR, &e);

    if (more && tag_of(&e) == TAG_LOAD_OPTIONS) {
        h.options = e;
        h.has_options = true;
        more = tpm_log_next_of(&c, LOADER_PCR, &e);
    }
    if (more && tag_of(&e) == TAG_INITRD) {
        h.initrd = e;
        h.has_initrd = true;
    }
    return h;
}

enum outcome
tpm_rule_cmdline(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    const struct tpm_one_of *list = &t->want->must.cmdline;
    unsigned banks = 0;

    if (list->n == 0) {
        return finding_ignored(f, "the policy does not ask for a command line");
    }

    enum outcome o = tpm_log_readable(t, LOADER_PCR, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }

    struct handed h = handed_over(t);

    for (size_t i = 0; h.has_options && i < list->n; i++) {
        uint8_t wide[TEXT_MAX];
        size_t len = to_utf16(list->value[i], wide, sizeof wide);

        if (len > 0 && tpm_event_hashes(&h.options, banks, (struct slice){wide, len})) {
            return finding_pass(f, "command line %zu of the policy", i + 1);
        }
    }
    if (!h.has_options) {
        return finding_fail(f, "the kernel's LoadOptions, first in PCR 9", "it is not there");
    }
    return finding_fail(f, "a command line of the policy", "%s has the digest of another",
                        tpm_event_show(&h.options).text);
}

static bool
initrd_listed(const struct tpm_in *t, const struct tpm_event *e, unsigned banks)
{
    bool found = false;

    for (size_t i = 0; i < TPM_LOG_BANKS; i++) {
        found = found || (banks & 1U << i && one_of(&t->want->must.initrd, e->digest[i]));
    }
    return found;
}

enum outcome
tpm_rule_initrd(const struct check_in *in, struct finding *f)
{
    const struct tpm_in *t = in->tpm;
    unsigned banks = 0;

    if (t->want->must.initrd.n == 0) {
        return finding_ignored(f, "the policy does not ask for an initrd");
    }

    enum outcome o = tpm_log_readable(t, LOADER_PCR, &banks, f);

    if (o != OUTCOME_PASS) {
        return o;
    }

    struct handed h = handed_over(t);

    if (!h.has_initrd) {
        return finding_fail(f, "the kernel's initrd, after its LoadOptions in PCR 9",
                            "it is not there");
    }
    if (!initrd_listed(t, &h.initrd, banks)) {
        return finding_fail(f, "an initrd of the policy", "%s has the digest of another",
                            tpm_event_show(&h.initrd).text);
    }
    return finding_pass(f, "an initrd of the policy");
}
