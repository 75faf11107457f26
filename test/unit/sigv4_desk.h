/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_desk.h - a credential, a good request and buffers, for the tests of sigv4. */
#ifndef TEST_UNIT_SIGV4_DESK_H
#define TEST_UNIT_SIGV4_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/mint/sigv4.h"

enum { DAY = 1764028800, MANY = 40 }; /* 2025-11-25T00:00:00Z */

struct desk {
    struct sigv4_identity id;
    struct sigv4_cred cred;
    struct sigv4_out out;
    struct sigv4_request req;
    struct sigv4_pair params[MANY];
    struct sigv4_pair headers[MANY];
    struct why why;
    uint8_t canonical[SIGV4_CANONICAL_CAP];
    uint8_t string[SIGV4_STRING_CAP];
    uint8_t result[SIGV4_URL_CAP];
};

static inline struct slice
text(const char *s)
{
    return slice_text(s);
}

static inline struct sigv4_pair
pair(const char *name, const char *value)
{
    return (struct sigv4_pair){text(name), text(value)};
}

static inline const char *
url(const struct desk *d)
{
    return (const char *)d->result;
}

static inline const char *
canonical(struct desk *d)
{
    d->canonical[d->out.canonical.len] = '\0';
    return (const char *)d->canonical;
}

/* A good PUT with the key and the time of the documentation's examples. */
static inline int
set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);

    assert_non_null(d);
    d->id = (struct sigv4_identity){
        .access_key_id = text("AKIAIOSFODNN7EXAMPLE"),
        .secret = text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        .region = text("us-east-1"),
        .service = text("s3"),
    };
    d->out = (struct sigv4_out){
        .canonical = wr_init(d->canonical, sizeof d->canonical - 1, "canonical"),
        .string_to_sign = wr_init(d->string, sizeof d->string, "string"),
        .result = wr_init(d->result, sizeof d->result, "result"),
    };
    d->req = (struct sigv4_request){
        .method = "PUT",
        .host = text("s3.us-east-1.amazonaws.com"),
        .bucket = text("examplebucket"),
        .path = text("sb-1/r.pdf"),
        .params = d->params,
        .headers = d->headers,
        .payload = text(SIGV4_UNSIGNED),
        .at_unix = DAY,
        .expires_s = 60,
    };
    d->headers[0] = pair("content-type", "application/pdf");
    d->req.headers_n = 1;
    assert_int_equal(sigv4_cred_init(&d->id, &d->cred, &d->why), ERR_OK);
    *state = d;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct desk *d = *state;

    sigv4_cred_done(&d->cred);
    free(d);
    return 0;
}

static inline void
must_presign(struct desk *d)
{
    d->why = (struct why){0};
    if (sigv4_presign(&d->cred, &d->req, &d->out, &d->why) != ERR_OK) {
        fail_msg("refused: %s", why_text(&d->why));
    }
    assert_int_equal(strlen(url(d)), d->out.result.len);
}

static inline void
must_say(const char *in, const char *wanted)
{
    if (strstr(in, wanted) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", wanted, in);
    }
}

static inline void
other_identity(struct desk *d, const char *token)
{
    sigv4_cred_done(&d->cred);
    d->id.session_token = text(token);
    assert_int_equal(sigv4_cred_init(&d->id, &d->cred, &d->why), ERR_OK);
}

#endif
