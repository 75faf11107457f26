/* SPDX-License-Identifier: Apache-2.0 */
/* snp.h - an AMD SEV-SNP attestation report as evidence: what comes in, what is expected, what is established.
 *
 * Sources: AMD 56860 "SEV Secure Nested Paging Firmware ABI" (report, TCB, policy), AMD 57230 "Versioned Chip Endorsement
 * Key Certificate and KDS Interface", AMD 56421 "GHCB" (certificate table).
 *
 * Check ids, in the order in which they run (attest/snp/checks.c has their sources and sentences):
 *   structure  report.length report.version report.sigalgo report.signing_key report.mask_chip_key report.reserved
 *              policy.reserved platform_info.reserved report.consistency cert_table
 *   trust      vek.missing vek.malformed vek.extensions product chain.root chain.intermediate vek.issuer vek.algorithm
 *              chain.signature vek.validity vek.kind vek.product vek.csp_id crl.missing crl.malformed crl.signature
 *              crl.stale crl.revoked vek.tcb vek.hwid report.signature chip.denied chip.allowed
 *   firmware   tcb.reserved tcb.order tcb.minimum tcb.implausible tcb.provisional firmware.minimum mit_vector
 *   guest      policy.debug policy.migrate_ma policy.smt policy.cxl policy.single_socket policy.xts policy.rapl_dis
 *              policy.ciphertext_hiding policy.page_swap_disable policy.abi platform_info.smt platform_info.tsme
 *              platform_info.ecc platform_info.rapl_dis platform_info.ciphertext_hiding platform_info.alias_check
 *              platform_info.iommu_write_safe platform_info.tio vmpl measurement host_data id_key author_key family_id
 *              image_id guest_svn report_id report_data reference_value
 * A missing VEK and a CRL that is wanted and not there or not in its time are UNABLE: a later try may decide. */
#ifndef ATTEST_SNP_SNP_H
#define ATTEST_SNP_SNP_H

#include "attest/base/hash.h"
#include "attest/sig/sig.h"

enum {
    SNP_REPORT_LEN = 1184,
    SNP_SIGNED_LEN = 672,
    SNP_CHIP_LEN = 64,
    SNP_REPORT_DATA_LEN = 64,
    SNP_MEASUREMENT_LEN = 48,
    SNP_HOST_DATA_LEN = 32,
    SNP_KEY_DIGEST_LEN = 48,
    SNP_ID_LEN = 16, /* FAMILY_ID, IMAGE_ID */
    SNP_REPORT_ID_LEN = 32,
    SNP_CERT_TABLE_MAX = 65536,
    SNP_VEK_MAX = 8192, /* bytes of one VEK certificate, DER or PEM */
    SNP_CSP_MAX = 128,
    SNP_VMPL_HOST = -1, /* SNP_CLAIMS.vmpl of a report that the host asked for */
};

enum snp_product { SNP_PRODUCT_NONE = 0, SNP_MILAN, SNP_GENOA, SNP_TURIN, SNP_PRODUCTS };

enum snp_vek_kind { SNP_VEK_NONE = 0, SNP_VCEK, SNP_VLEK };

/* Security patch levels by component; a component that the product does not have is 0. */
struct snp_tcb {
    uint8_t fmc, bootloader, tee, snp, microcode;
};

/* A lower or upper bound by component; only the bits set in `given` count. */
enum { SNP_FMC = 1, SNP_BOOTLOADER = 2, SNP_TEE = 4, SNP_SNP = 8, SNP_MICROCODE = 16 };

struct snp_tcb_bound {
    unsigned given;
    struct snp_tcb tcb;
};

/* Bits of the guest POLICY (section 4.3), by name. */
enum {
    SNP_POLICY_SMT = 1 << 0,
    SNP_POLICY_MIGRATE_MA = 1 << 1,
    SNP_POLICY_DEBUG = 1 << 2,
    SNP_POLICY_SINGLE_SOCKET = 1 << 3,
    SNP_POLICY_CXL = 1 << 4,
    SNP_POLICY_XTS = 1 << 5,
    SNP_POLICY_RAPL_DIS = 1 << 6,
    SNP_POLICY_CIPHERTEXT_HIDING = 1 << 7,
    SNP_POLICY_PAGE_SWAP_DISABLE = 1 << 8,
};

/* Bits of PLATFORM_INFO; the values are those of the report. */
enum {
    SNP_PLATFORM_SMT = 1 << 0,
    SNP_PLATFORM_TSME = 1 << 1,
    SNP_PLATFORM_ECC = 1 << 2,
    SNP_PLATFORM_RAPL_DIS = 1 << 3,
    SNP_PLATFORM_CIPHERTEXT_HIDING = 1 << 4,
    SNP_PLATFORM_ALIAS_CHECK = 1 << 5,
    SNP_PLATFORM_IOMMU_WRITE_SAFE = 1 << 6,
    SNP_PLATFORM_TIO = 1 << 7,
    SNP_PLATFORM_KNOWN = 0xff,
};

