/* SPDX-License-Identifier: Apache-2.0 */
/* broker.h - the long-lived state of the network process, made once by main and passed down. */
#ifndef BROKER_FLOW_BROKER_H
#define BROKER_FLOW_BROKER_H

#include <stdatomic.h>

#include "attest/attest.h"
#include "broker/flow/budget.h"
#include "broker/http/http.h"
#include "broker/mint/mint.h"
#include "broker/policy/policy.h"
#include "broker/store/store.h"

enum { BROKER_STORES = 16, BROKER_CLIENTS = 64 };

struct collateral;
struct intel;
struct replay;
struct token_cache;
struct inflight;
struct key_cache;

/* A place where uploads go. */
struct upload_store {
    char id[64];
    char mode[16];  /* "local", "direct" */
    char path[512]; /* local: folder of finished uploads */
};

/* A relying party that proves itself with a signed assertion (RFC 7523). */
struct rp_client {
    char id[64];
    struct jwk jwk; /* owned */
    char audience[POLICY_AUDIENCES][256];
    size_t audiences;
};

/* Counters for /metrics. */
struct metrics {
    atomic_ullong requests, refused, unable;
    atomic_ullong attest_accepted, attest_denied;
    atomic_ullong unrecorded; /* refusals that were answered "busy" (budget.h) */
    atomic_ullong tokens, uploads, teardowns;
};

struct broker {
    char issuer[256];     /* no trailing slash */
    char upload_dir[512]; /* unfinished local uploads */
    struct mint *mint;
    struct store *store;
    struct policy_book *book;
    struct collateral *collateral; /* of AMD */
    struct intel *intel;
    struct http_front *front;
    struct principals who;
    struct trust trust;
    struct upload_store store_conf[BROKER_STORES];
    size_t stores;
    struct rp_client client[BROKER_CLIENTS];
    size_t clients;
    size_t approvals_needed;
    uint8_t nonce_key[32]; /* this instance's; DPoP nonces of another instance are not ours */
    struct replay *replay;
    struct token_cache *tokens;
    struct inflight *inflight;
    struct key_cache *keys; /* guests' public keys */
    struct budget refusals;
    struct metrics metrics;
    int64_t started_unix;
};

#endif
