/* SPDX-License-Identifier: Apache-2.0 */
/* presign_text.h - HTTP requests as the SigV4 suites write them down, taken apart in place.
 *
 * Lenient where the suites are: raw blanks and UTF-8 in the target, LF, folded headers.  For
 * run_presign.c only. */
#ifndef TEST_VECTORS_PRESIGN_TEXT_H
#define TEST_VECTORS_PRESIGN_TEXT_H

#include <string.h>

#include "attest/base/hash.h"
#include "attest/base/text.h"
#include "broker/mint/sigv4.h"

/* Borrows from the text and points into itself: does not move. */
struct parsed {
    struct sigv4_request req;
    struct sigv4_pair params[SIGV4_PARAMS_MAX];
    struct sigv4_pair headers[SIGV4_HEADERS_MAX];
    struct slice body;
    char payload[2 * SHA256_LEN + 1];
};

/* Cut a text at the first of a character; the rest, or NULL when there is none. */
static inline char *
split(char *s, char at)
{
    char *p = strchr(s, at);

    if (p == NULL) {
        return NULL;
    }
    *p = '\0';
    return p + 1;
}

static inline struct slice
percent_decode(char *s)
{
    size_t len = 0;
    struct why why = {0};

    for (size_t i = 0; s[i] != '\0'; i++, len++) {
        uint8_t octet = (uint8_t)s[i];
        size_t one = 0;

        if (s[i] == '%' && s[i + 1] != '\0' && s[i + 2] != '\0' &&
            hex_decode((struct slice){(uint8_t *)&s[i + 1], 2}, &octet, 1, &one, &why) == ERR_OK) {
            i += 2;
        }
        s[len] = (char)octet;
    }
    return (struct slice){(uint8_t *)s, len};
}

static inline void
parse_query(char *query, struct parsed *p)
{
    while (query != NULL && *query != '\0' && p->req.params_n < SIGV4_PARAMS_MAX) {
        char *next = split(query, '&');
        char *value = split(query, '=');

        p->params[p->req.params_n++] = (struct sigv4_pair){
            percent_decode(query), value != NULL ? percent_decode(value) : slice_text("")};
        query = next;
    }
}

/* What signing adds itself is taken out of the list. */
static inline void
parse_header(char *line, struct parsed *p)
{
    char *value = split(line, ':');

    if (value == NULL || strcasecmp(line, "x-amz-date") == 0 ||
        strcasecmp(line, "x-amz-security-token") == 0) {
        return;
    }
    if (strcasecmp(line, "host") == 0) {
        p->req.host = slice_text(value);
        return;
    }
    if (p->req.headers_n < SIGV4_HEADERS_MAX) {
        p->headers[p->req.headers_n++] = (struct sigv4_pair){slice_text(line), slice_text(value)};
    }
}

/* RFC 9112 section 5.2: a fold is a blank. */
static inline void
unfold(char *head)
{
    for (char *p = strchr(head, '\n'); p != NULL; p = strchr(p + 1, '\n')) {
        if (p[1] == ' ' || p[1] == '\t') {
            *p = ' ';
        }
    }
}

/* `raw` is cut to pieces and must outlive p. */
static inline bool
parse_request(char *raw, struct parsed *p)
{
    char *body = strstr(raw, "\n\n");

    if (body != NULL) {
        *body = '\0';
        body += 2;
    }
    p->body = slice_text(body);
    unfold(raw);

    char *lines = split(raw, '\n');
    char *target = split(raw, ' ');
    char *version = target != NULL ? strrchr(target, ' ') : NULL;

    if (version == NULL) {
        return false;
    }
    *version = '\0';
    p->req.method = raw;
    p->req.params = p->params;
    p->req.headers = p->headers;
    parse_query(split(target, '?'), p);
    p->req.path = slice_text(target);
    while (lines != NULL && *lines != '\0') {
        char *next = split(lines, '\n');

        parse_header(lines, p);
        lines = next;
    }
    return true;
}

#endif
