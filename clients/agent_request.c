/* SPDX-License-Identifier: Apache-2.0 */
/* agent_request.c - see agent_request.h. */
#include "clients/agent_request.h"

#include <stddef.h>
#include <string.h>

#include "common/json.h"

/* Members, by bit. */
enum field {
    F_SERVER = 1 << 0,
    F_CA = 1 << 1,
    F_POLICY = 1 << 2,
    F_TCTI = 1 << 3,
    F_AK = 1 << 4,
    F_PCRS = 1 << 5,
    F_KEY = 1 << 6,
    F_AK_CERTIFICATE = 1 << 7,
    F_EK = 1 << 8,
    F_SCOPE = 1 << 9,
    F_AUDIENCE = 1 << 10,
    F_METHOD = 1 << 11,
    F_URL = 1 << 12,
    F_NONCE = 1 << 13,
    F_STORE = 1 << 14,
    F_NAME = 1 << 15,
    F_CONTENT_TYPE = 1 << 16,
    F_SHA256 = 1 << 17,
    F_ID = 1 << 18,
    F_REASON = 1 << 19,
    F_SIZE = 1 << 20,
    F_MIN_LEFT = 1 << 21,
    F_AGAIN = 1 << 22,
    F_EVIDENCE = 1 << 23,
    F_TSM = 1 << 24,
    F_SEV_GUEST = 1 << 25,
    F_THIM = 1 << 26,
    F_VMPL = 1 << 27,
    F_EVENT_LOG = 1 << 28,
    F_PCRSIG = 1 << 29,
};

struct op_row {
    const char *name;
    enum agent_op op;
    unsigned need, may; /* bits of enum field */
};

static const struct op_row op_rows[] = {
    {"ping", AGENT_PING, 0, 0},
    {"status", AGENT_STATUS, 0, 0},
    {"stop", AGENT_STOP, 0, 0},
    {"attest", AGENT_ATTEST, F_SERVER | F_POLICY | F_TCTI | F_AK | F_PCRS | F_KEY,
     F_CA | F_AK_CERTIFICATE | F_EK | F_AGAIN | F_EVIDENCE | F_TSM | F_SEV_GUEST | F_THIM | F_VMPL |
         F_EVENT_LOG | F_PCRSIG},
    {"token", AGENT_TOKEN, 0, F_SCOPE | F_AUDIENCE | F_MIN_LEFT},
    {"headers", AGENT_HEADERS, F_METHOD | F_URL, F_SCOPE | F_AUDIENCE | F_MIN_LEFT | F_NONCE},
    {"upload", AGENT_UPLOAD, F_STORE | F_NAME | F_SIZE | F_CONTENT_TYPE, F_SHA256},
    {"commit", AGENT_COMMIT, F_ID, 0},
    {"abandon", AGENT_ABANDON, F_ID, 0},
    {"heartbeat", AGENT_HEARTBEAT, 0, 0},
    {"teardown", AGENT_TEARDOWN, 0, F_REASON},
};

enum { FIELDS = 30 };

/* All members in the order of their bits. */
static void
member_table(struct agent_request *r, struct json_member m[FIELDS])
{
    const struct json_member all[FIELDS] = {
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
        {"tsm", JK_TEXT, false, &r->tsm, 0, 511},
        {"sev_guest", JK_TEXT, false, &r->sev_guest, 0, 511},
        {"thim", JK_TEXT, false, &r->thim, 0, 511},
        {"vmpl", JK_INT, false, &r->vmpl, 0, 3},
        {"event_log", JK_TEXT, false, &r->event_log, 0, 511},
        {"pcrsig", JK_TEXT, false, &r->pcrsig, 0, 511},
    };

    memcpy(m, all, sizeof all);
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
            struct json_member m[FIELDS + 1])
{
    struct json_member all[FIELDS];
    size_t n = 0;

    member_table(r, all);
    m[n++] = (struct json_member){"op", JK_TEXT, true, op, 0, 15};
    for (size_t i = 0; i < FIELDS; i++) {
        unsigned bit = 1U << i;

        if (((row->need | row->may) & bit) != 0) {
            m[n] = all[i];
            m[n].required = (row->need & bit) != 0;
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
    struct json_member m[FIELDS + 1];
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
