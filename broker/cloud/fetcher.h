/* SPDX-License-Identifier: Apache-2.0 */
/* fetcher.h - the one thread that asks a vendor, so that no request of a guest ever does.
 *
 * It does the errands of errands.h one after the other with http_get.h, hands what comes to `take`, which believes nothing, and
 * writes one log line for each.  No line names a chip. */
#ifndef BROKER_CLOUD_FETCHER_H
#define BROKER_CLOUD_FETCHER_H

#include "broker/cloud/errands.h"

enum { FETCH_VEK_MAX = 8192, FETCH_CRL_MAX = 1 << 20 };

struct fetcher_conf {
    char url[256];     /* of KDS or a mirror of it; "" fetches nothing */
    char ca_file[512]; /* "": the system's roots */
    bool fetch;
    int64_t timeout_s, crl_refresh_s;
    struct errands_conf errands;
};

/* Who takes what was fetched.  ERR_DENIED, ERR_MALFORMED: it is not what was asked for.  *next_s: for a revocation list, in
 * how many seconds to fetch it again. */
struct fetcher_taker {
    void *arg;
    enum err (*take)(void *arg, const struct errand_key *key, struct slice body, int64_t *next_s,
                     struct why *why);
};

struct fetcher_figures {
    unsigned long long asked;       /* requests to the vendor */
    unsigned long long got;         /* answers that were kept */
    unsigned long long absent;      /* the vendor has none */
    unsigned long long wrong;       /* not what was asked for */
    unsigned long long failed;      /* no answer, or none of use */
    unsigned long long throttled;   /* 429 */
    unsigned long long turned_away; /* by a bound of ours */
    size_t pending;
};

struct fetcher;

/* conf is copied.  The thread is started by fetcher_start(), after the first lists were planned. */
enum err fetcher_open(const struct fetcher_conf *conf, const struct fetcher_taker *taker,
                      struct fetcher **out, struct why *why) MUST_USE;
enum err fetcher_start(struct fetcher *f, struct why *why) MUST_USE;
void fetcher_close(struct fetcher **f);

enum errand_answer fetcher_ask(struct fetcher *f, const struct vek_key *key, int64_t *again_ms);
void fetcher_plan_crl(struct fetcher *f, enum snp_product product, int64_t in_s);
void fetcher_figures(struct fetcher *f, struct fetcher_figures *out);

#endif
