/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.h - one question to the metadata service of a cloud's host: JSON back.
 *
 * Beside http.c because nothing of its rules fits: the address is link-local, in plain text, and has no certificate to check.  Nothing that
 * comes from there is believed; whoever verifies the evidence judges it.  http:// or https://, no redirects, no proxy, no header of
 * the host's choice.
 *
 * Source: Azure instance metadata service (header Metadata: true). */
#ifndef CLIENTS_METADATA_H
#define CLIENTS_METADATA_H

#include <jansson.h>

#include "clients/fault.h"

enum { METADATA_CONNECT_MS = 1000, METADATA_BODY_MAX = 131072 };

struct metadata_ask {
    const char *url;
    const char *code;   /* of faults */
    const json_t *body; /* POST as application/json; NULL: GET */
    int wait_ms;        /* connection, question and answer together */
};

/* *answer is owned by the caller.  ERR_UNABLE: nothing usable came. */
enum err metadata_get(const struct metadata_ask *ask, json_t **answer, struct fault *f) MUST_USE;

#endif
