/* SPDX-License-Identifier: Apache-2.0 */
/* attest.c - `countersign attest`. */
#include <string.h>

#include "clients/collect.h"
#include "clients/commands.h"
#include "clients/guest.h"
#include "clients/qgs.h"
#include "clients/say.h"
#include "common/json.h"

struct attest_options {
    const char *ak, *pcrs, *key, *ak_cert, *ek, *vmpl, *event_log, *pcrsig;
    bool again;
};

static enum err
set_path(json_t *q, const char *name, const char *path, struct fault *f)
{
    char full[PATH_LEN];

    if (path == NULL) {
        return ERR_OK;
    }
    TRY(path_absolute(path, full, f));
    request_set(q, name, full);
    return ERR_OK;
}

/* A file, or that none shall go along. */
static enum err
set_path_or_off(json_t *q, const char *name, const char *path, struct fault *f)
{
    if (path != NULL && strcmp(path, "off") == 0) {
        request_set(q, name, path);
        return ERR_OK;
    }
    return set_path(q, name, path, f);
}

/* Wrong addresses are told here, before the agent is started. */
static enum err
set_qgs(json_t *q, const char *qgs, struct fault *f)
{
    struct qgs_address ignored;

    request_set(q, "qgs", qgs);
    return qgs == NULL ? ERR_OK : qgs_address_read(qgs, &ignored, f);
}

/* Where evidence comes from. */
static enum err
places_request(const struct places *from, json_t *q, struct fault *f)
{
    request_set(q, "thim", from->thim);
    request_set(q, "td_quote", from->td_quote);
    TRY(set_path(q, "tsm", from->tsm, f));
    TRY(set_path(q, "sev_guest", from->sev_guest, f));
    TRY(set_path(q, "tdx_guest", from->tdx_guest, f));
    TRY(set_qgs(q, from->qgs, f));
    return set_path_or_off(q, "ccel", from->ccel, f);
}

/* What evidence, and from where. */
static enum err
evidence_request(const struct settings *s, const struct attest_options *o, json_t *q,
                 struct fault *f)
{
    long vmpl = 0;

    TRY(collect_types_check(s->evidence, f));
    if (o->vmpl != NULL && !opt_int(o->vmpl, 0, 3, &vmpl)) {
        return fault_add(f, ERR_MALFORMED, "usage", "--vmpl takes 0 to 3");
    }
    if (o->vmpl != NULL) {
        (void)json_object_set_new(q, "vmpl", json_integer(vmpl));
    }
    request_set(q, "evidence", s->evidence);
    return places_request(&s->from, q, f);
}

static enum err
attest_request(const struct settings *s, const struct attest_options *o, json_t *q, struct fault *f)
{
    if (s->server == NULL || s->policy == NULL) {
        return fault_add(f, ERR_MALFORMED, "usage", "--server and --policy are needed");
    }
    request_set(q, "server", s->server);
    request_set(q, "ca", s->ca);
    request_set(q, "policy", s->policy);
    request_set(q, "tcti", s->tcti);
    request_set(q, "ak", o->ak != NULL ? o->ak : "ecc");
    request_set(q, "pcrs", o->pcrs != NULL ? o->pcrs : "sha256:0,2,4,7");
    request_set(q, "key", o->key != NULL ? o->key : "memory");
    request_set(q, "ek", o->ek);
    (void)json_object_set_new(q, "again", json_boolean(o->again));
    TRY(evidence_request(s, o, q, f));
    TRY(set_path_or_off(q, "event_log", o->event_log, f));
    TRY(set_path_or_off(q, "pcrsig", o->pcrsig, f));
    return set_path(q, "ak_certificate", o->ak_cert, f);
}

static void
attest_print(const json_t *reply)
{
    char a[ID_MAX];
    char b[ID_MAX];
    const json_t *ms = json_object_get(reply, "ms");

    say("sandbox %s", say_member(reply, "sandbox", a, sizeof a));
    say("verdict %s", say_member(reply, "verdict", a, sizeof a));
    say("expires in %s s, heartbeat every %s s", say_member(reply, "expires_in", a, sizeof a),
        say_member(json_object_get(reply, "lease"), "heartbeat_s", b, sizeof b));
    say("took %s ms, of which the evidence %s ms", say_member(ms, "all", a, sizeof a),
        say_member(ms, "quote", b, sizeof b));
}

int
cmd_attest(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct attest_options o = {0};
    struct opt shared[SETTINGS_GUEST];
    const struct opt own[] = {
        {"evidence", "TYPES", &s.evidence,
         "auto (default), or tpm2, sev-snp, tdx, azure-sev-snp, azure-tdx separated by commas"},
        {"tsm", "DIR", &s.from.tsm, "configfs-tsm; default " PLACE_TSM},
        {"sev-guest", "FILE", &s.from.sev_guest, "device; default " PLACE_SEV_GUEST},
        {"vmpl", "N", &o.vmpl, "level that an SNP report is asked for, 0 to 3"},
        {"tdx-guest", "FILE", &s.from.tdx_guest, "device; default " PLACE_TDX_GUEST},
        {"qgs", "WHERE", &s.from.qgs, "quoting service, vsock:CID:PORT or unix:/path"},
        {"ccel", "FILE", &s.from.ccel, "event log of a TD, or off"},
        {"thim", "URL", &s.from.thim, "Azure's certificate service, or off"},
        {"td-quote", "URL", &s.from.td_quote, "Azure's service that quotes TD reports"},
        {"ak", "WHICH", &o.ak, "attestation key: ecc (default), rsa, or 0x81xxxxxx"},
        {"ak-cert", "FILE", &o.ak_cert, "its certificate, DER"},
        {"ek", "HANDLE", &o.ek,
         "endorsement key 0x81xxxxxx, when the attestation key is its child"},
        {"event-log", "FILE", &o.event_log,
         "what firmware measured, or off; default " EVIDENCE_EVENT_LOG},
        {"pcrsig", "FILE", &o.pcrsig,
         "signatures of PCR policies, or off; default " EVIDENCE_PCRSIG},
        {"pcrs", "SELECT", &o.pcrs, "default sha256:0,2,4,7"},
        {"key", "WHERE", &o.key, "guest key in memory (default) or tpm"},
        {"again", NULL, &o.again, "leave the live sandbox for a new one"},
    };
    const struct usage u = {"countersign attest --server URL --policy ID [options]",
                            "Show this machine's evidence to the broker and become a sandbox.",
                            {own, sizeof own / sizeof own[0]},
                            {shared, SETTINGS_GUEST},
                            0,
                            0};
    struct words w;
    struct fault f = {0};
    json_t *q AUTO(json_free) = json_pack("{s:s}", "op", "attest");
    json_t *reply AUTO(json_free) = NULL;
    enum opt_result parsed;
    enum err err = ERR_OK;

    settings_guest(&s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    err = settings_load(&s, &f);
    if (err == ERR_OK) {
        err = attest_request(&s, &o, q, &f);
    }
    if (err == ERR_OK) {
        err = guest_ask(&s, true, q, &reply, &f);
    }
    return guest_finish(err, &s, reply, attest_print, &f);
}
