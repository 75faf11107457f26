/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - see fault.h.  The table of advice is the only place that tells people what to do. */
#include "clients/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/wr.h"
#include "clients/say.h"
#include "common/mem.h"

/* Name on the wire and exit code of each kind; the order is that of enum err. */
struct kind {
    const char *name;
    enum err err;
    int exit;
};

static const struct kind kinds[] = {
    {"malformed", ERR_MALFORMED, EXIT_MALFORMED},
    {"limit", ERR_LIMIT, EXIT_MALFORMED},
    {"unauthenticated", ERR_UNAUTHENTICATED, EXIT_DENIED},
    {"denied", ERR_DENIED, EXIT_DENIED},
    {"not_found", ERR_NOT_FOUND, EXIT_DENIED},
    {"conflict", ERR_CONFLICT, EXIT_DENIED},
    {"gone", ERR_GONE, EXIT_DENIED},
    {"busy", ERR_BUSY, EXIT_UNABLE},
    {"unable", ERR_UNABLE, EXIT_UNABLE},
    {"no_memory", ERR_NOMEM, EXIT_UNABLE},
    {"io", ERR_IO, EXIT_UNABLE},
    {"bug", ERR_BUG, EXIT_UNABLE},
};

/* What is wrong with the command line or with a file that it names, whoever finds out. */
static const char *const usage_codes[] = {
    "usage", "file", "config", "not_https", "server",
    "pcrs",  "key",  "handle", "sign_key",  "evidence_type",
};

/* Statuses with a meaning of their own; the rest go by their hundred. */
struct status_row {
    int status;
    enum err err;
};

static const struct status_row statuses[] = {
    {400, ERR_MALFORMED}, {401, ERR_UNAUTHENTICATED}, {403, ERR_DENIED}, {404, ERR_NOT_FOUND},
    {405, ERR_NOT_FOUND}, {409, ERR_CONFLICT},        {410, ERR_GONE},   {429, ERR_BUSY},
};

/* OAuth answers 400 for refusals too (RFC 6749 section 5.2): there the word decides. */
struct code_row {
    const char *code;
    enum err err;
};

static const struct code_row oauth_codes[] = {
    {"invalid_grant", ERR_DENIED},           {"invalid_scope", ERR_DENIED},
    {"invalid_target", ERR_DENIED},          {"unauthorized_client", ERR_DENIED},
    {"use_dpop_nonce", ERR_UNAUTHENTICATED}, {"invalid_dpop_proof", ERR_UNAUTHENTICATED},
};

struct advice {
    const char *code;
    const char *next;
};

static const struct advice advices[] = {
    {"not_attested", "run `countersign attest --server URL --policy ID` first"},
    {"already_attested",
     "run `countersign teardown` first, or `countersign attest --again` to leave that sandbox"},
    {"sandbox_ended", "run `countersign attest` for a new sandbox"},
    {"no_agent", "run `countersign attest`, which starts the agent"},
    {"agent_start", "run `countersign agent` by hand to see why"},
    {"agent_foreign", "another user's process owns the socket: give --socket PATH in a folder of "
                      "your own"},
    {"cannot_connect", "check --server, and that the broker runs"},
    {"tls_untrusted", "give the broker's CA with --ca FILE; verification cannot be turned off"},
    {"client_certificate", "check --cert and --key: the broker has to know this certificate's CA"},
    {"tls_client", "check --cert and --key: a PEM certificate and its key, known to the broker"},
    {"tpm_open", "check --tcti (for example device:/dev/tpmrm0) and that you may open it"},
    {"tpm", "look at `tpm2_getcap properties-variable`; another process may hold the TPM"},
    {"tpm_bank", "choose another bank with --pcrs; this TPM has not allocated that one"},
    {"snp", "be root, and see that /sys/kernel/config/tsm/report or /dev/sev-guest is there "
            "(--tsm, --sev-guest)"},
    {"tdx", "be root, and see that /sys/kernel/config/tsm/report, or /dev/tdx_guest and the host's "
            "quoting service, are there (--tsm, --tdx-guest, --qgs)"},
    {"td_quote", "see that this is an Azure guest on TDX and that the metadata service of its host "
                 "answers (--td-quote)"},
    {"ccel", "check --ccel, and that you may read it"},
    {"evidence_rejected", "ask your administrator: countersign admin explain VERDICT"},
    {"evidence_malformed", "ask your administrator: countersign admin explain VERDICT"},
    {"evidence_unable", "try again later; if it stays, ask your administrator"},
    {"invalid_grant", "run `countersign attest` again; the sandbox may have ended"},
    {"invalid_scope", "ask for a scope that the policy grants"},
    {"invalid_target", "ask for an audience that the policy names"},
    {"policy_unknown", "check --policy; an administrator can run `countersign admin policy list`"},
    {"challenge_expired", "try again: the challenge lives 120 seconds"},
    {"challenge_used", "try again: each challenge counts once"},
    {"invalid_dpop_proof", "--server must be the issuer URL as the broker is configured; check "
                           "also this machine's clock"},
    {"invalid_token", "run `countersign attest` again; the sandbox may have ended"},
    {"scope_missing", "the policy does not grant this; ask your administrator"},
    {"store_denied", "the policy grants no such store; ask your administrator"},
    {"type_denied", "give another --content-type, or ask your administrator"},
    {"size_denied", "the file is larger than the policy allows"},
    {"role_missing", "another person, with that role, has to do this"},
    {"version_conflict", "raise the version in the document; versions are never overwritten"},
    {"signature_invalid", "check --sign-key: it must be the key of a registered person"},
    {"digest_differs", "look at the document again before approving"},
    {"file", "check the path"},
    {"config", "mend the file of --config, or /etc/countersign/client.conf"},
    {"not_stored", "PUT the file to its URL first"},
    {"url_expired", "ask for a new URL"},
    {"file_exists", "choose another --out, or remove the file yourself"},
};

