/* SPDX-License-Identifier: Apache-2.0 */
/* tpm.h - a TPM 2.0 quote as evidence: what comes in, what is expected, what is established.
 *
 * Source: TPM 2.0 Library specification, Part 2 (structures) and Part 3 (TPM2_Quote). */
#ifndef ATTEST_TPM_TPM_H
#define ATTEST_TPM_TPM_H

#include "attest/sig/sig.h"

enum {
    TPM_PCRS = 24,
    TPM_BANKS_MAX = 4,       /* selections in one quote */
    TPM_PCR_VALUES_MAX = 96, /* values sent beside the quote */
    TPM_NAME_MAX = 2 + HASH_MAX,
    TPM_GOLDEN_MAX = 128, /* values in one compound */
    TPM_ATTEST_MAX = 1024,
    TPM_PUBLIC_MAX = 1024,
    TPM_SIGNATURE_MAX = 1100,
    TPM_PCRSIG_MAX = 65536,
    TPM_PHASE_MAX = 64, /* bytes of a chain of phases, with NUL */
};

/* A PCR value as the client sent it, or as a reference value wants it. */
struct tpm_pcr {
    uint16_t bank;            /* TPM_ALG_ID */
    uint8_t index;            /* 0..23 */
    uint8_t digest[HASH_MAX]; /* hash_len(bank) bytes */
};

struct tpm_selection { /* which PCRs of a bank; bit i is PCR i */
    uint16_t bank;
    uint32_t mask;
};

/* Empty slices are what the client did not send. */
struct tpm_evidence {
    struct slice quote; /* TPMS_ATTEST */
    /* TPMT_SIGNATURE, or bare RSASSA bytes exactly as long as the modulus */
    struct slice signature;
    struct slice ak;     /* TPMT_PUBLIC or TPM2B_PUBLIC; empty when ak_pem is given */
    struct slice ak_pem; /* PEM public key; its attributes cannot be seen */
    /* The key that TEE evidence names, in place of `ak` and `ak_pem`; borrowed.  Like a PEM it shows no attributes. */
    const struct sig_key *ak_tee;
    struct slice ak_certificate; /* DER */
    struct slice ek_certificate; /* DER, or as the TPM keeps it in NV memory */
    struct slice ek;             /* TPM2B_PUBLIC or TPMT_PUBLIC of the EK */
    struct slice event_log;      /* crypto-agile log of the firmware (attest/tpm/log.h) */
    struct slice pcrsig; /* signatures of PCR policies, as in a UKI's section .pcrsig: JSON */
    /* As sent; trusted only inside the signed selection.  What is not sent the event log gives. */
    const struct tpm_pcr *pcrs;
    size_t pcrs_n;
    /* `pcrs` is a bank as a file format always has it: values outside the signed selection mean nothing and are dropped,
     * where otherwise sending one is refused (quote.unquoted_pcr). */
    bool whole_bank;
};

/* How the AK may earn trust; of those that are allowed and hold, the first of this list (EK, AK
 * certificate, TEE, Name, key) is named in the claims. */
enum tpm_ak_trust {
    AK_TRUST_NONE = 0,
    AK_TRUST_EK_ACTIVATION = 1, /* place: comes with enrolment */
    AK_TRUST_CERTIFICATE = 2,   /* "ak-certificate" */
    AK_TRUST_TEE_EVIDENCE = 4,  /* "tee-evidence": the AK, or its Name, is inside TEE evidence */
    AK_TRUST_PINNED_NAME = 8,   /* "pinned-name" */
    AK_TRUST_PINNED_KEY = 16,   /* "pinned-key" */
};

/* One compound reference value: all of its PCRs together.  Rows with the same bank and index are
 * alternatives. */
struct tpm_golden {
    const char *label; /* for findings */
    const struct tpm_pcr *pcr;
    size_t n;
};

