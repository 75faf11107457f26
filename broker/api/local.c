/* SPDX-License-Identifier: Apache-2.0 */
/* local.c - health, readiness and metrics, on the local listener only. */
#include "broker/api/handlers.h"

#include "common/mem.h"

#include <stdio.h>

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

void
api_metrics(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct metrics *m = &b->metrics;
    char text[2048];

    (void)snprintf(text, sizeof text,
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
    http_body(out, 200, "text/plain; version=0.0.4", mem_text(slice_text(text)));
}
