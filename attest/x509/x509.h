/* SPDX-License-Identifier: Apache-2.0 */
/* x509.h - certificates, and chains at a given time against given anchors (RFC 5280).
 *
 * No purpose check and no host names: what a certificate is for is the business of the evidence at hand.  Names are
 * compared byte for byte, as RFC 5280 section 4.1.2.6 obliges a CA to write them. */
#ifndef ATTEST_X509_X509_H
#define ATTEST_X509_X509_H

#include "attest/sig/sig.h"

enum {
    X509_CERTS_MAX = 512,
    X509_DER_MAX = 16384,   /* bytes of one certificate */
    X509_CRL_MAX = 1 << 20, /* bytes of one CRL */
    X509_CRLS_MAX = 512,    /* held; of them X509_CRLS_USED_MAX by issuers of one chain */
    X509_CRLS_USED_MAX = 16,
    X509_EXTRA_MAX = 16, /* intermediates that come with the evidence */
    X509_EXTENSIONS_MAX = 32,
    X509_DEPTH_MAX = 8, /* intermediates between leaf and anchor */
};

/* Named bits of KeyUsage (section 4.2.1.3). */
enum {
    X509_KU_DIGITAL_SIGNATURE = 1 << 0,
    X509_KU_KEY_ENCIPHERMENT = 1 << 2,
    X509_KU_KEY_AGREEMENT = 1 << 4,
    X509_KU_KEY_CERT_SIGN = 1 << 5,
    X509_KU_CRL_SIGN = 1 << 6,
};

/* DER certificates, borrowed.  Self-signed ones are anchors, others may serve as intermediates. */
struct x509_anchors {
    const struct slice *anchor;
    size_t anchor_n;
    const struct slice *intermediate;
    size_t intermediate_n;
    const struct slice *crl; /* DER CRLs of any of them, for whom revocation is looked at */
    size_t crl_n;
};

/* A decoded certificate; release with x509_cert_done().  Slices borrow from the bytes that were decoded. */
struct x509_cert {
    struct slice der;              /* all of it */
    struct slice serial;           /* contents of the INTEGER */
    struct slice issuer;           /* DER Name */
    struct slice subject;          /* DER Name */
    int64_t not_before, not_after; /* unix seconds */
    struct slice spki;             /* DER SubjectPublicKeyInfo */
    struct slice extensions; /* contents of the SEQUENCE OF Extension; empty when there are none */
    bool is_ca;              /* basicConstraints says so */
    int64_t path_len;        /* -1 when not limited */
    bool has_key_usage;
    uint32_t key_usage; /* X509_KU_*; 0 when absent */
    struct sig_key key; /* owned */
    void *handle;       /* owned; the library's object */
};

void x509_cert_done(struct x509_cert *c);

/* One DER certificate and nothing after it.  ERR_MALFORMED: not a certificate, or an extension twice; ERR_DENIED: a weak or
 * unknown kind of key. */
enum err x509_cert_decode(struct slice der, struct x509_cert *out, struct why *why) MUST_USE;

/* extnValue of the extension with this OBJECT IDENTIFIER (contents, without header); false when it is absent. */
bool x509_cert_extension(const struct x509_cert *c, struct slice oid, struct slice *value,
                         bool *critical);

struct x509_extension {
    struct slice oid, value; /* contents of extnID and extnValue */
    bool critical;
};

/* Take the first extension off `*rest`, which begins as the `extensions` of a decoded certificate or CRL; false at the end. */
bool x509_extension_next(struct slice *rest, struct x509_extension *out);

/* The one with this OBJECT IDENTIFIER (contents, without header); false when it is absent. */
bool x509_extension_find(struct slice extensions, struct slice oid, struct x509_extension *out);

/* A certificate as its fields, for one whose issuer's key is at hand: no key is made, no signature looked at, nothing owned.
 * Slices borrow from the bytes that were decoded. */
struct x509_leaf {
    struct slice der;       /* all of it */
    struct slice tbs;       /* TBSCertificate with its header: what is signed */
    unsigned version;       /* 1, 2 or 3 */
    struct slice serial;    /* contents of the INTEGER, in its shortest form */
    struct slice algorithm; /* DER AlgorithmIdentifier of the signature, inside and outside alike */
    struct slice issuer, subject;  /* DER Name */
    int64_t not_before, not_after; /* unix seconds */
    struct slice spki;             /* DER SubjectPublicKeyInfo; sig_key_spki() makes the key */
    struct slice extensions; /* contents of the SEQUENCE OF Extension; empty when there are none */
    struct slice signature;  /* the bits; whole bytes */
};

/* One DER certificate of at most X509_DER_MAX bytes and nothing after it.  ERR_MALFORMED: not that, an extension twice, or two
 * different signature algorithms (RFC 5280 section 4.1.1.2); ERR_LIMIT: larger, or more than X509_EXTENSIONS_MAX extensions.
 * Critical extensions are the caller's to judge. */
