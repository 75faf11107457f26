/* SPDX-License-Identifier: Apache-2.0 */
/* local.c - health, readiness and metrics, on the local listener only. */
#include "broker/api/handlers.h"

#include "attest/base/wr.h"
#include "broker/cloud/collateral.h"
#include "common/mem.h"

void
api_healthz(struct http_request *req, struct http_reply *out)
{
    (void)req;
    api_json(out, 200, json_pack("{s:s}", "status", "ok"));
}

void
api_readyz(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const char *gone = NULL;
    struct why why = {0};
    bool mint = mint_alive(b->mint, &gone);
    bool store = b->store->ops->ping(b->store, &why) == ERR_OK;

    api_json(out, mint && store ? 200 : 503,
             json_pack("{s:b, s:s, s:s}", "ready", mint && store, "mint",
                       mint ? "ok" : (gone != NULL ? gone : "gone"), "store",
                       store ? "ok" : why_text(&why)));
}

/* What came of asking a vendor.  Samples of one name stand together, as the format wants it: one call for each name. */
static void
write_fetcher(struct wr *w, const char *name, const char *labels, unsigned long long amd,
              unsigned long long intel)
{
    wr_fmt(w,
           "countersign_collateral_%s{vendor=\"amd\"%s} %llu\n"
           "countersign_collateral_%s{vendor=\"intel\"%s} %llu\n",
           name, labels, amd, name, labels, intel);
}

static void
write_fetchers(struct wr *w, const struct fetcher_figures *amd, const struct fetcher_figures *intel)
{
    wr_text(w, "# TYPE countersign_collateral_pending gauge\n");
    write_fetcher(w, "pending", "", amd->pending, intel->pending);
    wr_text(w, "# TYPE countersign_collateral_requests_total counter\n");
    write_fetcher(w, "requests_total", "", amd->asked, intel->asked);
    wr_text(w, "# TYPE countersign_collateral_answers_total counter\n");
    write_fetcher(w, "answers_total", ",result=\"kept\"", amd->got, intel->got);
    write_fetcher(w, "answers_total", ",result=\"absent\"", amd->absent, intel->absent);
    write_fetcher(w, "answers_total", ",result=\"wrong\"", amd->wrong, intel->wrong);
    write_fetcher(w, "answers_total", ",result=\"failed\"", amd->failed, intel->failed);
    write_fetcher(w, "answers_total", ",result=\"throttled\"", amd->throttled, intel->throttled);
    wr_text(w, "# TYPE countersign_collateral_turned_away_total counter\n");
    write_fetcher(w, "turned_away_total", "", amd->turned_away, intel->turned_away);
}

/* What is kept of the vendors' collateral and how it is come by. */
static void
write_collateral(struct broker *b, struct wr *w)
{
    struct collateral_figures c = {0};
    struct intel_figures i = {0};

    collateral_figures(b->collateral, &c);
    intel_figures(b->intel, &i);
    wr_fmt(w,
           "# TYPE countersign_collateral_lookups_total counter\n"
           "countersign_collateral_lookups_total{vendor=\"amd\",from=\"memory\"} %llu\n"
           "countersign_collateral_lookups_total{vendor=\"amd\",from=\"ledger\"} %llu\n"
           "countersign_collateral_lookups_total{vendor=\"amd\",from=\"none\"} %llu\n"
           "# TYPE countersign_collateral_cached gauge\n"
           "countersign_collateral_cached{vendor=\"amd\"} %zu\n"
           "countersign_collateral_cached{vendor=\"intel\"} %zu\n"
           "# TYPE countersign_tdx_platforms_total counter\n"
           "countersign_tdx_platforms_total{from=\"memory\"} %llu\n"
           "countersign_tdx_platforms_total{from=\"quote\"} %llu\n",
           c.from_memory, c.from_ledger, c.missing, c.cached, i.platforms, i.known, i.verified);
    write_fetchers(w, &c.amd, &i.pcs);
}

enum { METRICS_TEXT = 4096 };

void
api_metrics(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct metrics *m = &b->metrics;
    char text[METRICS_TEXT];
    struct wr w = wr_init((uint8_t *)text, sizeof text, "metrics");

    wr_fmt(&w,
           "# TYPE countersign_requests_total counter\n"
           "countersign_requests_total %llu\n"
           "# TYPE countersign_refused_total counter\n"
           "countersign_refused_total %llu\n"
           "# TYPE countersign_unable_total counter\n"
           "countersign_unable_total %llu\n"
           "# TYPE countersign_attestations_total counter\n"
           "countersign_attestations_total{outcome=\"accepted\"} %llu\n"
           "countersign_attestations_total{outcome=\"denied\"} %llu\n"
           "# TYPE countersign_refusals_unrecorded_total counter\n"
           "countersign_refusals_unrecorded_total %llu\n"
           "# TYPE countersign_tokens_total counter\n"
           "countersign_tokens_total %llu\n"
           "# TYPE countersign_uploads_total counter\n"
           "countersign_uploads_total %llu\n"
           "# TYPE countersign_teardowns_total counter\n"
           "countersign_teardowns_total %llu\n"
           "# TYPE countersign_mint_up gauge\n"
           "countersign_mint_up %d\n",
           atomic_load(&m->requests), atomic_load(&m->refused), atomic_load(&m->unable),
           atomic_load(&m->attest_accepted), atomic_load(&m->attest_denied),
           atomic_load(&m->unrecorded), atomic_load(&m->tokens), atomic_load(&m->uploads),
           atomic_load(&m->teardowns), mint_alive(b->mint, NULL) ? 1 : 0);
    write_collateral(b, &w);
    http_body(out, 200, "text/plain; version=0.0.4", mem_text(wr_done(&w)));
}