void
text_clean(struct slice from, char *dst, size_t cap)
{
    size_t n = from.len < cap - 1 ? from.len : cap - 1;

    if (n > 0) {
        memcpy(dst, from.ptr, n);
    }
    dst[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (dst[i] < 0x20 || dst[i] > 0x7e) {
            dst[i] = '?';
        }
    }
}

enum err
fault_add(struct fault *f, enum err err, const char *code, const char *fmt, ...)
{
    char text[WHY_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text_clean(slice_text(code), f->code, sizeof f->code);
    return why_add(&f->why, err, "%s", text);
}

static const char *
member_text(const json_t *obj, const char *name)
{
    return json_string_value(json_object_get(obj, name));
}

static const struct kind *
kind_of(enum err err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].err == err) {
            return &kinds[i];
        }
    }
    return &kinds[sizeof kinds / sizeof kinds[0] - 1];
}

/* The members that a problem, an OAuth error and an agent's error have in common. */
static void
take_members(const json_t *body, struct fault *f)
{
    const json_t *failed = json_object_get(body, "failed");
    struct wr w = wr_init((uint8_t *)f->failed, sizeof f->failed - 1, "failed");
    char id[96];

    text_clean(slice_text(member_text(body, "verdict")), f->verdict, sizeof f->verdict);
    for (size_t i = 0; i < json_array_size(failed) && i < 64; i++) {
        text_clean(slice_text(json_string_value(json_array_get(failed, i))), id, sizeof id);
        id[strcspn(id, " ")] = '\0'; /* blanks part ids from each other, no id has one */
        if (id[0] != '\0') {
            wr_fmt(&w, "%s%s", w.len > 0 ? " " : "", id);
        }
    }
    f->failed[w.len] = '\0';
}

static enum err
err_of_status(int status, const char *code)
{
    for (size_t i = 0; i < sizeof oauth_codes / sizeof oauth_codes[0]; i++) {
        if (status == 400 && strcmp(code, oauth_codes[i].code) == 0) {
            return oauth_codes[i].err;
        }
    }
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (status == statuses[i].status) {
            return statuses[i].err;
        }
    }
    return status >= 400 && status < 500 ? ERR_MALFORMED : ERR_UNABLE;
}

enum err
fault_from_reply(int status, const json_t *body, struct fault *f)
{
    const char *code = member_text(body, "code");
    const char *detail = member_text(body, "detail");
    char text[WHY_TEXT];

    if (code == NULL) {
        code = member_text(body, "error");
    }
    if (detail == NULL) {
        detail = member_text(body, "error_description");
    }
    if (detail == NULL) {
        detail = member_text(body, "title");
    }
    f->status = status;
    text_clean(slice_text(code), f->code, sizeof f->code);
    text_clean(slice_text(detail), text, sizeof text);
    take_members(body, f);
    return why_add(&f->why, err_of_status(status, f->code), "%s",
                   text[0] != '\0' ? text : "the server gave no reason");
}

