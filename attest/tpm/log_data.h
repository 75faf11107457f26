/* SPDX-License-Identifier: Apache-2.0 */
/* log_data.h - which types of event stand in which PCR, and which data their digests cover.
 *
 * Of most events the digest is that of something else (an image, a table), and the data is a label that anybody could have written.
 * Sources: TCG PC Client Platform Firmware Profile 1.06, sections 3.3.4 and 10.4; and what firmware and loaders of the field do,
 * where they differ: EV_EFI_VARIABLE_BOOT over the variable's contents only, an authority of older shims with one byte more than was
 * hashed. */
#ifndef ATTEST_TPM_LOG_DATA_H
#define ATTEST_TPM_LOG_DATA_H

#include "attest/tpm/log.h"

/* The profile lets an event of this type be in PCR 0 to 7; true for all later PCRs, which belong to the operating system. */
bool tpm_event_belongs(const struct tpm_event *e);

/* The digest of this type is that of its data, on every platform; otherwise the data proves nothing by itself. */
bool tpm_event_has_data(const struct tpm_event *e);

/* The bytes that the digests of all `banks` cover, as far as the log has them; false when they cover none of what the type says. */
bool tpm_event_content(const struct tpm_event *e, unsigned banks, struct slice *content);

/* The digests of all `banks` are those of these bytes. */
bool tpm_event_hashes(const struct tpm_event *e, unsigned banks, struct slice bytes);

/* UEFI_VARIABLE_DATA (the profile, section 10.2.6): data and name borrow.  False when it does not decode. */
struct tpm_variable {
    struct slice guid; /* 16 bytes */
    struct slice name; /* UTF-16LE, without NUL */
    struct slice data;
};

bool tpm_variable_decode(struct slice bytes, struct tpm_variable *out);

#endif
