/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - everything the commands print: results to stdout, the rest to stderr. */
#ifndef CLIENTS_SAY_H
#define CLIENTS_SAY_H

#include <jansson.h>
#include <stdbool.h>

#include "attest/base/err.h"

/* One line to stdout, newline added. */
void say(const char *fmt, ...) PRINTF(1, 2);

/* One line to stderr, newline added. */
void complain(const char *fmt, ...) PRINTF(1, 2);

/* One line of JSON to stdout; takes over the reference. */
void say_json(json_t *obj);

/* A member of a reply as text for a person: printable ASCII, "-" when absent.  dst is returned. */
const char *say_member(const json_t *obj, const char *name, char *dst, size_t cap);

/* True when all that was said has reached stdout; a full disk must not look like success. */
bool say_end(void);

#endif
