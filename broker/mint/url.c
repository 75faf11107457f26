/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - see url.h. */
#include "broker/mint/url.h"

#include <stdio.h>
#include <string.h>

#include "attest/base/b64.h"
#include "attest/base/sec.h"
#include "attest/base/text.h"
#include "broker/mint/secret.h"
#include "broker/mint/sigv4.h"
#include "common/mem.h"

#include <fcntl.h>

enum { PUT_HEADERS = 5, LENGTH_TEXT = 24, CHECKSUM_TEXT = 48 };

struct url_store {
    const struct mint_store *conf; /* borrowed */
    bool plain_http;
    char host[SIGV4_HOST_MAX]; /* with the bucket unless path style */
    struct secret secret;
    struct secret token; /* empty for a long-lived key */
    struct sigv4_cred cred;
};

struct urls {
    size_t n;
    struct url_store store[MINT_STORES];
    uint8_t canonical[SIGV4_CANONICAL_CAP]; /* scratch */
};

void
urls_free(struct urls **u)
{
    if (*u == NULL) {
        return;
    }
    for (size_t i = 0; i < (*u)->n; i++) {
        sigv4_cred_done(&(*u)->store[i].cred);
    }
    sec_zero(*u, sizeof **u);
    mem_free(*u);
    *u = NULL;
}

/* One line: a line end after it is not part of it, one inside it is refused by sigv4. */
static enum err
line_read(const char *path, struct secret *out, struct why *why)
{
    TRY(secret_read(AT_FDCWD, path, out, why));
    if (out->bytes[out->len - 1] == '\n') {
        out->bytes[--out->len] = '\0';
    }
    return ERR_OK;
}

static enum err
endpoint_read(struct url_store *s, struct why *why)
{
    const char *text = s->conf->endpoint;
    const char *host = strstr(text, "://");
    int len = 0;

    s->plain_http = strncmp(text, "http://", strlen("http://")) == 0;
    if (host == NULL || (!s->plain_http && strncmp(text, "https://", strlen("https://")) != 0)) {
        return why_add(why, ERR_UNABLE, "store %s: endpoint is not http(s)://host", s->conf->id);
    }
    host += strlen("://");
    if (host[0] == '\0' || strpbrk(host, "/?#@") != NULL) {
        return why_add(why, ERR_UNABLE, "store %s: endpoint has more than a host and a port",
                       s->conf->id);
    }
    len = s->conf->path_style ? snprintf(s->host, sizeof s->host, "%s", host)
                              : snprintf(s->host, sizeof s->host, "%s.%s", s->conf->bucket, host);
    if (len < 0 || (size_t)len >= sizeof s->host || s->conf->bucket[0] == '\0') {
        return why_add(why, ERR_UNABLE, "store %s: bucket or host does not fit", s->conf->id);
    }
    return ERR_OK;
}

static enum err
token_read(struct url_store *s, struct why *why)
{
    const char *path = s->conf->session_token_file;

    return path[0] == '\0' ? ERR_OK : line_read(path, &s->token, why);
}

static enum err
store_open(struct url_store *s, struct why *why)
{
    TRY(endpoint_read(s, why));
    TRY(line_read(s->conf->secret_file, &s->secret, why));
    TRY(token_read(s, why));

    const struct sigv4_identity id = {
        .access_key_id = slice_text(s->conf->access_key_id),
        .secret = {s->secret.bytes, s->secret.len},
        .session_token = {s->token.bytes, s->token.len},
        .region = slice_text(s->conf->region),
        .service = slice_text("s3"),
    };

    return sigv4_cred_init(&id, &s->cred, why);
}

enum err
urls_open(const struct mint_conf *conf, struct urls **out, struct why *why)
{
    AUTO(urls_free) struct urls *u = mem_new(1, sizeof *u);
    enum err err = ERR_OK;

    if (conf->store_n > MINT_STORES) {
        return why_add(why, ERR_UNABLE, "%zu stores, at most %d", conf->store_n, MINT_STORES);
    }
    for (size_t i = 0; i < conf->store_n && err == ERR_OK; i++) {
        u->store[i].conf = &conf->store[i];
        err = store_open(&u->store[i], why);
        u->n += err == ERR_OK ? 1 : 0; /* a store that failed has no credential to release */
    }
    if (err != ERR_OK) {
        return why_add(why, ERR_UNABLE, "store cannot be used");
    }
    *out = u;
    u = NULL;
    return ERR_OK;
}

