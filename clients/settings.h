/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the options that commands share, and where their defaults come from.
 *
 * Order: command line, then the file of --config, or /etc/countersign/client.conf when it exists.
 * The file is one JSON object whose members have the options' names; unknown members are refused. */
#ifndef CLIENTS_SETTINGS_H
#define CLIENTS_SETTINGS_H

#include <jansson.h>

#include "clients/fault.h"
#include "clients/opt.h"
#include "clients/places.h"

enum { SETTINGS_GUEST = 7, SETTINGS_ADMIN = 6, PATH_LEN = 512 };

struct settings {
    const char *server; /* https:// URL of the broker; the issuer as it is configured there */
    const char *ca;     /* PEM file; NULL: the system's roots */
    const char *socket; /* of the agent; NULL: its usual place */
    const char *policy;
    const char *tcti;     /* e.g. "device:/dev/tpmrm0" */
    const char *evidence; /* types, of `attest`: clients/collect.h */
    struct places from;
    const char *cert, *key, *sign_key; /* administrators: PEM files */
    const char *config;
    bool json;
    char ca_path[PATH_LEN]; /* ca made absolute, for the agent, whose folder is another */
    json_t *file;           /* owned: what the texts above may borrow from */
};

void settings_done(struct settings *s);

/* The rows for a command's table of shared options. */
void settings_guest(struct settings *s, struct opt row[SETTINGS_GUEST]);
void settings_admin(struct settings *s, struct opt row[SETTINGS_ADMIN]);

/* Read the configuration and fill what the command line left open. */
enum err settings_load(struct settings *s, struct fault *f) MUST_USE;

/* Absolute form of a file that must exist, into dst[PATH_LEN]. */
enum err path_absolute(const char *path, char *dst, struct fault *f) MUST_USE;

#endif
