/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of PCR 11 from the sections of an image, of PE images, of signed PCR policies, and of the members of a tpm2 row that ask for
 * them.  That each predicate refuses for its reason: test/vectors/gen_log.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attest/base/text.h"
#include "attest/base/wr.h"
#include "attest/tpm/pcrsig.h"
#include "attest/tpm/uki.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"

#define A32  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A48  A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TPM2 "{\"type\":\"tpm2\","
#define EC                                                                           \
    "-----BEGIN PUBLIC "                                                             \
    "KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3jmPm42NVthZ4HALJJWNWX1Dr01a\\n" \
    "iJimxW2USaZ3ohea29nfVN+howvGCtf4TF5lhHV7bxKXKhNBqvK2btPxtg==\\n-----END PUBLIC KEY-----\\n"

enum { IMAGE_MAX = 2048, PE_AT = 0x80, COFF_LEN = 24, HEADER_LEN = 40, RAW_AT = 0x400 };

/* ---- PE images */

struct image {
    uint8_t at[IMAGE_MAX];
    size_t sections;
};

static void
put(uint8_t *at, uint32_t v, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(v >> 8 * i);
    }
}

static uint8_t *
header_of(struct image *im, size_t i)
{
    return im->at + PE_AT + COFF_LEN + i * HEADER_LEN;
}

static void
add_section(struct image *im, const char *name, uint32_t virtual_size, uint32_t raw_size)
{
    uint8_t *h = header_of(im, im->sections);

    memcpy(h, name, strlen(name));
    put(h + 8, virtual_size, 4);
    put(h + 16, raw_size, 4);
    put(h + 20, RAW_AT + (uint32_t)im->sections * 16, 4);
    memset(im->at + RAW_AT + im->sections * 16, (int)('a' + im->sections), raw_size);
    im->sections++;
    put(im->at + PE_AT + 6, (uint32_t)im->sections, 2);
}

static struct image
image_open(void)
{
    struct image im = {.sections = 0};

    memcpy(im.at, "MZ", 2);
    put(im.at + 0x3c, PE_AT, 4);
    memcpy(im.at + PE_AT, "PE\0\0", 4);
    add_section(&im, ".text", 4, 16);
    add_section(&im, ".pcrpkey", 5, 16); /* a name of eight bytes has no NUL */
    add_section(&im, ".linux", 16, 16);
    return im;
}

static enum err
sections_of(const struct image *im, size_t len, struct slice out[UKI_SECTIONS])
{
    uint8_t *copy = mem_new(len, 1);
    struct why why = {0};
    enum err e = ERR_OK;

    memcpy(copy, im->at, len);
    e = tpm_uki_sections((struct slice){copy, len}, out, &why);
    assert_true(e == ERR_OK || why.n > 0);
    mem_free(copy);
    return e;
}

static void
sections_are_found_without_their_fill(void **state)
{
    struct image im = image_open();
    struct slice section[UKI_SECTIONS];
    struct why why = {0};

    (void)state;
    assert_int_equal(tpm_uki_sections((struct slice){im.at, sizeof im.at}, section, &why), ERR_OK);
    assert_int_equal(section[UKI_PCRPKEY].len, 5);
    assert_memory_equal(section[UKI_PCRPKEY].ptr, "bbbbb", 5);
    assert_int_equal(section[UKI_LINUX].len, 16);
    assert_int_equal(section[UKI_CMDLINE].len, 0);
}

static void
an_image_cut_short_is_refused(void **state)
{
    const struct image im = image_open();
    struct slice section[UKI_SECTIONS];

    (void)state;
    for (size_t len = 1; len < RAW_AT + 3 * 16; len++) {
        assert_int_equal(sections_of(&im, len, section), ERR_MALFORMED);
    }
    assert_int_equal(sections_of(&im, RAW_AT + 3 * 16, section), ERR_OK);
}

static void
a_section_twice_or_outside_is_refused(void **state)
{
    struct slice section[UKI_SECTIONS];
    struct image im = image_open();

    (void)state;
    add_section(&im, ".linux", 1, 16);
    assert_int_equal(sections_of(&im, sizeof im.at, section), ERR_MALFORMED);
    for (size_t field = 8; field <= 20; field += 4) {
        im = image_open();
        if (field != 12) { /* where it is loaded does not matter */
            put(header_of(&im, 2) + field, UINT32_MAX - 3, 4);
            assert_int_equal(sections_of(&im, sizeof im.at, section), ERR_MALFORMED);
        }
    }
    im = image_open();
    put(header_of(&im, 2) + 8, 0, 4);
    assert_int_equal(sections_of(&im, sizeof im.at, section), ERR_MALFORMED);
    im = image_open();
    put(im.at + 0x3c, 2, 4);
    assert_int_equal(sections_of(&im, sizeof im.at, section), ERR_MALFORMED);
    im = image_open();
    put(im.at + PE_AT + 6, 97, 2);
    assert_int_equal(sections_of(&im, sizeof im.at, section), ERR_MALFORMED);
}

