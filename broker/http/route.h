/* SPDX-License-Identifier: Apache-2.0 */
/* route.h - which row of the table of routes a request belongs to, and whether its body is one
 * that the row takes.
 *
 * A pattern is literal segments and {segments}; a {segment} takes [A-Za-z0-9._-]{1,63}.  The
 * first row that fits wins.  A path that exists on another listener only does not exist here.
 * Pure: no I/O, no allocation.
 * Source: DESIGN.md section 5; RFC 9110 sections 8.3, 15.5.6. */
#ifndef BROKER_HTTP_ROUTE_H
#define BROKER_HTTP_ROUTE_H

#include "broker/http/http.h"

enum { ROUTE_ALLOW_MAX = 64 };

struct route_match {
    const struct route *route; /* NULL when no row fits */
    struct slice param[HTTP_PARAMS];
    /* Methods of the rows whose path fits; "" when none does: the path is unknown. */
    char allow[ROUTE_ALLOW_MAX];
};

void route_find(const struct route *routes, size_t n, enum http_listener listener,
                struct slice method, struct slice path, struct route_match *out);

/* Whether a Content-Type value names the media type of this kind of body; a parameter may only
 * say charset=utf-8. BODY_NONE and BODY_STREAM take any, NULL included. */
bool route_type_ok(enum http_body body, const char *content_type);

#endif