/* ---- trust ---- */

/* A certificate authority of AMD by the facts that count.  The key is borrowed from whoever made the struct and may be
 * shared between threads. */
struct snp_ca {
    bool present;
    const char *cn;     /* "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan" */
    uint8_t serial[20]; /* big-endian, without leading zeros */
    size_t serial_len;
    int64_t not_before, not_after; /* unix seconds */
    struct sig_key key;            /* RSA-4096 */
};

/* An intermediate that AMD has revoked, by its key, so that it is refused without a CRL too. */
struct snp_revoked {
    uint8_t spki_sha256[SHA256_LEN];
    int64_t since; /* unix seconds */
};

/* By enum snp_product - 1.  A product whose ARK is not present is not trusted. */
struct snp_anchors {
    struct {
        struct snp_ca ark, ask, asvk;
    } product[SNP_PRODUCTS - 1];
    const struct snp_revoked *revoked; /* borrowed */
    size_t revoked_n;
};

/* Read and verify a chain that an operator gives: ark self-signed, ask and asvk (either may be empty) signed by it, names,
 * CA flags and PSS parameters as AMD's.  DER or PEM.  `out` borrows nothing; release with snp_anchors_done().  ERR_MALFORMED, or ERR_DENIED naming the file's
 * subject and the rule. */
enum err snp_anchors_add(enum snp_product product, struct slice ark, struct slice ask,
                         struct slice asvk, struct snp_anchors *out, struct why *why) MUST_USE;
void snp_anchors_done(struct snp_anchors *a);

/* ---- a VEK certificate that was verified before ---- */

/* Everything that a certificate proves, without its bytes.  It never changes, so it may be kept and shared between threads;
 * only time and CRL are judged anew.  Made by snp_vek_open() when every row of the certificate passed. */
struct snp_vek {
    enum snp_product product;
    enum snp_vek_kind kind;
    struct snp_tcb tcb;
    uint8_t hwid[SNP_CHIP_LEN];    /* VCEK; padded with zeros */
    size_t hwid_len;               /* 64 or 8; 0 for a VLEK */
    char csp_id[SNP_CSP_MAX];      /* VLEK; "" for a VCEK */
    int64_t not_before, not_after; /* least window of VEK, intermediate and root */
    uint8_t spki_sha256[SHA256_LEN];
    struct sig_key key; /* P-384; owned */
};

void snp_vek_done(struct snp_vek *v);

/* The certificate alone (DER or PEM), judged at no time in particular: what it says and that its chain holds under
 * `anchors`.  ERR_MALFORMED, ERR_DENIED (the first row that fails, as "id: text"). */
enum err snp_vek_open(struct slice cert, const struct snp_anchors *anchors, struct snp_vek *out,
                      struct why *why) MUST_USE;

/* A CRL that was verified before, as far as it bears on one intermediate: its signature is not verified anew, its time is judged
 * each time.  Plain data; good as long as the anchors that it was made with. */
struct snp_crl_known {
    enum snp_product product;
    uint8_t
        serial[20]; /* of the intermediate that was looked for; big-endian, without leading zeros */
    size_t serial_len;
    bool revoked;
    int64_t revoked_since;            /* unix seconds */
    int64_t this_update, next_update; /* unix seconds */
};

/* crl: DER or PEM.  kind: of the keys that the intermediate signs.  ERR_MALFORMED: no CRL; ERR_DENIED: not by the ARK of the
 * product, or no such intermediate is trusted. */
enum err snp_crl_keep(struct slice crl, const struct snp_anchors *anchors, enum snp_product product,
                      enum snp_vek_kind kind, struct snp_crl_known *out, struct why *why) MUST_USE;

/* ---- evidence ---- */

struct snp_evidence {
    struct slice report;
    struct slice vek; /* DER or PEM as sent; empty: none.  Ignored when `known` is given */
    struct slice
        cert_table; /* of the extended guest request; a VEK in it serves when `vek` is empty */
    const struct snp_vek
        *known; /* a certificate verified before for this very (product, chip, TCB), or NULL */
    struct slice crl; /* DER or PEM, of the verifier's own store; empty: none */
    const struct snp_crl_known
        *known_crl; /* counts instead of `crl` when it is of the intermediate at hand; or NULL */
    enum snp_product
        product; /* what the operator says of a report that does not name its product (v2); NONE: by VEK */
};

/* What a verifier needs in order to look for collateral, out of a report that nobody has judged yet: never more than a
 * look-up key.  product NONE: the report does not say.  ERR_MALFORMED when it is no report. */
struct snp_need {
    enum snp_product product;
    enum snp_vek_kind kind;
    uint8_t chip[SNP_CHIP_LEN];
    bool chip_masked; /* all zero */
    uint8_t tcb_raw[8];
    struct snp_tcb tcb; /* by the layout of `product`; zero when that is NONE */
};

enum err snp_need_read(struct slice report, struct snp_need *out, struct why *why) MUST_USE;

