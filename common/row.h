/* SPDX-License-Identifier: Apache-2.0 */
/* row.h - one evidence row of a policy, and compound reference values, from JSON to what
 * attest_verify() expects.
 *
 * The same reader serves the broker's policies and `countersign verify --policy`.  Every golden
 * field is a list of lower-case hex or "ignore" in so many words; unknown members are refused by
 * name; what is not said takes the refusing default.
 *
 * A tpm2 row:   { "type": "tpm2", "reference_set": "boot", "pcrs": "sha256:0,7",
 *                 "values": { "sha256:7": ["hex", ...] } | "ignore",
 *                 "ak_trust": ["pinned-name", ...], "ak_names": ["hex", ...],
 *                 "allow_owner_hierarchy": false,
 *                 "ek_pinned": ["SHA-256 of a SubjectPublicKeyInfo", ...],
 *                 "ek_crl": "require" | "if-present" | "off", "ek_crl_stale": "refuse" | "accept",
 *                 "ek_expired": "refuse" | "accept" }
 *               and, in place of values or beside them, what booted (struct tpm_predicates):
 *                 "secure_boot": true, "sb_authority": ["hex"], "dbx_min": 380 | ["hex"],
 *                 "boot_apps": ["hex", ["hex", "hex"]], "no_option_rom": true,
 *                 "scrtm_version": ["text"], "cmdline": ["text"], "initrd": ["hex"],
 *                 "uki": [{ "sha256": { ".linux": "hex" }, "phases": ["enter-initrd"] }],
 *                 "pcr11_signer": ["PEM"]
 * A sev-snp row: { "type": "sev-snp", "product": ["Genoa", "Turin"], and then, all of it optional,
 *                 "vmpl_max": 0, "allow_debug": false, "allow_provisional": false,
 *                 "allow_masked_chip": false, "allow_smt": true,
 *                 "policy": { "require": ["xts"], "forbid": ["cxl"] },
 *                 "platform_info": { "require": ["alias_check"], "forbid": ["smt"] },
 *                 "tcb_min": { "snp": 23 }, "tcb_max", "tcb_launch_min", "tcb_committed_min",
 *                 "firmware_min": "1.55.40", "abi_min": "1.51", "mit_mask": "0x0b",
 *                 "reference_set": "image", "report_id": ["hex"], "chip_allow", "chip_deny",
 *                 "csp_id": ["CN=..."], "crl": "require" | "if-present" | "off" }
 *               and "measurement", "host_data", "id_key", "author_key", each given or "ignore"
 *               unless the row names a reference set; "family_id", "image_id", "guest_svn_min".
 *               migrate_ma is forbidden unless `require` names it.
 * An azure-sev-snp row: the same, and "pcrs" and "values" of the tpm2 row for the vTPM's quote; the
 *               attestation key earns its trust inside the hardware report and in no other way.
 * A tdx row:    { "type": "tdx", and then, all of it optional,
 *                 "tcb_status": ["UpToDate", "SWHardeningNeeded"], "tcb_date_min": "2025-05-14",
 *                 "tcb_eval_min": 19, "advisory_deny": ["INTEL-SA-00960"], "advisory_allow",
 *                 "grace_s": 3600, "allow_debug": false,
 *                 "td_attributes": { "require": ["sept_ve_disable"], "forbid": ["migratable"] },
 *                 "xfam": ["0x600e7"], "ppid_allow": ["hex"], "event_log": true,
 *                 "mrseam": ["hex"], "reference_set": "image" }
 *               and "mrtd", "rtmr0" to "rtmr3", "mrconfigid", "mrowner", "mrownerconfig",
 *               "mrservicetd", each given or "ignore" unless the row names a reference set.  Zeros
 *               are written "zero", as one of a list.  A list of td_attributes replaces the default
 *               of that list and may be empty.  grace_s is at most ROW_GRACE_MAX_S.
 * An azure-tdx row: the same but for "event_log", and "pcrs" and "values" as an azure-sev-snp row.
 * A reference set entry: { "label": "build 42", "expires": "2027-01-01T00:00:00Z",
 *                 "tpm2": { "values": { "sha256:7": ["hex"] }, "ak_names": ["hex"] } }
 *               or "sev-snp": { "measurement", "host_data", "id_key", "author_key", and perhaps
 *                 "family_id", "image_id", "guest_svn_min" } (all of one entry together)
 *               or "tdx": { the nine fields of a tdx row, and perhaps "mrseam" }
 *
 * ERR_MALFORMED: not of that form.  ERR_LIMIT: too many, too long, out of range.  ERR_DENIED:
 * well-formed, but nothing that may be relied on: policy.resettable_pcr (16 and 23, which software
 * can reset), policy.weak_bank (SHA-1), policy.unanchored (cmdline or initrd without a predicate on
 * the kernel, whose word they are), policy.unsigned_id (family_id, image_id or guest_svn_min
 * without the digest of a key: the host would choose them), policy.revoked_tcb (tcb_status Revoked).  ERR_UNABLE: a rule or a type of
 * evidence that this version lacks. */
