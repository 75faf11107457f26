/* SPDX-License-Identifier: Apache-2.0 */
/* uki_sections.c - see uki.h: the sections of a PE image.  Refuses what lies outside of the file, and a section of ours twice.
 *
 * Source: Microsoft PE format (MS-DOS stub, COFF file header, section table). */
#include <string.h>

#include "attest/base/rd.h"
#include "attest/tpm/uki.h"

enum {
    DOS_MAGIC = 0x5a4d,   /* "MZ" */
    PE_POINTER = 0x3c,    /* where the MS-DOS header says where the PE header is */
    PE_SECTIONS_MAX = 96, /* as many as the loader of Windows takes */
    NAME_LEN = 8,
    SECTION_LEN = 40
};

struct header {
    uint32_t virtual_size, raw_size, raw_at;
    struct slice name;
};

static struct header
read_header(struct rd *r)
{
    struct header h = {.name = rd_bytes(r, "Name", NAME_LEN)};

    h.virtual_size = rd_le32(r, "VirtualSize");
    (void)rd_le32(r, "VirtualAddress");
    h.raw_size = rd_le32(r, "SizeOfRawData");
    h.raw_at = rd_le32(r, "PointerToRawData");
    (void)rd_bytes(r, "relocations and flags", SECTION_LEN - NAME_LEN - 4 * 4);
    return h;
}

/* Which of ours it is; UKI_SECTIONS: none.  A name of eight bytes has no NUL. */
static unsigned
section_of(struct slice name)
{
    unsigned i = 0;

    while (i < UKI_SECTIONS) {
        const char *ours = tpm_uki_section_name(i);
        size_t len = strlen(ours);

        if (len <= NAME_LEN && memcmp(name.ptr, ours, len) == 0 &&
            slice_zero((struct slice){name.ptr + len, NAME_LEN - len})) {
            break;
        }
        i++;
    }
    return i;
}

/* The stub measures VirtualSize bytes of the loaded image: those of the file, and zeros where the file has fewer.  Tools that build
 * images write them whole. */
static enum err
take(struct slice image, const struct header *h, struct slice section[UKI_SECTIONS],
     struct why *why)
{
    unsigned at = section_of(h->name);

    if (at == UKI_SECTIONS) {
        return ERR_OK;
    }
    if (section[at].len > 0) {
        return why_add(why, ERR_MALFORMED, "section %s is there twice", tpm_uki_section_name(at));
    }
    if (h->virtual_size == 0 || h->virtual_size > h->raw_size || h->raw_at > image.len ||
        h->raw_size > image.len - h->raw_at) {
        return why_add(why, ERR_MALFORMED, "section %s is not wholly in the file",
                       tpm_uki_section_name(at));
    }
    section[at] = (struct slice){image.ptr + h->raw_at, h->virtual_size};
    return ERR_OK;
}

/* The section table; *n sections follow. */
static struct rd
open_table(struct slice image, size_t *n)
{
    struct rd r = rd_init(image, "image");

    if (rd_le16(&r, "e_magic") != DOS_MAGIC) {
        rd_fail(&r, "e_magic", "not a PE image");
    }
    (void)rd_bytes(&r, "MS-DOS header", PE_POINTER - 2);

    uint32_t at = rd_le32(&r, "e_lfanew");

    if (at < r.at) {
        rd_fail(&r, "e_lfanew", "inside of the MS-DOS header");
    }
    (void)rd_bytes(&r, "MS-DOS stub", rd_ok(&r) ? at - r.at : 0);
    if (rd_le32(&r, "Signature") != 0x00004550) {
        rd_fail(&r, "Signature", "not \"PE\"");
    }
    (void)rd_le16(&r, "Machine");
    *n = rd_le16(&r, "NumberOfSections");
    (void)rd_bytes(&r, "COFF header", 4 + 4 + 4);

    uint16_t optional = rd_le16(&r, "SizeOfOptionalHeader");

    (void)rd_le16(&r, "Characteristics");
    (void)rd_bytes(&r, "optional header", optional);
    if (*n > PE_SECTIONS_MAX) {
        rd_fail(&r, "NumberOfSections", "more than 96");
    }
    return r;
}

enum err
tpm_uki_sections(struct slice image, struct slice section[UKI_SECTIONS], struct why *why)
{
    size_t n = 0;
    struct rd r = open_table(image, &n);
    enum err e = ERR_OK;

    memset(section, 0, UKI_SECTIONS * sizeof section[0]);
    for (size_t i = 0; rd_ok(&r) && e == ERR_OK && i < n; i++) {
        struct header h = read_header(&r);

        e = rd_ok(&r) ? take(image, &h, section, why) : ERR_OK;
    }
    if (!rd_ok(&r)) {
        return why_add(why, ERR_MALFORMED, "%s at byte %zu: %s", r.field, r.bad_at, r.cause);
    }
    return e;
}