/* ---- PCR 11 */

static void
hex_is(const uint8_t *value, const char *want)
{
    char hex[2 * SHA256_LEN + 1];

    hex_encode((struct slice){value, SHA256_LEN}, hex);
    assert_string_equal(hex, want);
}

/* Computed by hand with a shell's sha256sum: an image whose only section is .cmdline with the contents "quiet". */
static void
pcr11_of_one_section(void **state)
{
    uint8_t digest[SHA256_LEN];
    uint8_t value[HASH_MAX];
    char phase[TPM_PHASE_MAX];
    struct tpm_uki u = {.bank = HASH_SHA256};
    struct why why = {0};

    (void)state;
    hash_sha256(slice_text("quiet"), digest);
    u.digest[UKI_CMDLINE] = (struct slice){digest, SHA256_LEN};
    assert_int_equal(tpm_uki_start(&u, value, &why), ERR_OK);
    hex_is(value, "71f72c4d0ab183814b6351a6c64f15ea40b77baebd986dde49270be12e15ee94");
    assert_int_equal(tpm_uki_leads(&u, (struct slice){value, SHA256_LEN}, phase, &why), ERR_OK);
    assert_string_equal(phase, "");
    assert_int_equal(
        tpm_uki_phases(HASH_SHA256, slice_text("enter-initrd:leave-initrd"), value, &why), ERR_OK);
    hex_is(value, "b40adbc95b1c1604a06f26c884e91d59c9c0d3a1d751576670637b1c111c2712");
    assert_int_equal(tpm_uki_leads(&u, (struct slice){value, SHA256_LEN}, phase, &why), ERR_OK);
    assert_string_equal(phase, "enter-initrd:leave-initrd");
    value[0] ^= 1;
    assert_int_equal(tpm_uki_leads(&u, (struct slice){value, SHA256_LEN}, phase, &why), ERR_DENIED);
}

/* What `tpm2_policypcr -l sha256:11` of a trial session gives for a PCR 11 of zeros. */
static void
the_policy_of_a_pcr(void **state)
{
    const uint8_t zero[SHA256_LEN] = {0};
    uint8_t policy[SHA256_LEN];
    struct why why = {0};

    (void)state;
    assert_int_equal(
        tpm_policy_pcr(HASH_SHA256, 11, (struct slice){zero, SHA256_LEN}, policy, &why), ERR_OK);
    hex_is(policy, "fd32fa22c52cfc8e1a0c29eb38519f87084cab0b04b0d8f020a4d38b2f4e223e");
}

/* ---- the members of a row */

struct member {
    const char *text; /* after TPM2 */
    enum err err;
    const char *says;
};

static const struct member REFUSED[] = {
    {"\"secure_boot\":false}", ERR_MALFORMED, "secure_boot: want true"},
    {"\"no_option_rom\":\"yes\"}", ERR_MALFORMED, "no_option_rom: want true"},
    {"\"sb_authority\":[]}", ERR_MALFORMED, "sb_authority"},
    {"\"sb_authority\":[\"ab\"]}", ERR_MALFORMED, "sb_authority: 2 digits"},
    {"\"sb_authority\":\"ignore\"}", ERR_MALFORMED, "sb_authority: want a list"},
    {"\"dbx_min\":0}", ERR_LIMIT, "dbx_min"},
    {"\"dbx_min\":\"all\"}", ERR_MALFORMED, "dbx_min: want a list"},
    {"\"boot_apps\":[]}", ERR_MALFORMED, "boot_apps"},
    {"\"boot_apps\":[[]]}", ERR_MALFORMED, "boot_apps"},
    {"\"boot_apps\":[\"" A32 "\",\"" A48 "\"]}", ERR_MALFORMED, "digests of one bank"},
    {"\"scrtm_version\":[1]}", ERR_MALFORMED, "scrtm_version: want texts"},
    {"\"secure_boot\":true,\"cmdline\":[]}", ERR_MALFORMED, "cmdline: want a list"},
    {"\"secure_boot\":true,\"initrd\":[\"abcd\"]}", ERR_MALFORMED, "initrd: 2 bytes"},
    {"\"cmdline\":[\"quiet\"]}", ERR_DENIED, "policy.unanchored"},
    {"\"initrd\":[\"" A32 "\"],\"no_option_rom\":true}", ERR_DENIED, "policy.unanchored"},
    {"\"uki\":[]}", ERR_MALFORMED, "uki: want a list"},
    {"\"uki\":[{}]}", ERR_MALFORMED, "want sections by sha256"},
    {"\"uki\":[{\"sha256\":{}}]}", ERR_MALFORMED, "uki.sha256: want an object of sections"},
    {"\"uki\":[{\"sha256\":{\".text\":\"" A32 "\"}}]}", ERR_MALFORMED, "\".text\" is no section"},
    {"\"uki\":[{\"sha256\":{\".linux\":\"" A48 "\"}}]}", ERR_MALFORMED, "no digest of sha256"},
    {"\"uki\":[{\"sha1\":{}}]}", ERR_MALFORMED, "unknown member"},
    {"\"uki\":[{\"sha256\":{\".linux\":\"" A32 "\"},\"phases\":[\"" A32 "\"]}]}", ERR_LIMIT,
     "uki.phases"},
    {"\"pcr11_signer\":[]}", ERR_MALFORMED, "pcr11_signer: want a list"},
    {"\"pcr11_signer\":[\"key\"]}", ERR_MALFORMED, "PEM"},
    {"\"pcr11_signer\":[\"" EC "\"]}", ERR_MALFORMED, "want RSA keys"},
    {"\"pcrs\":\"sha256:0,4\",\"secure_boot\":true}", ERR_MALFORMED, "pcrs: 7 is read"},
    {"\"pcrs\":\"sha256:0+sha1:7\",\"secure_boot\":true}", ERR_MALFORMED, "pcrs: 7 is read"},
};