#ifndef COMMON_ROW_H
#define COMMON_ROW_H

#include <jansson.h>

#include "attest/attest.h"

enum {
    ROW_REFERENCE_SET_MAX = 64,
    ROW_AK_NAMES_MAX = 1024,
    ROW_EK_PINNED_MAX = 4096,
    ROW_CHIPS_MAX = 4096,
    ROW_GRACE_MAX_S = 30 * 86400, /* as long as Intel's collateral lives */
    REFERENCE_ENTRIES_MAX = 256
};

/* Owns everything that `want` points to; release with evidence_row_free(). */
struct evidence_row {
    enum evidence_type type;
    char reference_set[ROW_REFERENCE_SET_MAX]; /* "" when the row names none */
    struct expectation want;                   /* without binding and nonce */
    void *owned;
};

void evidence_row_free(struct evidence_row **row);

/* The row of the safe defaults with every golden value ignored: authentic and sound, not
 * approved. */
struct evidence_row *evidence_row_default(enum evidence_type type);

/* A row of a policy.  A tpm2 row names `values` or a `reference_set`, never both; with a reference
 * set golden_wanted is true and golden_n is 0: the caller puts in the compounds of the set. */
enum err evidence_row_read(json_t *obj, struct evidence_row **out, struct why *why) MUST_USE;

/* A row for evidence of one type that a person judges at a desk.  It may leave out what it can only
 * mean: its type, golden values that are then ignored, and the product.  What the host chooses is
 * left to the rules, which refuse it. */
enum err evidence_row_read_partial(json_t *obj, enum evidence_type type, struct evidence_row **out,
                                   struct why *why) MUST_USE;

/* Values of a reference set, ready to be used as compounds; what they point to is the set's, and
 * their labels borrow `label`.  Those of the set's type are filled, the others are zero. */
struct reference_entry {
    char label[128];
    int64_t expires_unix;     /* INT64_MAX when it does not expire */
    struct tpm_golden golden; /* tpm2 */
    struct slice *ak_names;   /* tpm2 */
    size_t ak_names_n;
    struct snp_golden snp_golden; /* sev-snp; at least one field is wanted */
    struct tdx_golden tdx_golden; /* tdx; likewise */
};

struct reference_set {
    char id[ROW_REFERENCE_SET_MAX];
    int64_t version;
    enum evidence_type type; /* EVIDENCE_TPM2, EVIDENCE_SEV_SNP or EVIDENCE_TDX */
    struct reference_entry *entry;
    size_t n;
    void *owned;
};

void reference_set_free(struct reference_set **set);

/* { "id", "version", "type", "values": [entry, ...] }. */
enum err reference_set_read(json_t *obj, struct reference_set **out, struct why *why) MUST_USE;

/* May a row of this type rely on it?  A set of type sev-snp also serves azure-sev-snp, one of type tdx azure-tdx. */
bool reference_set_serves(const struct reference_set *set, enum evidence_type row);

#endif
