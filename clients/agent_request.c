/* SPDX-License-Identifier: Apache-2.0 */
/* agent_request.c - see agent_request.h. */
#include "clients/agent_request.h"

#include <stddef.h>
#include <string.h>

#include "common/json.h"

struct op_row {
    const char *name;
    enum agent_op op;
    const char *need, *may; /* names of members, separated by blanks */
};

static const struct op_row op_rows[] = {
    {"ping", AGENT_PING, "", ""},
    {"status", AGENT_STATUS, "", ""},
    {"stop", AGENT_STOP, "", ""},
    {"attest", AGENT_ATTEST, "server policy tcti ak pcrs key",
     "ca ak_certificate ek again evidence vmpl tsm sev_guest thim tdx_guest qgs ccel td_quote "
     "event_log pcrsig"},
    {"token", AGENT_TOKEN, "", "scope audience min_left_s"},
    {"headers", AGENT_HEADERS, "method url", "scope audience min_left_s nonce"},
    {"upload", AGENT_UPLOAD, "store name size content_type", "sha256"},
    {"commit", AGENT_COMMIT, "id", ""},
    {"abandon", AGENT_ABANDON, "id", ""},
    {"heartbeat", AGENT_HEARTBEAT, "", ""},
    {"teardown", AGENT_TEARDOWN, "", "reason"},
};

enum { MEMBERS = 34 };

/* All members. */
static void
member_table(struct agent_request *r, struct json_member m[MEMBERS])
{
    const struct json_member all[MEMBERS] = {
        {"server", JK_TEXT, false, &r->server, 0, 255},
        {"ca", JK_TEXT, false, &r->ca, 0, 511},
        {"policy", JK_TEXT, false, &r->policy, 0, 63},
        {"tcti", JK_TEXT, false, &r->tcti, 0, 255},
        {"ak", JK_TEXT, false, &r->ak, 0, 15},
        {"pcrs", JK_TEXT, false, &r->pcrs, 0, 511},
        {"key", JK_TEXT, false, &r->key, 0, 15},
        {"ak_certificate", JK_TEXT, false, &r->ak_certificate, 0, 511},
        {"ek", JK_TEXT, false, &r->ek, 0, 15},
        {"scope", JK_TEXT, false, &r->scope, 0, 511},
        {"audience", JK_TEXT, false, &r->audience, 0, 255},
        {"method", JK_TEXT, false, &r->method, 0, 15},
        {"url", JK_TEXT, false, &r->url, 0, 2047},
        {"nonce", JK_TEXT, false, &r->nonce, 0, 128},
        {"store", JK_TEXT, false, &r->store, 0, 63},
        {"name", JK_TEXT, false, &r->name, 0, 200},
        {"content_type", JK_TEXT, false, &r->content_type, 0, 127},
        {"sha256", JK_TEXT, false, &r->sha256, 0, 64},
        {"id", JK_TEXT, false, &r->id, 0, 63},
        {"reason", JK_TEXT, false, &r->reason, 0, 255},
        {"size", JK_INT, false, &r->size, 0, INT64_C(1) << 50},
        {"min_left_s", JK_INT, false, &r->min_left_s, 0, 86400},
        {"again", JK_BOOL, false, &r->again, 0, 0},
        {"evidence", JK_TEXT, false, &r->evidence, 0, 63},
        {"vmpl", JK_INT, false, &r->vmpl, 0, 3},
        {"tsm", JK_TEXT, false, &r->from.tsm, 0, 511},
        {"sev_guest", JK_TEXT, false, &r->from.sev_guest, 0, 511},
        {"thim", JK_TEXT, false, &r->from.thim, 0, 511},
        {"tdx_guest", JK_TEXT, false, &r->from.tdx_guest, 0, 511},
        {"qgs", JK_TEXT, false, &r->from.qgs, 0, 511},
        {"ccel", JK_TEXT, false, &r->from.ccel, 0, 511},
        {"td_quote", JK_TEXT, false, &r->from.td_quote, 0, 511},
        {"event_log", JK_TEXT, false, &r->event_log, 0, 511},
        {"pcrsig", JK_TEXT, false, &r->pcrsig, 0, 511},
    };

    memcpy(m, all, sizeof all);
}

/* Is this name among the words? */
static bool
lists(const char *words, const char *name)
{
    const char *at = words;
    size_t len = 0;

    while (*at != '\0') {
        len = strcspn(at, " ");
        if (len == strlen(name) && strncmp(at, name, len) == 0) {
            return true;
        }
        at += len + strspn(at + len, " ");
    }
    return false;
}

void
agent_request_done(struct agent_request *r)
{
    json_free(&r->json);
}

static const struct op_row *
find_op(const char *name)
{
    for (size_t i = 0; i < sizeof op_rows / sizeof op_rows[0]; i++) {
        if (strcmp(name, op_rows[i].name) == 0) {
            return &op_rows[i];
        }
    }
    return NULL;
}

/* The members of this operation, `op` among them. */
static size_t
row_members(const struct op_row *row, struct agent_request *r, const char **op,
            struct json_member m[MEMBERS + 1])
{
    struct json_member all[MEMBERS];
    size_t n = 0;

    member_table(r, all);
    m[n++] = (struct json_member){"op", JK_TEXT, true, op, 0, 15};
    for (size_t i = 0; i < MEMBERS; i++) {
        bool needed = lists(row->need, all[i].name);

        if (needed || lists(row->may, all[i].name)) {
            m[n] = all[i];
            m[n].required = needed;
            n++;
        }
    }
    return n;
}

/* Ids become part of a path. */
static bool
id_plain(const char *id)
{
    return id == NULL ||
           (id[0] != '\0' && id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789-_")] == '\0');
}

enum err
agent_request_bind(json_t *obj, struct agent_request *out, struct why *why)
{
    struct agent_request r AUTO(agent_request_done) = {.json = json_incref(obj), .vmpl = -1};
    struct json_member m[MEMBERS + 1];
    const char *op = json_string_value(json_object_get(obj, "op"));
    const struct op_row *row = op != NULL ? find_op(op) : NULL;

    if (row == NULL) {
        return why_add(why, ERR_MALFORMED, "no such operation");
    }
    r.op = row->op;
    TRY(json_bind(obj, "request", m, row_members(row, &r, &op, m), why));
    if (!id_plain(r.id)) {
        return why_add(why, ERR_MALFORMED, "id: not an id");
    }
    *out = r;
    r = (struct agent_request){0};
    return ERR_OK;
}

enum err
agent_request_read(struct slice text, struct agent_request *out, struct why *why)
{
    json_t *obj AUTO(json_free) = NULL;

    TRY(json_read(text, &obj, why));
    return agent_request_bind(obj, out, why);
}
