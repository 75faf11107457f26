/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.h - AWS Signature Version 4: presigned URLs and Authorization headers.
 *
 * Pure computing: the time is an argument; nothing is looked up, logged or allocated by us.  What
 * is computed on the way (canonical request, string to sign) goes through writers of the caller:
 * a store's complaint about a signature can be compared with it line by line.
 *
 * Refused: control characters and invalid UTF-8 anywhere; parameters and headers that signing sets
 * itself; an expiry outside 1..604800 s; more pairs than the maxima below; buffers that are too
 * small.  A refusal names the field and the offset, never the bytes.
 *
 * The URL is the secret: who holds it can use it.  Never log it.
 *
 * Sources: AWS IAM User Guide, "Create a signed AWS API request"; Amazon S3 API Reference,
 * "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)". */
#ifndef BROKER_MINT_SIGV4_H
#define BROKER_MINT_SIGV4_H

#include <openssl/types.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"
#include "attest/base/wr.h"

enum {
    SIGV4_ID_MAX = 128,         /* bytes of an access key id */
    SIGV4_SECRET_MAX = 256,     /* bytes of a secret access key */
    SIGV4_TOKEN_MAX = 8192,     /* bytes of a session token, before encoding */
    SIGV4_NAME_MAX = 64,        /* bytes of a region or a service */
    SIGV4_METHOD_MAX = 16,      /* bytes */
    SIGV4_HOST_MAX = 261,       /* bytes, with a port */
    SIGV4_KEY_MAX = 1024,       /* bytes of an object key (S3's own limit) */
    SIGV4_PATH_MAX = 4096,      /* bytes of another service's path */
    SIGV4_PARAMS_MAX = 16,      /* query parameters of the caller */
    SIGV4_HEADERS_MAX = 32,     /* headers of the caller */
    SIGV4_SIGNED_MAX = 1024,    /* bytes of the list of signed headers */
    SIGV4_EXPIRES_MAX = 604800, /* seconds: seven days */
    SIGV4_DATE_LEN = 16,        /* 20261124T120000Z */
    SIGV4_SCOPE_MAX = 2 * SIGV4_NAME_MAX + 32,

    /* Buffers with room for the longest token and key and some kilobytes of headers. */
    SIGV4_CANONICAL_CAP = 32768,
    SIGV4_STRING_CAP = 512,
    SIGV4_URL_CAP = 32768,
};

/* The two payloads that need no body. */
#define SIGV4_UNSIGNED   "UNSIGNED-PAYLOAD"
#define SIGV4_EMPTY_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Whose key signs, and for where.  All borrowed, all visible ASCII. */
struct sigv4_identity {
    struct slice access_key_id; /* without '/' and ',' */
    struct slice secret;
    struct slice session_token; /* empty for a long-lived key */
    struct slice region;        /* without '/' and ',' */
    struct slice service;       /* "s3"; likewise */
};

/* An identity with its signing key for one day, kept as HMAC states so that a signature costs the
 * hashing of its own bytes.  The day follows the requests.  Signing changes it, so it has one user
 * at a time. */
struct sigv4_cred {
    struct sigv4_identity id;
    EVP_MD *md;        /* owned */
    EVP_MD_CTX *inner; /* owned: SHA-256 after key ^ ipad */
    EVP_MD_CTX *outer; /* owned: SHA-256 after key ^ opad */
    EVP_MD_CTX *work;  /* owned */
    int64_t day;       /* days since 1970 that inner, outer and scope are for; -1 for none */
    int64_t at_unix;   /* what `date` says; -1 for none */
    char date[SIGV4_DATE_LEN + 1];
    char scope[SIGV4_SCOPE_MAX]; /* 20261124/region/service/aws4_request */
};

/* `id` is copied; what it points to must outlive the credential.  ERR_MALFORMED, ERR_LIMIT: a part
 * of the identity; ERR_NOMEM from OpenSSL. */
enum err sigv4_cred_init(const struct sigv4_identity *id, struct sigv4_cred *out,
                         struct why *why) MUST_USE;

/* Wipes and frees the key states; the secret itself stays the caller's.  A zeroed credential is
 * fine. */
void sigv4_cred_done(struct sigv4_cred *c);

/* A query parameter (neither part encoded) or a header. */
struct sigv4_pair {
    struct slice name;
    struct slice value;
};

/* How a path becomes canonical. */
enum sigv4_path {
    /* S3: the raw object key, each octet encoded once, dots and double slashes left alone.  (curl
     * folds "/../" unless told --path-as-is: such keys are legal here and awkward to use.) */
    SIGV4_OBJECT,
    /* Other services: the absolute path as it is sent; dot segments (RFC 3986 section 5.2.4) and
     * empty ones are removed, then each octet is encoded once more. */
    SIGV4_SERVICE,
    /* The same, but nothing is removed. */
    SIGV4_SERVICE_VERBATIM,
};

struct sigv4_request {
    const char *method; /* upper case */
    struct slice host;  /* name or address, maybe a port; the scheme's own port is dropped */
    enum sigv4_path rule;
    bool plain_http;     /* the URL begins with http:// */
    bool token_unsigned; /* the session token rides along unsigned: some services, never S3 */
    struct slice bucket; /* SIGV4_OBJECT in path style; else empty */
    struct slice path;   /* SIGV4_OBJECT: the key, no slash before it; else all of the path */
    const struct sigv4_pair *params;
    size_t params_n;
    /* In any case and order.  Values are trimmed, runs of blanks become one, and a name that is
     * given twice becomes one line.  host, x-amz-date and x-amz-security-token are not given: they
     * are added where they belong. */
    const struct sigv4_pair *headers;
    size_t headers_n;
    /* SIGV4_UNSIGNED, or lower-case hex SHA-256 of the body.  SIGV4_OBJECT wants it bound as S3
     * reads it, as x-amz-content-sha256: for a URL a hash among headers or params, in the header
     * form either of the two among headers. */
    struct slice payload;
    int64_t at_unix;   /* seconds since 1970, up to the year 9999 */
    int64_t expires_s; /* sigv4_presign() only: 1..SIGV4_EXPIRES_MAX */
};

/* Writers over the caller's buffers; see the CAPs above.  They are rewound first; what they hold
 * after a failure means nothing. */
struct sigv4_out {
    struct wr canonical;
    struct wr string_to_sign;
    struct wr result; /* the URL, or the Authorization value; an uncounted NUL follows */
};

/* A URL that makes exactly this request, until it expires.  Its query is in canonical order with
 * the signature in its sorted place.  ERR_MALFORMED, ERR_LIMIT: the request; ERR_BUG: OpenSSL
 * failed. */
enum err sigv4_presign(struct sigv4_cred *cred, const struct sigv4_request *req,
                       struct sigv4_out *out, struct why *why) MUST_USE;

/* The value of the Authorization header.  The request must also carry x-amz-date with cred->date,
 * and x-amz-security-token when there is a session token.  Errors as above. */
enum err sigv4_header_auth(struct sigv4_cred *cred, const struct sigv4_request *req,
                           struct sigv4_out *out, struct why *why) MUST_USE;

#endif