/* Revocation lists of endorsement keys' certificates; the operator's files. */
enum tpm_ek_crl {
    EK_CRL_IF_PRESENT = 0, /* those that there are count */
    EK_CRL_REQUIRE,        /* every certificate of the chain is covered by one */
    EK_CRL_OFF,
};

/* What must be equal to one of these; n 0: not asked for. */
struct tpm_one_of {
    const struct slice *value;
    size_t n;
};

/* Sections of a unified kernel image that its stub measures, in this order (systemd-stub(7)). */
enum tpm_uki_section {
    UKI_LINUX,
    UKI_OSREL,
    UKI_CMDLINE,
    UKI_INITRD,
    UKI_UCODE,
    UKI_SPLASH,
    UKI_DTB,
    UKI_UNAME,
    UKI_SBAT,
    UKI_PCRPKEY,
    UKI_SECTIONS
};

struct tpm_uki {
    uint16_t bank;                     /* TPM_ALG_ID of the digests */
    struct slice digest[UKI_SECTIONS]; /* of the contents; empty: the image has no such section */
    /* "enter-initrd:leave-initrd", "" for none: what user space has measured after them.  None given: any start of the usual
     * sequence. */
    struct tpm_one_of phases;
};

/* What must be true of what booted, each with the PCRs that it reads.  Those of the event log rest on a log that leads to the
 * quoted values. */
struct tpm_predicates {
    bool secure_boot;               /* PCR 7 */
    struct tpm_one_of sb_authority; /* PCR 7; SHA-256 of a certificate, or the digest of an image */
    struct tpm_one_of dbx;          /* PCR 7; all of these SHA-256 digests are revoked */
    uint64_t dbx_count;             /* PCR 7; at least so many entries; 0: not asked for */
    uint16_t apps_bank;             /* PCR 4, in this bank: exactly these images in this order; */
    const struct tpm_one_of *app;   /* Authenticode digests, alternatives for each place */
    size_t apps_n;
    bool no_option_rom;              /* PCR 2 */
    struct tpm_one_of scrtm_version; /* PCR 0; text, UTF-8 */
    struct tpm_one_of cmdline;       /* PCR 9; text, UTF-8 */
    struct tpm_one_of initrd;        /* PCR 9; digest of a bank that is quoted */
    const struct tpm_uki *uki;       /* PCR 11, by its value; one must hold */
    size_t uki_n;
    const struct sig_key *signer; /* PCR 11, by its value; one must have signed it */
    size_t signers;
};

struct tpm_expect {
    /* exactly this, in this order; select_n 0: any canonical selection */
    struct tpm_selection select[TPM_BANKS_MAX];
    size_t select_n;
    /* must be covered, whatever else is quoted; banks in any order */
    struct tpm_selection need[TPM_BANKS_MAX];
    size_t need_n;
    bool golden_wanted;              /* false: PCR values are ignored in so many words */
    const struct tpm_golden *golden; /* one must hold entirely */
    size_t golden_n;
    unsigned ak_trust_allowed;    /* bits of enum tpm_ak_trust */
    const struct slice *ak_names; /* pinned Names, nameAlg || digest */
    size_t ak_names_n;
    /* SHA-256 of the AK's Name, as TEE evidence that was accepted commits to it; empty: none does */
    struct slice ak_tee_name;
    /* the caller vouches for the AK it passes: a pinned Name, or a pinned key when it is a PEM */
    bool ak_vouched;
    bool allow_owner_hierarchy;
    struct tpm_predicates must;
    const struct slice
        *ek_pinned;     /* SHA-256 of an EK's SubjectPublicKeyInfo: it must be one of these */
    size_t ek_pinned_n; /* 0: not asked for */
    enum tpm_ek_crl ek_crl;
    bool allow_ek_expired;   /* an EK certificate past its notAfter, those above it in date */
    bool allow_ek_crl_stale; /* a CRL past its nextUpdate; whom it lists stays revoked */
};

enum tpm_hierarchy {
    HIERARCHY_UNKNOWN = 0,
    HIERARCHY_ENDORSEMENT,
    HIERARCHY_OWNER,
    HIERARCHY_PLATFORM,
};

