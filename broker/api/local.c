/* SPDX-License-Identifier: Apache-2.0 */
/* local.c - health, readiness and metrics, on the local listener only. */
#include "broker/api/handlers.h"

#include "broker/cloud/collateral.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

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

/* What is kept of AMD's collateral and how it is come by. */
static void
write_collateral(struct broker *b, char *dst, size_t cap)
{
    struct collateral_figures c = {0};

    collateral_figures(b->collateral, &c);
    (void)snprintf(dst, cap,
                   "# TYPE countersign_collateral_lookups_total counter\n"
                   "countersign_collateral_lookups_total{from=\"memory\"} %llu\n"
                   "countersign_collateral_lookups_total{from=\"ledger\"} %llu\n"
                   "countersign_collateral_lookups_total{from=\"none\"} %llu\n"
                   "# TYPE countersign_collateral_cached gauge\n"
                   "countersign_collateral_cached %zu\n"
                   "# TYPE countersign_collateral_pending gauge\n"
                   "countersign_collateral_pending %zu\n"
                   "# TYPE countersign_collateral_requests_total counter\n"
                   "countersign_collateral_requests_total %llu\n"
                   "# TYPE countersign_collateral_answers_total counter\n"
                   "countersign_collateral_answers_total{result=\"kept\"} %llu\n"
                   "countersign_collateral_answers_total{result=\"absent\"} %llu\n"
                   "countersign_collateral_answers_total{result=\"wrong\"} %llu\n"
                   "countersign_collateral_answers_total{result=\"failed\"} %llu\n"
                   "countersign_collateral_answers_total{result=\"throttled\"} %llu\n"
                   "# TYPE countersign_collateral_turned_away_total counter\n"
                   "countersign_collateral_turned_away_total %llu\n",
                   c.from_memory, c.from_ledger, c.missing, c.cached, c.amd.pending, c.amd.asked,
                   c.amd.got, c.amd.absent, c.amd.wrong, c.amd.failed, c.amd.throttled,
                   c.amd.turned_away);
}

enum { METRICS_TEXT = 2048 };

void
api_metrics(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct metrics *m = &b->metrics;
    char text[2 * METRICS_TEXT];

    (void)snprintf(text, METRICS_TEXT,
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
    size_t len = strlen(text);

    write_collateral(b, text + len, sizeof text - len);
    http_body(out, 200, "text/plain; version=0.0.4", mem_text(slice_text(text)));
}
