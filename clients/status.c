/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - `countersign status` and `countersign teardown`. */
#include <string.h>

#include "attest/base/text.h"
#include "clients/commands.h"
#include "clients/guest.h"
#include "clients/http.h"
#include "clients/say.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

static void
print_if_there(const json_t *reply, const char *title, const char *name)
{
    char text[SERVER_MAX];

    if (json_object_get(reply, name) != NULL) {
        say("%-10s %s", title, say_member(reply, name, text, sizeof text));
    }
}

static void
status_print(const json_t *reply)
{
    const json_t *lease = json_object_get(reply, "lease");

    print_if_there(reply, "state", "state");
    print_if_there(reply, "sandbox", "sandbox");
    print_if_there(reply, "policy", "policy");
    print_if_there(reply, "broker", "server");
    print_if_there(reply, "verdict", "verdict");
    print_if_there(reply, "because", "reason");
    print_if_there(reply, "key in", "key");
    print_if_there(reply, "tokens", "tokens");
    print_if_there(reply, "expires in", "expires_in");
    print_if_there(reply, "agent pid", "pid");
    if (lease != NULL) {
        char at[RFC3339_LEN + 1];

        rfc3339_format(json_integer_value(json_object_get(lease, "until")), at);
        say("%-10s %s", "lease", at);
    }
}

int
cmd_status(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct opt shared[SETTINGS_GUEST];
    const struct usage u = {"countersign status [options]",
                            "What the agent holds.",
                            {NULL, 0},
                            {shared, SETTINGS_GUEST},
                            0,
                            0};
    json_t *q AUTO(json_free) = json_pack("{s:s}", "op", "status");

    settings_guest(&s, shared);
    return guest_command(&u, &s, q, argc, argv, status_print);
}

/* What the receipt says, member by member; its signature is for whoever it is shown to. */
static void
receipt_print(const json_t *reply)
{
    struct jws jws AUTO(jws_done) = {0};
    struct why why = {0};
    const char *text = json_string_value(json_object_get(reply, "receipt"));
    const char *name = NULL;
    json_t *value = NULL;

    if (text == NULL ||
        jws_read(slice_text(text), "receipt+jwt", JOSE_ALLOW_ES256, &jws, &why) != ERR_OK) {
        say("receipt    cannot be read: %s", why_text(&why));
        return;
    }
    json_object_foreach(jws.payload, name, value)
    {
        char *line AUTO(mem_free_text) = json_text(value);
        char title[32];
        char clean[1024];

        text_clean(slice_text(name), title, sizeof title);
        text_clean(slice_text(line), clean, sizeof clean);
        say("  %-18s %s", title, clean);
    }
}

static void
teardown_print(const json_t *reply)
{
    char id[ID_MAX];

    say("sandbox %s has ended%s; its receipt:", say_member(reply, "sandbox", id, sizeof id),
        json_is_true(json_object_get(reply, "repeated")) ? " before" : "");
    receipt_print(reply);
}

int
cmd_teardown(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct opt shared[SETTINGS_GUEST];
    const char *reason = NULL;
    const char *file = NULL;
    const struct opt own[] = {
        {"reason", "TEXT", &reason, "kept in the log"},
        {"receipt", "FILE", &file, "write the signed receipt there"},
    };
    const struct usage u = {"countersign teardown [--reason TEXT] [--receipt FILE] [options]",
                            "End the sandbox: tokens, URLs and uploads in flight stop working.",
                            {own, sizeof own / sizeof own[0]},
                            {shared, SETTINGS_GUEST},
                            0,
                            0};
    json_t *q AUTO(json_free) = json_pack("{s:s}", "op", "teardown");
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    struct words w;
    enum opt_result parsed = OPT_GO_ON;
    enum err err = ERR_OK;

    settings_guest(&s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    request_set(q, "reason", reason);
    err = settings_load(&s, &f);
    if (err == ERR_OK) {
        err = guest_ask(&s, false, q, &reply, &f);
    }
    if (err == ERR_OK && file != NULL) {
        const char *text = json_string_value(json_object_get(reply, "receipt"));

        err = file_write(file, slice_text(text), 0644, &f.why);
    }
    return guest_finish(err, &s, reply, teardown_print, &f);
}
