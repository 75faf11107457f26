/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c - from a leaf to an anchor; see x509_chain_check() in x509.h.
 *
 * Only certificates whose subject is asked for, starting with the leaf's issuer, are handed to OpenSSL, so that
 * hundreds of anchors cost a look at their names and no more. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "attest/base/der.h"
#include "attest/x509/tbs.h"
#include "attest/x509/x509.h"

enum {
    NAMES_MAX = 16,      /* different issuers looked for */
    CANDIDATES_MAX = 32, /* certificates handed to OpenSSL */
    SECURITY_LEVEL = 2,  /* 112 bits: RSA 2048, P-256 */
    SUBJECT_TEXT = 80,
};

static void
store_free(X509_STORE **s)
{
    X509_STORE_free(*s);
}

static void
context_free(X509_STORE_CTX **c)
{
    X509_STORE_CTX_free(*c);
}

static void
stack_free(STACK_OF(X509) * *s)
{
    sk_X509_pop_free(*s, X509_free);
}

static void
crls_free(STACK_OF(X509_CRL) * *s)
{
    sk_X509_CRL_pop_free(*s, X509_CRL_free);
}

/* What OpenSSL works on; all owned. */
struct work {
    X509_STORE *store;          /* anchors */
    STACK_OF(X509) * untrusted; /* everything else */
    STACK_OF(X509_CRL) * crls;
    struct slice name[NAMES_MAX]; /* issuers looked for; borrowed */
    size_t names, candidates;
};

static enum err
no_memory(struct why *why)
{
    ERR_clear_error();
    return why_add(why, ERR_UNABLE, "certificate chain: out of memory");
}

static enum err
want_name(struct work *w, struct slice name, struct why *why)
{
    for (size_t i = 0; i < w->names; i++) {
        if (slice_same(w->name[i], name)) {
            return ERR_OK;
        }
    }
    if (w->names == NAMES_MAX) {
        return why_add(why, ERR_LIMIT, "certificate chain: more than %d issuers", NAMES_MAX);
    }
    w->name[w->names++] = name;
    return ERR_OK;
}

/* One list of certificates and where it goes. */
struct source {
    const struct slice *cert;
    size_t n;
    const char *what;
    enum err bad; /* what it means that one cannot be decoded */
    bool trusted;
};

/* Takes a reference of its own on `x`. */
static bool
keep(struct work *w, X509 *x, bool trusted)
{
    if (trusted) {
        return X509_STORE_add_cert(w->store, x) == 1;
    }
    return X509_add_cert(w->untrusted, x, X509_ADD_FLAG_UP_REF) == 1;
}

static void
x509_free(X509 **x)
{
    X509_free(*x);
}

static enum err
add(struct work *w, const struct source *from, struct slice der, struct why *why)
{
    const uint8_t *at = der.ptr;
    AUTO(x509_free) X509 *x = NULL;

    if (w->candidates++ == CANDIDATES_MAX) {
        return why_add(why, ERR_LIMIT, "certificate chain: more than %d candidates",
                       CANDIDATES_MAX);
    }
    x = d2i_X509(NULL, &at, (long)der.len);
    if (x == NULL || at != der.ptr + der.len) {
        ERR_clear_error();
        return why_add(why, from->bad, "%s: a certificate cannot be decoded", from->what);
    }
    return keep(w, x, from->trusted) ? ERR_OK : no_memory(why);
}

/* Take one certificate if it carries the wanted name, and look for its issuer next. */
static enum err
consider(struct work *w, const struct source *from, struct slice der, struct slice name,
         struct why *why)
{
    struct tbs tbs;

    if (der.len > X509_DER_MAX || tbs_decode(der, &tbs, why) != ERR_OK) {
        return why_add(why, from->bad, "%s: a certificate cannot be decoded", from->what);
    }
    if (!slice_same(tbs.subject, name)) {
        return ERR_OK;
    }
    TRY(add(w, from, der, why));
    return want_name(w, tbs.issuer, why);
}

static enum err
gather(struct work *w, const struct source *from, struct slice name, struct why *why)
{
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < from->n; i++) {
        err = consider(w, from, from->cert[i], name, why);
    }
    return err;
}

/* Our own before those that came with the evidence: of two alike, ours is found first. */
static enum err
gather_all(struct work *w, const struct x509_chain *chain, struct why *why)
{
    const struct x509_anchors *a = chain->anchors;
    const struct source sources[] = {
        {a->anchor, a->anchor_n, "anchors", ERR_UNABLE, true},
        {a->intermediate, a->intermediate_n, "our intermediates", ERR_UNABLE, false},
        {chain->extra, chain->extra_n, "intermediates sent", ERR_MALFORMED, false},
    };
    enum { SOURCES = sizeof sources / sizeof sources[0] };
    enum err err = want_name(w, chain->leaf->issuer, why);

    /* want_name() adds to the list that is walked here. */
    for (size_t n = 0; err == ERR_OK && n < w->names * SOURCES; n++) {
        err = gather(w, &sources[n % SOURCES], w->name[n / SOURCES], why);
    }
    return err;
}

