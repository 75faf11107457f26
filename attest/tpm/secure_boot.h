/* SPDX-License-Identifier: Apache-2.0 */
/* secure_boot.h - what PCR 7 tells of Secure Boot: the configuration in front of the separator, then the authorities that were used.
 *
 * Everything is taken from data that the digests of each bank cover; a variable counts with its name and its GUID.  Refused is what
 * cannot be told apart from an attempt to say two things: a variable twice, a known name with a foreign GUID, one after the
 * separator, any other type of event.
 *
 * Sources: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4.8; UEFI 2.10, section 32.4.1 (EFI_SIGNATURE_LIST), 3.3
 * (variables and their GUIDs); shim's MOK variables, README.tpm. */
#ifndef ATTEST_TPM_SECURE_BOOT_H
#define ATTEST_TPM_SECURE_BOOT_H

#include "attest/tpm/log_data.h"

enum { SECURE_BOOT_AUTHORITIES_MAX = 64, SECURE_BOOT_PCR = 7 };

enum secure_boot_variable { SB_ON, SB_PK, SB_KEK, SB_DB, SB_DBX, SB_VARIABLES };

struct secure_boot_authority {
    size_t number;        /* of its event */
    struct slice content; /* a certificate in DER, or the digest of an image */
    bool by_shim;         /* of shim's own lists; else of db */
};

struct secure_boot {
    struct slice data[SB_VARIABLES];
    bool there[SB_VARIABLES];
    struct secure_boot_authority authority[SECURE_BOOT_AUTHORITIES_MAX];
    size_t authorities;
    bool separator;
    const char *odd; /* the first thing that cannot be taken for what it says; NULL */
    struct tpm_event event;
    bool dma_open; /* the firmware says that DMA protection was off */
};

/* Read it, in these banks. */
void tpm_secure_boot_read(const struct tpm_log *log, unsigned banks, struct secure_boot *out);

/* The variable's EFI_SIGNATURE_LISTs are well formed. */
bool tpm_signature_lists_ok(struct slice lists);

/* How many entries they have. */
uint64_t tpm_signature_count(struct slice lists);

/* An entry is exactly this (a certificate, or a SHA-256 digest). */
bool tpm_signature_listed(struct slice lists, struct slice content);

#endif