static size_t
store_index(const struct urls *u, const char *id)
{
    for (size_t i = 0; i < u->n; i++) {
        if (strcmp(u->store[i].conf->id, id) == 0) {
            return i;
        }
    }
    return MINT_STORES;
}

enum err
urls_check(const struct urls *u, const struct mint_ask *ask, struct why *why)
{
    if (store_index(u, ask->store) == MINT_STORES) {
        return why_add(why, ERR_DENIED, "mint: no store of that name is configured");
    }
    return ERR_OK;
}

/* What the guest has to send, and nothing besides: all of it is signed. */
struct put_headers {
    struct sigv4_pair pair[PUT_HEADERS];
    size_t n;
    char length[LENGTH_TEXT];
    char checksum[CHECKSUM_TEXT];
};

static void
header_add(struct put_headers *h, const char *name, const char *value)
{
    h->pair[h->n].name = slice_text(name);
    h->pair[h->n].value = slice_text(value);
    h->n++;
}

static enum err
checksum_add(struct put_headers *h, const char *hex, struct why *why)
{
    struct wr w = wr_init((uint8_t *)h->checksum, sizeof h->checksum, "checksum");
    uint8_t raw[SHA256_LEN];
    size_t len = 0;

    TRY(hex_decode(slice_text(hex), raw, sizeof raw, &len, why));
    b64_write(&w, (struct slice){raw, len});
    TRY(wr_cstr(&w, why));
    header_add(h, "x-amz-checksum-sha256", h->checksum);
    return ERR_OK;
}

static enum err
headers_fill(struct put_headers *h, const struct mint_ask *ask, struct why *why)
{
    (void)snprintf(h->length, sizeof h->length, "%lld", (long long)ask->size);
    header_add(h, "content-length", h->length);
    header_add(h, "content-type", ask->content_type);
    header_add(h, "if-none-match", "*"); /* create only: the URL works once */
    if (ask->tags[0] != '\0') {
        header_add(h, "x-amz-tagging", ask->tags);
    }
    return ask->sha256[0] == '\0' ? ERR_OK : checksum_add(h, ask->sha256, why);
}

static enum err
headers_tell(const struct put_headers *h, struct mint_answer *out, struct why *why)
{
    struct wr w = wr_init((uint8_t *)out->headers, sizeof out->headers, "mint.headers");

    for (size_t i = 0; i < h->n; i++) {
        wr_bytes(&w, h->pair[i].name);
        wr_text(&w, ": ");
        wr_bytes(&w, h->pair[i].value);
        wr_u8(&w, '\n');
    }
    return wr_cstr(&w, why);
}

enum err
urls_put(struct urls *u, const struct mint_ask *ask, int64_t now_unix, struct mint_answer *out,
         struct why *why)
{
    struct url_store *s = &u->store[store_index(u, ask->store)];
    struct put_headers h = {.n = 0};
    uint8_t to_sign[SIGV4_STRING_CAP];

    TRY(headers_fill(&h, ask, why));

    const struct sigv4_request req = {
        .method = "PUT",
        .plain_http = s->plain_http,
        .host = slice_text(s->host),
        .rule = SIGV4_OBJECT,
        .bucket = s->conf->path_style ? slice_text(s->conf->bucket) : (struct slice){0},
        .path = slice_text(ask->key),
        .headers = h.pair,
        .headers_n = h.n,
        .payload = slice_text(SIGV4_UNSIGNED),
        .at_unix = now_unix,
        .expires_s = ask->life_s,
    };
    struct sigv4_out made = {
        .canonical = wr_init(u->canonical, sizeof u->canonical, "sigv4.canonical"),
        .string_to_sign = wr_init(to_sign, sizeof to_sign, "sigv4.string"),
        .result = wr_init((uint8_t *)out->text, sizeof out->text, "mint.url"),
    };

    TRY(sigv4_presign(&s->cred, &req, &made, why));
    out->text_len = made.result.len;
    return headers_tell(&h, out, why);
}