/* What has no word of its own is told by its kind. */
static const char *
code_of(enum err err, const struct fault *f)
{
    return f->code[0] != '\0' ? f->code : kind_of(err)->name;
}

json_t *
fault_json(enum err err, const struct fault *f)
{
    json_t *obj = json_pack("{s:s, s:s, s:i, s:s}", "kind", kind_of(err)->name, "code",
                            code_of(err, f), "status", f->status, "detail", why_text(&f->why));
    json_t *failed = json_array();
    const char *at = f->failed;

    while (*at != '\0') {
        size_t len = strcspn(at, " ");

        (void)json_array_append_new(failed, json_stringn(at, len));
        at += len + strspn(at + len, " ");
    }
    if (f->verdict[0] != '\0') {
        (void)json_object_set_new(obj, "verdict", json_string(f->verdict));
    }
    if (f->failed[0] != '\0') {
        (void)json_object_set(obj, "failed", failed);
    }
    json_decref(failed);
    if (f->retry_after_s > 0) {
        (void)json_object_set_new(obj, "retry_after", json_integer(f->retry_after_s));
    }
    return obj;
}

static int
small_int(const json_t *obj, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(obj, name));

    return v > 0 && v < 1000000 ? (int)v : 0;
}

enum err
fault_from_json(const json_t *obj, struct fault *f)
{
    const char *name = member_text(obj, "kind");
    enum err err = ERR_BUG;
    char text[WHY_TEXT];

    for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            err = kinds[i].err;
        }
    }
    f->status = small_int(obj, "status");
    f->retry_after_s = small_int(obj, "retry_after");
    text_clean(slice_text(member_text(obj, "code")), f->code, sizeof f->code);
    text_clean(slice_text(member_text(obj, "detail")), text, sizeof text);
    take_members(obj, f);
    return why_add(&f->why, err, "%s", text);
}

/* What to do next, with the verdict's id put where the table says VERDICT; "" when we cannot say. */
static void
next_step(enum err err, const struct fault *f, char *dst, size_t cap)
{
    const char *next = err == ERR_BUSY || err == ERR_UNABLE ? "try again later" : "";
    const char *mark = NULL;

    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (strcmp(f->code, advices[i].code) == 0) {
            next = advices[i].next;
        }
    }
    mark = strstr(next, "VERDICT");
    if (mark == NULL || f->verdict[0] == '\0') {
        (void)snprintf(dst, cap, "%s", next);
        return;
    }
    (void)snprintf(dst, cap, "%.*s%s", (int)(mark - next), next, f->verdict);
}

static void
report_text(enum err err, const struct fault *f, const char *next)
{
    const char *code = code_of(err, f);
    bool same = strcmp(code, why_text(&f->why)) == 0;

    complain("countersign: %s%s%s", code, same ? "" : ": ", same ? "" : why_text(&f->why));
    for (size_t i = 1; i < f->why.n; i++) {
        complain("  while: %s", f->why.link[i]);
    }
    if (f->failed[0] != '\0') {
        complain("  failed checks: %s", f->failed);
    }
    if (f->verdict[0] != '\0') {
        complain("  verdict: %s", f->verdict);
    }
    if (f->retry_after_s > 0) {
        complain("  retry after: %d s", f->retry_after_s);
    }
    if (next[0] != '\0') {
        complain("  next: %s", next);
    }
    if (err == ERR_BUG) {
        complain("  this is a fault in countersign; please report it");
    }
}

int
fault_exit(enum err err)
{
    return err == ERR_OK ? EXIT_OK : kind_of(err)->exit;
}

/* EXIT_USAGE when the command line is at fault, else by the kind of failure. */
static int
exit_of(enum err err, const struct fault *f)
{
    for (size_t i = 0; i < sizeof usage_codes / sizeof usage_codes[0]; i++) {
        if (f->status == 0 && strcmp(f->code, usage_codes[i]) == 0) {
            return EXIT_USAGE;
        }
    }
    return fault_exit(err);
}

int
fault_report(enum err err, const struct fault *f, bool as_json)
{
    char next[WHY_TEXT];
    json_t *obj = NULL;

    next_step(err, f, next, sizeof next);
    if (!as_json) {
        report_text(err, f, next);
        return exit_of(err, f);
    }
    obj = fault_json(err, f);
    if (next[0] != '\0') {
        (void)json_object_set_new(obj, "next", json_string(next));
    }
    say_json(json_pack("{s:o}", "error", obj));
    return exit_of(err, f);
}
