/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the one configuration file: JSON, unknown keys refused, relative paths counted from its folder (docs/API.md, "Configuration"). */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include "broker/cloud/collateral.h"
#include "broker/flow/broker.h"

enum { CONFIG_BYTES_MAX = 1 << 20, CONFIG_PRINCIPALS = 256, CONFIG_PATH = 512 };

struct config {
    char issuer[256];
    struct http_address listen[3]; /* guest, admin, local */
    char certificate[CONFIG_PATH];
    char key[CONFIG_PATH];
    char client_ca[CONFIG_PATH];
    bool allow_tls12;
    char data_dir[CONFIG_PATH];
    char roots[CONFIG_PATH]; /* "" when there are none */
    int64_t approvals;
    struct principal principal[CONFIG_PRINCIPALS];
    size_t principals;
    struct rp_client client[BROKER_CLIENTS]; /* owned: jwk */
    size_t clients;
    struct upload_store store[BROKER_STORES];
    size_t stores;
    struct mint_conf mint;
    struct collateral_conf collateral;
    int64_t connections, per_address, header_deadline_s, idle_s, request_deadline_s,
        upload_deadline_s;
};

void config_free(struct config **c);

/* Read and check everything that can be checked without starting.  Messages name the member, what was seen and what was wanted. */
enum err config_read(const char *path, struct config **out, struct why *why) MUST_USE;

#endif
