/* SPDX-License-Identifier: Apache-2.0 */
/* uki.h - PCR 11 from the sections of a unified kernel image and from what user space has measured since.
 *
 * The stub extends, for each section that the image has, the digest of its name with NUL, then the digest of its contents; user
 * space extends the digest of a word at each phase.  Sources: systemd-stub(7) "TPM PCR NOTES", systemd-pcrphase.service(8),
 * systemd-measure(1). */
#ifndef ATTEST_TPM_UKI_H
#define ATTEST_TPM_UKI_H

#include "attest/tpm/tpm.h"

enum { UKI_PHASES_MAX = 16 };

/* PCR 11 once the stub has measured this image. */
enum err tpm_uki_start(const struct tpm_uki *u, uint8_t value[HASH_MAX], struct why *why) MUST_USE;

/* And once user space has measured the words "a:b:c" of `phases` too. */
enum err tpm_uki_phases(uint16_t bank, struct slice phases, uint8_t value[HASH_MAX],
                        struct why *why) MUST_USE;

/* "enter-initrd", "leave-initrd", "sysinit", "ready": the usual sequence; NULL beyond it. */
const char *tpm_uki_phase(size_t i);

/* Does this image, with one of its phases, lead to `want`?  Then `phase` says which.  ERR_DENIED: it does not. */
enum err tpm_uki_leads(const struct tpm_uki *u, struct slice want, char phase[TPM_PHASE_MAX],
                       struct why *why) MUST_USE;

/* Sections of a PE image (Microsoft PE format, sections "File Headers" and "Section Table"): contents as the stub measures them,
 * without the fill of the file.  Slices borrow from `image`; empty: not there.  ERR_MALFORMED: not a PE image, a section outside of it, or
 * one of ours twice. */
enum err tpm_uki_sections(struct slice image, struct slice section[UKI_SECTIONS],
                          struct why *why) MUST_USE;

#endif
