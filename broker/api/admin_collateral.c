/* SPDX-License-Identifier: Apache-2.0 */
/* admin_collateral.c - collateral that an operator brings, and what is kept (docs/API.md, "Admin listener"). */
#include "broker/api/handlers.h"

#include "broker/flow/import.h"
#include "broker/http/form.h"
#include "common/json.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, NUMBER_DIGITS = 18 };

static json_t *
row_json(const struct collateral_row *row)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "vendor", row->key.vendor, "kind",
                          row->key.kind, "product", row->key.product, "source", row->source, "at",
                          api_time(row->at), "until", api_time(row->until));

    if (row->key.chip[0] != '\0') {
        (void)json_object_set_new(o, "chip", json_string(row->key.chip));
        (void)json_object_set_new(o, "tcb", json_string(row->key.tcb));
    } else if (row->key.tcb[0] != '\0') {
        (void)json_object_set_new(o, "track", json_string(row->key.tcb));
    }
    return o;
}

/* ?after=N of a list: digits alone. */
static bool
after_param(const struct http_request *req, int64_t *after, struct http_reply *out)
{
    char text[NUMBER_DIGITS + 1];
    struct slice value = {0};
    struct why why = {0};
    bool good = query_get(req->query, "after", &value, &why) == ERR_OK && value.len < sizeof text;

    (void)snprintf(text, sizeof text, "%.*s", good ? (int)value.len : 0,
                   value.len > 0 ? (const char *)value.ptr : "");
    if (!good || strspn(text, "0123456789") != value.len) {
        http_problem(out, 400, "malformed", "after must be the number that the last page gave");
        return false;
    }
    *after = strtoll(text, NULL, 10);
    return true;
}

void
api_collateral_list(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    struct why why = {0};
    int64_t after = 0;
    size_t n = 0;

    if (api_principal(req, out) == NULL || !after_param(req, &after, out)) {
        return;
    }
    struct collateral_row *rows = mem_new(PAGE, sizeof *rows);
    enum err e = b->store->ops->collateral_list(b->store, after, rows, PAGE, &n, &why);

    if (e == ERR_OK) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(list, row_json(&rows[i]));
        }
        api_json(out, 200,
                 json_pack("{s:o, s:o}", "collateral", list, "next",
                           n == PAGE ? json_integer((json_int_t)rows[n - 1].seq) : json_null()));
    } else {
        http_error(out, e, &why);
    }
    mem_free(rows);
}

void
api_collateral_post(struct http_request *req, struct http_reply *out)
{
    struct broker *b = req->app;
    const struct principal *who = api_principal(req, out);
    struct collateral_row row = {0};
    struct fault f = {0};

    if (who == NULL) {
        return;
    }
    if (flow_collateral_import(b, who, req->body, &row, &f) != ERR_OK) {
        api_admin_fault(req, who, out, &f);
        return;
    }
    api_json(out, 201, row_json(&row));
}