static void
crl_free(X509_CRL **c)
{
    X509_CRL_free(*c);
}

/* The issuer of a CRL (RFC 5280 section 5.1.2.3), before anything else of it is read: a list may be long. */
static enum err
crl_issuer(struct slice der, struct slice *issuer, struct why *why)
{
    struct tbs_signed s;

    TRY(tbs_signed_decode(der, "CertificateList", &s, why));
    if (der_next_is(&s.tbs, DER_INTEGER)) {
        (void)der_value(&s.tbs, "version", DER_INTEGER);
    }
    (void)der_whole(&s.tbs, "signature", DER_SEQUENCE);
    *issuer = der_whole(&s.tbs, "issuer", DER_SEQUENCE);
    return rd_ok(&s.tbs) ? ERR_OK : rd_end(&s.tbs, why);
}

static bool
is_wanted(const struct work *w, struct slice name)
{
    bool found = false;

    for (size_t i = 0; i < w->names; i++) {
        found = found || slice_same(w->name[i], name);
    }
    return found;
}

static enum err
take_crl(struct work *w, struct slice der, struct why *why)
{
    const uint8_t *at = der.ptr;
    AUTO(crl_free) X509_CRL *crl = NULL;

    if (sk_X509_CRL_num(w->crls) == X509_CRLS_USED_MAX) {
        return why_add(why, ERR_LIMIT, "certificate chain: more than %d CRLs of its issuers",
                       X509_CRLS_USED_MAX);
    }
    crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    if (crl == NULL || at != der.ptr + der.len) {
        ERR_clear_error();
        return why_add(why, ERR_MALFORMED, "CRL cannot be decoded");
    }
    if (sk_X509_CRL_push(w->crls, crl) == 0) {
        return no_memory(why);
    }
    crl = NULL;
    return ERR_OK;
}

static enum err
add_crl(struct work *w, struct slice der, struct why *why)
{
    struct slice issuer = {0};
    struct why unused = {0};

    if (der.len > X509_CRL_MAX) {
        return why_add(why, ERR_LIMIT, "CRL of %zu bytes, at most %d", der.len, X509_CRL_MAX);
    }
    if (crl_issuer(der, &issuer, &unused) != ERR_OK) {
        return why_add(why, ERR_MALFORMED, "CRL cannot be decoded");
    }
    return is_wanted(w, issuer) ? take_crl(w, der, why) : ERR_OK;
}

/* What the caller judges himself, or does not ask for, does not end the walk. */
static int
tolerate(int ok, X509_STORE_CTX *ctx)
{
    const struct x509_chain *chain = X509_STORE_CTX_get_app_data(ctx);
    bool leaf = X509_STORE_CTX_get_error_depth(ctx) == 0;

    switch (X509_STORE_CTX_get_error(ctx)) {
    case X509_V_ERR_UNABLE_TO_GET_CRL: return ok != 0 || !chain->crl_for_all;
    case X509_V_ERR_CRL_HAS_EXPIRED: return ok != 0 || chain->crl_may_be_stale;
    case X509_V_ERR_CERT_HAS_EXPIRED: return ok != 0 || (leaf && chain->leaf_may_be_expired);
    default: return ok;
    }
}

/* OpenSSL keeps the pointer as a void * and hands it back to tolerate(), which reads. */
static bool
remember(X509_STORE_CTX *ctx, const struct x509_chain *chain)
{
    union {
        const struct x509_chain *in;
        void *out;
    } as = {chain};

    return X509_STORE_CTX_set_app_data(ctx, as.out) == 1;
}

static bool
configure(X509_STORE_CTX *ctx, const struct x509_chain *chain, STACK_OF(X509_CRL) * crls)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

    (void)X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_time(param, (time_t)chain->at_unix);
    X509_VERIFY_PARAM_set_depth(param, X509_DEPTH_MAX);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE);
    if (chain->crl_n > 0) {
        (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        X509_STORE_CTX_set0_crls(ctx, crls);
    }
    X509_STORE_CTX_set_verify_cb(ctx, tolerate);
    return remember(ctx, chain);
}

struct subject {
    char text[SUBJECT_TEXT];
};

static struct subject
subject_of(X509 *x)
{
    struct subject s = {"(none)"};

    if (x != NULL) {
        (void)X509_NAME_oneline(X509_get_subject_name(x), s.text, sizeof s.text);
    }
    return s;
}

/* Whether fresh collateral, or more memory, could turn the answer. */
static bool
undecided(int error)
{
    switch (error) {
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_OUT_OF_MEM: return true;
    default: return false;
    }
}

