/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h - the rules for a TPM quote and the key that signed it: structure, selection,
 * signature, key, trust.
 *
 * Decoding is done before a rule runs (tpm/appraise.c); a rule reads struct tpm_in and nothing
 * else.  Order: cheap parse checks, rules that no policy changes, crypto, meaning.  A gate ends
 * the list where later rows would judge bytes that nobody vouches for. Source: TPM 2.0 Library,
 * Parts 1 to 3; the section is named in each row. */
#ifndef ATTEST_TPM_CHECKS_H
#define ATTEST_TPM_CHECKS_H

#include "attest/base/part.h"
#include "attest/tpm/certificate.h"
#include "attest/tpm/ek_certificate.h"
#include "attest/tpm/log_data.h"
#include "attest/tpm/name.h"
#include "attest/tpm/quote.h"
#include "attest/tpm/signature.h"

/* The PCR values that came beside the quote, sorted by the signed selection and by nothing the
 * client says. */
struct tpm_sent {
    const struct tpm_pcr
        *at[TPM_BANKS_MAX][TPM_PCRS]; /* by selection; NULL: not sent, or not selected */
    const struct tpm_pcr
        *unquoted; /* of a quoted bank but outside its bitmap; NULL when there is none */
    const struct tpm_pcr *twice; /* sent more than once; NULL when there is none */
    size_t foreign;              /* values of banks that the quote does not cover: dropped */
};

/* The endorsement key that came beside the quote. */
struct tpm_ek {
    struct part public_part, key_part; /* of its public area */
    struct tpm_public public;
    struct sig_key key; /* of its public area; owned */
    struct tpm_ek_certificate certificate;
    bool has_digest;
    uint8_t digest
        [SHA256_LEN]; /* of its SubjectPublicKeyInfo; the public area's when there is one, else the certificate's */
};

/* The event log: how reading it went, where it leads, and what of it is looked at. */
struct tpm_log_in {
    struct part header, events, replayed;
    bool sha1_only;
    struct tpm_log log;
    struct tpm_replay replay;
    unsigned
        banks; /* bit i: bank i of tpm_log_bank() counts: those quoted; without a quote all that the log has */
    uint32_t
        used; /* PCRs that the policy reads: their part of the log is complete and leads to the value */
    uint32_t read; /* PCRs whose events follow the rules */
    uint32_t lead; /* PCRs whose value must be the one that the log leads to */
};

/* The header and all events decode, and they have digests that count. */
bool tpm_log_ready(const struct tpm_log_in *l);

struct tpm_in {
    const struct tpm_evidence *ev;
    const struct tpm_expect *want;
    const struct x509_anchors *anchors;
    struct slice nonce, binding; /* empty: not expected */
    int64_t at_unix;

    struct part header_part, quote_part, signature_part, ak_part, name_part, key_part;
    struct part ek_part;
    struct tpm_certificate certificate;
    struct tpm_attest_header header;
    struct tpm_quote quote;
    struct tpm_signature signature;
    struct tpm_public ak; /* when !bare_key */
    bool bare_key;        /* a PEM key, or TEE evidence's: no attributes, no Name */
    struct tpm_name name; /* of the AK */
    struct sig_key key;   /* of the AK; owned */
    struct tpm_name ek_qualified;
    struct tpm_ek ek;
    struct tpm_sent sent;
    struct tpm_log_in log;
    struct tpm_pcr led[TPM_BANKS_MAX][TPM_PCRS]; /* values of the log, where none were sent */
    bool log_only; /* a log without a quote: what it leads to, and nobody vouches for it */
};

/* The table, for running and for printing. */
const struct check *tpm_checks(size_t *n);

/* The rows of it that judge a certificate alone. */
const struct check *tpm_certificate_checks(size_t *n);

/* The rows for the certificate of an endorsement key, without a quote. */
const struct check *tpm_ek_checks(size_t *n);

/* The rows of it that judge a log without a quote: the log, then what the policy asks of it. */
const struct check *tpm_log_checks(size_t *n);

/* What a row says, in one sentence, for schema/checks.md; NULL for an id that is not in the
 * table. */
const char *tpm_check_what(const char *id);

/* Facts that a rule judges and the claims repeat. */
enum tpm_hierarchy
tpm_hierarchy_of(const struct tpm_in *in); /* that the signed qualified Name proves */
enum tpm_ak_trust
tpm_ak_trust_of(const struct tpm_in *in); /* the strongest that holds and is allowed */
/* the compound that holds; NULL */
const struct tpm_golden *tpm_golden_of(const struct tpm_in *in);

/* Everything that the certificate must satisfy holds; false when there is none. */
bool tpm_certificate_holds(const struct tpm_in *in);

/* The same of an endorsement key's certificate. */
bool tpm_ek_certificate_holds(const struct tpm_in *in);

/* Somebody vouches for the endorsement key that was sent: a pin where the policy has pins, else its certificate. */
bool tpm_ek_known(const struct tpm_in *in);

/* The signed value of a PCR, never one of SHA-1; NULL when there is none. */
const struct tpm_pcr *tpm_proven(const struct tpm_in *in, uint16_t bank, size_t index);

/* The selection rows that PCR values may belong to. */
size_t tpm_selections(const struct tpm_in *in);

/* The rules, one file per noun. */
enum outcome tpm_rule_malformed(const struct check_in *in, struct finding *f); /* rules_quote.c */
enum outcome tpm_rule_magic(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_type(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_weak_hash(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_sigalg(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_signature(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_nonce(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_binding(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_signer(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_clock(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_weak_bank(const struct check_in *in, struct finding *f); /* rules_pcr.c */
enum outcome tpm_rule_selection(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_unquoted(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_pcrdigest(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_values(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_malformed(const struct check_in *in, struct finding *f); /* rules_ak.c */
enum outcome tpm_rule_ak_attributes(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_scheme(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_policy(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_name(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_weak_key(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ak_untrusted(const struct check_in *in,
                                   struct finding *f); /* rules_trust.c */
enum outcome tpm_rule_cert_malformed(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_cert_profile(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_cert_mismatch(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_cert_expired(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_cert_chain(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_malformed(const struct check_in *in, struct finding *f); /* rules_ek.c */
enum outcome tpm_rule_ek_keytype(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_profile(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_expired(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_chain(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_revoked(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_crl(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_mismatch(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_ek_unknown(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_header(const struct check_in *in, struct finding *f); /* rules_log.c */
enum outcome tpm_rule_log_sha1_only(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_malformed(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_noaction(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_locality(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_type(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_separator(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_after_ebs(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_data(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_log_replay(const struct check_in *in, struct finding *f); /* rules_replay.c */
enum outcome tpm_rule_secure_boot(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_sb_authority(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_dbx_min(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_boot_apps(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_no_option_rom(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_scrtm_version(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_cmdline(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_initrd(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_uki(const struct check_in *in, struct finding *f);
enum outcome tpm_rule_pcr11_signer(const struct check_in *in, struct finding *f);

#endif