static enum err
read_row(const char *text, struct evidence_row **row, struct why *why)
{
    AUTO(json_free) json_t *j = NULL;
    char full[1024];

    (void)snprintf(full, sizeof full, TPM2 "%s", text);
    assert_int_equal(json_read(slice_text(full), &j, why), ERR_OK);
    return evidence_row_read(j, row, why);
}

static bool
told(const struct why *why, const char *word)
{
    bool found = false;

    for (size_t i = 0; i < why->n; i++) {
        found = found || strstr(why->link[i], word) != NULL;
    }
    return found;
}

static void
a_row_that_asks_wrongly_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        AUTO(evidence_row_free) struct evidence_row *row = NULL;
        struct why why = {0};
        enum err e = read_row(REFUSED[i].text, &row, &why);

        if (e != REFUSED[i].err || !told(&why, REFUSED[i].says)) {
            fail_msg("%s: %d %s", REFUSED[i].text, e, why_text(&why));
        }
        assert_null(row);
    }
}

static void
a_row_of_predicates_needs_no_values(void **state)
{
    AUTO(evidence_row_free) struct evidence_row *row = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(read_row("\"pcrs\":\"sha256:2,4,7,9+sha384:11\",\"secure_boot\":true,"
                              "\"boot_apps\":[[\"" A32 "\",\"" A32 "\"],\"" A32 "\"],"
                              "\"dbx_min\":7,\"no_option_rom\":true,\"cmdline\":[\"quiet\"],"
                              "\"uki\":[{\"sha256\":{\".linux\":\"" A32
                              "\"},\"sha384\":{\".linux\":\"" A48 "\"},\"phases\":[\"\"]}]}",
                              &row, &why),
                     ERR_OK);

    const struct tpm_predicates *must = &row->want.tpm.must;

    assert_false(row->want.tpm.golden_wanted);
    assert_true(must->secure_boot && must->no_option_rom);
    assert_int_equal(must->apps_n, 2);
    assert_int_equal(must->app[0].n, 2);
    assert_int_equal(must->apps_bank, HASH_SHA256);
    assert_int_equal(must->dbx_count, 7);
    assert_int_equal(must->uki_n, 2);
    assert_int_equal(must->uki[1].bank, HASH_SHA384);
    assert_int_equal(must->uki[1].phases.n, 1);
    assert_int_equal(must->uki[1].phases.value[0].len, 0);
    assert_int_equal(tpm_predicates_pcrs(must), 1U << 2 | 1U << 4 | 1U << 7 | 1U << 9 | 1U << 11);
}

static void
names_of_predicates(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TPM_PREDICATES; i++) {
        assert_int_equal(tpm_predicate_by_name(slice_text(tpm_predicate_name(i))), i);
    }
    assert_int_equal(tpm_predicate_by_name(slice_text("values")), TPM_PREDICATES);
    assert_string_equal(tpm_predicate_name(TPM_PREDICATES), "unknown");
    assert_null(tpm_uki_section_name(UKI_SECTIONS));
    assert_null(tpm_uki_phase(4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_found_without_their_fill),
        cmocka_unit_test(an_image_cut_short_is_refused),
        cmocka_unit_test(a_section_twice_or_outside_is_refused),
        cmocka_unit_test(pcr11_of_one_section),
        cmocka_unit_test(the_policy_of_a_pcr),
        cmocka_unit_test(a_row_that_asks_wrongly_is_refused),
        cmocka_unit_test(a_row_of_predicates_needs_no_values),
        cmocka_unit_test(names_of_predicates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