enum err x509_leaf_decode(struct slice der, struct x509_leaf *out, struct why *why) MUST_USE;

/* The same, but that the extensions are not looked at: for whom one twice is a refusal of its own. */
enum err x509_leaf_read(struct slice der, struct x509_leaf *out, struct why *why) MUST_USE;

/* ERR_MALFORMED: not extensions all, or one twice (section 4.2); ERR_LIMIT: more than X509_EXTENSIONS_MAX. */
enum err x509_extensions_check(struct slice extensions, struct why *why) MUST_USE;

/* A CRL of version 2 as its fields (RFC 5280 section 5.1), as above: no signature or time is looked at, nothing is owned. */
struct x509_crl {
    struct slice der;       /* all of it */
    struct slice tbs;       /* TBSCertList with its header: what is signed */
    struct slice algorithm; /* DER AlgorithmIdentifier of the signature, inside and outside alike */
    struct slice issuer;    /* DER Name */
    int64_t this_update;    /* unix seconds */
    int64_t next_update;    /* unix seconds; 0 without has_next */
    bool has_next;          /* RFC 5280 wants it, X.509 does not */
    struct slice revoked;   /* contents of revokedCertificates; empty when none is */
    struct slice extensions; /* contents of crlExtensions; empty when there are none */
    struct slice signature;  /* the bits; whole bytes */
};

/* One DER CRL of at most X509_CRL_MAX bytes and nothing after it.  ERR_MALFORMED, ERR_LIMIT: as for x509_leaf_decode();
 * ERR_UNABLE: a critical extension, of the list or of an entry, that we do not know, so that the list may not be relied on
 * (section 5.2).  We know authorityKeyIdentifier and cRLNumber, and of entries reasonCode; no reason makes an entry void. */
enum err x509_crl_decode(struct slice der, struct x509_crl *out, struct why *why) MUST_USE;

struct x509_revoked {
    struct slice serial; /* contents of the INTEGER, in its shortest form */
    int64_t since_unix;  /* revocationDate */
};

/* Take the first entry off `*rest`, which begins as the `revoked` of a decoded CRL; false at the end. */
bool x509_revoked_next(struct slice *rest, struct x509_revoked *out);

/* A decoded CRL lists this serial number (contents of the INTEGER). */
bool x509_crl_lists(const struct x509_crl *crl, struct slice serial);

/* extKeyUsage is there and lists this OBJECT IDENTIFIER. */
bool x509_cert_has_eku(const struct x509_cert *c, struct slice oid);

/* What a chain is made of and judged by. */
struct x509_chain {
    const struct x509_cert *leaf;
    const struct slice *extra; /* DER intermediates sent with the evidence; not trusted */
    size_t extra_n;            /* at most X509_EXTRA_MAX */
    const struct x509_anchors *anchors;
    const struct slice *crl;  /* DER, offline */
    size_t crl_n;             /* at most X509_CRLS_MAX; 0: revocation is not looked at */
    bool crl_for_all;         /* a certificate below the anchor that no CRL covers is ERR_UNABLE */
    bool crl_may_be_stale;    /* a CRL past its nextUpdate still says whom it revokes */
    bool leaf_may_be_expired; /* the caller judges the leaf's notAfter */
    int64_t at_unix;
};

/* From the leaf to a self-signed anchor: signatures (also the anchor's own), times at `at_unix`, CA flags, path lengths, keys of
 * at least 112 bits of strength, SHA-2 or Ed25519 below the anchor, CRLs.  A CRL whose issuer cannot be in the chain is passed over.
 * *valid_until: the least notAfter of the chain and nextUpdate of the CRLs of its issuers, but for what may be out of date.
 * ERR_MALFORMED: an extra certificate or CRL cannot be decoded; ERR_DENIED: the chain does not hold, naming subject and reason;
 * ERR_UNABLE: a CRL is missing, not in its time or not signed by its issuer; ERR_LIMIT: too many. */
enum err x509_chain_check(const struct x509_chain *chain, int64_t *valid_until,
                          struct why *why) MUST_USE;

enum { X509_NAME_TEXT = 120, X509_URL_TEXT = 112 };

/* Where a chain ends without an anchor. */
struct x509_missing {
    char issuer[X509_NAME_TEXT]; /* whose certificate is missing, "/CN=..." */
    char url
        [X509_URL_TEXT]; /* where the certificate below says that it is published; "" when it does not, or too long */
};

/* Follow the names of issuers from the leaf upwards until none of the certificates at hand has the name.  False: none is missing by
 * name.  What is written is text from outside, made printable. */
bool x509_chain_missing(const struct x509_chain *chain, struct x509_missing *out);

#endif
