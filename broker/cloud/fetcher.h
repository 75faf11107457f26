/* SPDX-License-Identifier: Apache-2.0 */
/* fetcher.h - the one thread that asks a vendor, so that no request of a guest ever does.
 *
 * It does the errands of errands.h one after the other with http_get.h, hands what comes to `take`, which believes nothing, and
 * writes one log line for each.  There is one for each vendor: what makes one of them silent is not the other's business. */
#ifndef BROKER_CLOUD_FETCHER_H
#define BROKER_CLOUD_FETCHER_H

#include "broker/cloud/errands.h"
#include "broker/cloud/http_get.h"

enum { FETCH_BODY_MAX = 1 << 20, FETCH_LABEL = 96 };

struct fetcher_conf {
    char url[256];     /* of the vendor's service or a mirror of it; "" fetches nothing */
    char ca_file[512]; /* "": the system's roots */
    bool fetch;
    int64_t timeout_s;
    int64_t refresh_s; /* what is kept fresh is not fetched more often */
    struct errands_conf errands;
};

/* Where an errand leads. */
struct fetch_aim {
    char url[HTTP_GET_URL];
    size_t body_max;    /* at most FETCH_BODY_MAX */
    const char *header; /* whose value is wanted too; NULL: none */
    char label
        [FETCH_LABEL]; /* for the log: "vendor=amd kind=crl product=Milan"; it never names a chip */
};

/* What came; both live for the call. */
struct fetched {
    struct slice body;
    struct slice header; /* empty when there is none */
};

/* The vendor's side of it. */
struct fetcher_vendor {
    void *arg;
    enum err (*aim)(void *arg, const struct errand_key *key, struct fetch_aim *out,
                    struct why *why);
    /* ERR_DENIED, ERR_MALFORMED, ERR_LIMIT: it is not what was asked for.  *next_s: in how many seconds to fetch it again; 0: not. */
    enum err (*take)(void *arg, const struct errand_key *key, const struct fetched *got,
                     int64_t *next_s, struct why *why);
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

/* conf is copied.  The thread is started by fetcher_start(), after the first errands were planned. */
enum err fetcher_open(const struct fetcher_conf *conf, const struct fetcher_vendor *vendor,
                      struct fetcher **out, struct why *why) MUST_USE;
enum err fetcher_start(struct fetcher *f, struct why *why) MUST_USE;
void fetcher_close(struct fetcher **f);

enum errand_answer fetcher_ask(struct fetcher *f, const struct errand_key *key, int64_t *again_ms);

/* What cannot be planned any more, because too much is, is fetched when evidence asks for it. */
void fetcher_plan(struct fetcher *f, const struct errand_key *key, int64_t in_s);

void fetcher_figures(struct fetcher *f, struct fetcher_figures *out);

#endif
