/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - `countersign token`: an access token, or the header lines for one request with it. */
#include "clients/commands.h"
#include "clients/guest.h"
#include "clients/say.h"
#include "common/json.h"

enum { MIN_LEFT_MAX_S = 86400 };

struct token_options {
    const char *scope, *audience, *method, *url, *nonce, *min_left;
    bool header;
};

/* A token is printed as it is: asked for in so many words, it goes where the caller sends stdout. */
static void
token_print(const json_t *reply)
{
    const char *token = json_string_value(json_object_get(reply, "access_token"));

    say("%s", token != NULL ? token : "");
}

static void
headers_print(const json_t *reply)
{
    const char *token = json_string_value(json_object_get(reply, "access_token"));
    const char *proof = json_string_value(json_object_get(reply, "dpop"));

    say("Authorization: DPoP %s", token != NULL ? token : "");
    say("DPoP: %s", proof != NULL ? proof : "");
}

static void
token_request(const struct token_options *o, long min_left_s, json_t *q)
{
    request_set(q, "op", o->header ? "headers" : "token");
    request_set(q, "scope", o->scope);
    request_set(q, "audience", o->audience);
    (void)json_object_set_new(q, "min_left_s", json_integer(min_left_s));
    if (o->header) {
        request_set(q, "method", o->method != NULL ? o->method : "GET");
        request_set(q, "url", o->url);
        request_set(q, "nonce", o->nonce);
    }
}

int
cmd_token(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct token_options o = {0};
    struct opt shared[SETTINGS_GUEST];
    const struct opt own[] = {
        {"scope", "SCOPE", &o.scope, "scopes, separated by blanks; default all that is granted"},
        {"audience", "URL", &o.audience, "who the token is for; default the broker itself"},
        {"min-left-s", "N", &o.min_left, "seconds the token has to live at least (30)"},
        {"header", NULL, &o.header, "print Authorization and DPoP lines for one request"},
        {"method", "M", &o.method, "its method (GET)"},
        {"url", "URL", &o.url, "its URL"},
        {"nonce", "N", &o.nonce, "DPoP-Nonce of that server, when it asks for one"},
    };
    const struct usage u = {"countersign token [--scope S] [--audience A] [--header --url URL]",
                            "Print an access token bound to the guest's key.",
                            {own, sizeof own / sizeof own[0]},
                            {shared, SETTINGS_GUEST},
                            0,
                            0};
    struct words w;
    struct fault f = {0};
    json_t *q AUTO(json_free) = json_object();
    json_t *reply AUTO(json_free) = NULL;
    long min_left_s = 0;
    enum opt_result parsed = OPT_GO_ON;
    enum err err = ERR_OK;

    settings_guest(&s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    if (o.header != (o.url != NULL) || (!o.header && (o.method != NULL || o.nonce != NULL))) {
        return opt_wrong(&u, "--header and --url go together, --method and --nonce with them",
                         NULL);
    }
    if (o.min_left != NULL && !opt_int(o.min_left, 0, MIN_LEFT_MAX_S, &min_left_s)) {
        return opt_wrong(&u, "--min-left-s takes 0 to 86400", o.min_left);
    }
    token_request(&o, min_left_s, q);
    err = settings_load(&s, &f);
    if (err == ERR_OK) {
        err = guest_ask(&s, false, q, &reply, &f);
    }
    return guest_finish(err, &s, reply, o.header ? headers_print : token_print, &f);
}