static enum err
refuse(X509_STORE_CTX *ctx, struct why *why)
{
    int error = X509_STORE_CTX_get_error(ctx);
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    enum err code = undecided(error) ? ERR_UNABLE : ERR_DENIED;

    ERR_clear_error();
    return why_add(why, code, "certificate %s: %s", subject_of(at).text,
                   X509_verify_cert_error_string(error));
}

/* SHA-2 or Ed25519; anything not named is refused. */
static bool
signature_is_sound(X509 *x)
{
    int md = NID_undef;
    int key = NID_undef;

    if (X509_get_signature_info(x, &md, &key, NULL, NULL) != 1) {
        return false;
    }
    return md == NID_sha256 || md == NID_sha384 || md == NID_sha512 ||
           (md == NID_undef && key == NID_ED25519);
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* INT64_MIN, which refuses everything, when it is not a time that we know. */
static int64_t
unix_of(const ASN1_TIME *t)
{
    struct slice text = {ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t)};
    int64_t unix_s = INT64_MIN;

    (void)tbs_time((unsigned)ASN1_STRING_type(t), text, &unix_s);
    return unix_s;
}

static bool
issuer_in_chain(const X509_CRL *crl, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        const X509_NAME *name = X509_get_subject_name(sk_X509_value(chain, i));

        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), name) == 0) {
            return true;
        }
    }
    return false;
}

static int64_t
crls_until(STACK_OF(X509_CRL) * crls, STACK_OF(X509) * chain, bool may_be_stale)
{
    int64_t until = INT64_MAX;

    for (int i = 0; !may_be_stale && i < sk_X509_CRL_num(crls); i++) {
        const X509_CRL *crl = sk_X509_CRL_value(crls, i);
        const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

        if (next != NULL && issuer_in_chain(crl, chain)) {
            until = least(until, unix_of(next));
        }
    }
    return until;
}

static enum err
links_check(X509_STORE_CTX *ctx, bool leaf_counts, int64_t *until, struct why *why)
{
    STACK_OF(X509) *links = X509_STORE_CTX_get0_chain(ctx);
    int n = sk_X509_num(links);
    enum err err = ERR_OK;

    *until = INT64_MAX;
    for (int i = 0; err == ERR_OK && i < n; i++) {
        X509 *x = sk_X509_value(links, i);

        *until = i > 0 || leaf_counts ? least(*until, unix_of(X509_get0_notAfter(x))) : *until;
        if (i + 1 < n && !signature_is_sound(x)) { /* nobody relies on the anchor's own */
            err = why_add(why, ERR_DENIED, "certificate %s: signed with a digest other than SHA-2",
                          subject_of(x).text);
        }
    }
    return err;
}

static enum err
verify(struct work *w, const struct x509_chain *chain, int64_t *valid_until, struct why *why)
{
    AUTO(context_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int64_t until = 0;

    if (ctx == NULL || X509_STORE_CTX_init(ctx, w->store, chain->leaf->handle, w->untrusted) != 1) {
        return no_memory(why);
    }
    if (!configure(ctx, chain, w->crls)) {
        return no_memory(why);
    }
    if (X509_verify_cert(ctx) != 1) {
        return refuse(ctx, why);
    }
    TRY(links_check(ctx, !chain->leaf_may_be_expired, &until, why));
    *valid_until =
        least(until, crls_until(w->crls, X509_STORE_CTX_get0_chain(ctx), chain->crl_may_be_stale));
    return ERR_OK;
}

static enum err
limits_check(const struct x509_chain *chain, struct why *why)
{
    const struct x509_anchors *a = chain->anchors;

    if (chain->extra_n > X509_EXTRA_MAX || chain->crl_n > X509_CRLS_MAX ||
        a->anchor_n > X509_CERTS_MAX || a->intermediate_n > X509_CERTS_MAX) {
        return why_add(why, ERR_LIMIT,
                       "certificate chain: %zu sent (at most %d), %zu CRLs (%d), %zu anchors and "
                       "%zu intermediates (%d)",
                       chain->extra_n, X509_EXTRA_MAX, chain->crl_n, X509_CRLS_MAX, a->anchor_n,
                       a->intermediate_n, X509_CERTS_MAX);
    }
    return ERR_OK;
}

enum err
x509_chain_check(const struct x509_chain *chain, int64_t *valid_until, struct why *why)
{
    AUTO(store_free) X509_STORE *store = X509_STORE_new();
    AUTO(stack_free) STACK_OF(X509) *untrusted = sk_X509_new_null();
    AUTO(crls_free) STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    struct work w = {.store = store, .untrusted = untrusted, .crls = crls};
    enum err err = ERR_OK;

    if (store == NULL || untrusted == NULL || crls == NULL) {
        return no_memory(why);
    }
    TRY(limits_check(chain, why));
    err = gather_all(&w, chain, why);
    for (size_t i = 0; err == ERR_OK && i < chain->crl_n; i++) { /* by the names found above */
        err = add_crl(&w, chain->crl[i], why);
    }
    return err == ERR_OK ? verify(&w, chain, valid_until, why) : err;
}