/* TCB of 8 raw bytes by the product's layout. */
struct snp_tcb snp_tcb_of(enum snp_product product, const uint8_t raw[8]);

/* The VEK that a certificate table holds (DER or PEM), as a slice into it: the one of this kind, else that of the other; empty when
 * it has none.  ERR_MALFORMED: the table breaks its rules. */
enum err snp_cert_table_vek(struct slice table, enum snp_vek_kind kind, struct slice *vek,
                            struct why *why) MUST_USE;

/* ---- expectation ---- */

/* Golden values of one field; wanted false: ignored in so many words. */
struct snp_values {
    bool wanted;
    const struct slice *value; /* each as long as the field */
    size_t n;
};

/* Fields that count together. */
struct snp_golden {
    const char *label;
    struct snp_values measurement, host_data, id_key, author_key, family_id, image_id;
    int64_t guest_svn_min; /* -1: not asked */
};

enum snp_crl_mode { SNP_CRL_IF_PRESENT = 0, SNP_CRL_REQUIRE, SNP_CRL_OFF };

struct snp_expect {
    unsigned products; /* bits 1 << enum snp_product; 0: any that is trusted */
    int vmpl_max;      /* 0..3 */
    bool allow_debug, allow_provisional, allow_masked_chip;
    bool smt_forbidden; /* allow_smt false was said; without a word SMT is allowed */
    unsigned policy_require, policy_forbid;     /* SNP_POLICY_* */
    unsigned platform_require, platform_forbid; /* SNP_PLATFORM_* */
    struct snp_tcb_bound tcb_min, tcb_max, tcb_launch_min, tcb_committed_min;
    uint32_t firmware_min; /* major << 16 | minor << 8 | build; 0: not asked */
    uint32_t abi_min;      /* major << 8 | minor; 0: not asked */
    uint64_t mit_mask;     /* must be in LAUNCH and CURRENT; 0: not asked */
    struct snp_golden own; /* the row's own lists; each that is wanted must hold */
    struct snp_values report_id, chip_allow, chip_deny; /* chip ids of 64 bytes */
    const struct slice *csp_id;                         /* allowed CSP_ID texts */
    size_t csp_id_n;                                    /* 0: any */
    bool golden_wanted; /* a reference set counts: one of its compounds must hold entirely */
    const struct snp_golden *golden;
    size_t golden_n;
    enum snp_crl_mode crl;
    /* REPORT_DATA: exactly these 64 bytes; empty: not asked.  The binding of struct expectation, when given, is compared with
     * the first 32 bytes and `report_data_tail` (32 bytes; empty: zeros) with the rest. */
    struct slice report_data;
    struct slice report_data_tail;
};

/* The refusing defaults (DESIGN section 12), every golden value ignored. */
void snp_expect_default(struct snp_expect *want);

/* ---- claims ---- */

struct snp_claims { /* only when the verdict passed */
    uint32_t version;
    enum snp_product product;
    enum snp_vek_kind kind;
    int vmpl; /* 0..3, SNP_VMPL_HOST */
    uint32_t guest_svn;
    uint64_t policy, platform_info;
    struct snp_tcb reported, current, committed, launch;
    uint32_t firmware_current, firmware_committed; /* major << 16 | minor << 8 | build */
    bool has_mit;                                  /* v5 */
    uint64_t mit_launch, mit_current;
    uint8_t measurement[SNP_MEASUREMENT_LEN], host_data[SNP_HOST_DATA_LEN];
    uint8_t id_key[SNP_KEY_DIGEST_LEN], author_key[SNP_KEY_DIGEST_LEN];
    bool author_key_en;
    uint8_t family_id[SNP_ID_LEN], image_id[SNP_ID_LEN];
    uint8_t report_id[SNP_REPORT_ID_LEN], chip[SNP_CHIP_LEN];
    uint8_t report_data[SNP_REPORT_DATA_LEN];
    char csp_id[SNP_CSP_MAX];
    bool crl_checked;
    const char *golden_label; /* borrowed from the expectation; NULL */
};

const char *snp_product_name(enum snp_product p);        /* "Milan", "Genoa", "Turin"; "none" */
enum snp_product snp_product_by_name(struct slice name); /* exact case; NONE */
const char *snp_vek_kind_name(enum snp_vek_kind k);      /* "VCEK", "VLEK", "none" */
/* One bit each: "migrate_ma", "cxl", ... and "smt", "tsme", ...; 0 when unknown. */
unsigned snp_policy_bit(struct slice name);
unsigned snp_platform_bit(struct slice name);
/* "fmc", "bootloader", "tee", "snp", "microcode" to SNP_FMC..., 0 when unknown. */
unsigned snp_component_bit(struct slice name);

enum { SNP_TCB_TEXT = 96 };

/* "bootloader 3, tee 0, snp 8, microcode 115" (with fmc where the product has one). */
void snp_tcb_format(enum snp_product product, const struct snp_tcb *tcb, char dst[SNP_TCB_TEXT]);

#endif