/* ak_name is computed here and always set when the AK has a Name; the rest only when the verdict
 * passed. */
struct tpm_claims {
    uint8_t ak_name[TPM_NAME_MAX];
    size_t ak_name_len;
    enum tpm_ak_trust ak_trust;    /* the one that held */
    bool ek_known;                 /* the EK sent is vouched for, by its certificate or by a pin */
    uint8_t ek_digest[SHA256_LEN]; /* then: of its SubjectPublicKeyInfo */
    enum tpm_hierarchy hierarchy;
    uint64_t clock_ms;
    uint32_t reset_count, restart_count;
    bool clock_safe;
    uint64_t firmware_version;
    struct tpm_selection select[TPM_BANKS_MAX];
    size_t select_n;
    /* values inside the signed selection, proven by pcrDigest; none of a SHA-1 bank */
    struct tpm_pcr pcr[TPM_PCR_VALUES_MAX];
    size_t pcr_n;
    const char *golden_label; /* borrowed from the expectation; NULL when none was wanted */
    bool log_replayed;        /* an event log leads to what was quoted */
    unsigned predicates;      /* bits 1 << enum tpm_predicate: what the policy asked and held */
    char uki_phase[TPM_PHASE_MAX]; /* TPM_PREDICATE_UKI: how far user space had come; "" for none */
};

enum tpm_predicate {
    TPM_PREDICATE_SECURE_BOOT,
    TPM_PREDICATE_SB_AUTHORITY,
    TPM_PREDICATE_DBX,
    TPM_PREDICATE_BOOT_APPS,
    TPM_PREDICATE_NO_OPTION_ROM,
    TPM_PREDICATE_SCRTM_VERSION,
    TPM_PREDICATE_CMDLINE,
    TPM_PREDICATE_INITRD,
    TPM_PREDICATE_UKI,
    TPM_PREDICATE_SIGNER,
    TPM_PREDICATES
};

/* "secure_boot": the member of a policy's row that asks for it; "unknown" otherwise. */
const char *tpm_predicate_name(unsigned predicate);
unsigned tpm_predicate_by_name(struct slice name); /* TPM_PREDICATES when it is none */

/* Bits 1 << enum tpm_predicate of what is asked for. */
unsigned tpm_predicates_wanted(const struct tpm_predicates *p);

/* PCRs that they read, as bits. */
uint32_t tpm_predicates_pcrs(const struct tpm_predicates *p);

/* ".linux"; NULL beyond the last. */
const char *tpm_uki_section_name(unsigned section);

const char *tpm_ak_trust_name(enum tpm_ak_trust t); /* "ek-activation", ... ; "none" */
enum tpm_ak_trust tpm_ak_trust_by_name(struct slice name);
/* "endorsement", "owner", "platform", "unknown" */
const char *tpm_hierarchy_name(enum tpm_hierarchy h);

/* "sha256:0,2,4,7+sha384:0" (the form of --select and of a policy's `pcrs`). */
enum err tpm_select_parse(struct slice text, struct tpm_selection *out, size_t cap, size_t *n,
                          struct why *why) MUST_USE;

enum { TPM_SELECT_TEXT = 320 }; /* holds TPM_BANKS_MAX full banks, with NUL */

/* The same form, written; cut short when `cap` is too small. */
void tpm_select_format(const struct tpm_selection *sel, size_t n, char *dst, size_t cap);

/* "sha256:7": the name of one PCR. */
enum err tpm_pcr_name_parse(struct slice text, uint16_t *bank, uint8_t *index,
                            struct why *why) MUST_USE;

/* Lines "sha256:7=<hex>", each PCR at most once: what the client says its PCRs are.
 * ERR_MALFORMED names the line, ERR_LIMIT: more than `cap` of them. */
enum err tpm_pcrs_parse(struct slice text, struct tpm_pcr *out, size_t cap, size_t *n,
                        struct why *why) MUST_USE;

#endif
