/* SPDX-License-Identifier: Apache-2.0 */
/* agent_command.c - `countersign agent`: run it, or stop the one that runs. */
#include <string.h>

#include "clients/agent.h"
#include "clients/commands.h"
#include "clients/guest.h"
#include "clients/say.h"
#include "common/json.h"

enum { IDLE_MAX_S = 604800 };

static void
stop_print(const json_t *reply)
{
    char pid[16];

    say("agent %s has been stopped", say_member(reply, "pid", pid, sizeof pid));
}

static int
stop(const struct settings *s)
{
    json_t *q AUTO(json_free) = json_pack("{s:s}", "op", "stop");
    json_t *reply AUTO(json_free) = NULL;
    struct fault f = {0};
    enum err err = guest_ask(s, false, q, &reply, &f);

    return guest_finish(err, s, reply, stop_print, &f);
}

static int
serve(const struct settings *s, struct agent_options o)
{
    char path[SOCKET_MAX];
    struct fault f = {0};
    enum err err = guest_socket(s, true, path, &f);

    if (err == ERR_OK) {
        o.socket = path;
        err = agent_serve(&o, &f);
    }
    /* Two commands may start one each at the same time; the later one is not needed. */
    if (err == ERR_OK || (o.started && strcmp(f.code, "agent_running") == 0)) {
        return EXIT_OK;
    }
    return fault_report(err, &f, s->json);
}

int
cmd_agent(int argc, char **argv)
{
    struct settings s AUTO(settings_done) = {0};
    struct agent_options o = {.idle_s = AGENT_IDLE_S};
    struct opt shared[SETTINGS_GUEST];
    const char *idle = NULL;
    bool stop_it = false;
    const struct opt own[] = {
        {"stop", NULL, &stop_it, "stop the one that runs; its key is wiped"},
        {"idle-s", "N", &idle, "end N seconds after the last use without a sandbox (300)"},
        {"started", NULL, &o.started, "for commands that start it"},
    };
    const struct usage u = {"countersign agent [--stop] [--idle-s N] [options]",
                            "Hold the guest's key and tokens, send heartbeats; runs in the "
                            "foreground.\n`countersign attest` starts it when it is not there.",
                            {own, sizeof own / sizeof own[0]},
                            {shared, SETTINGS_GUEST},
                            0,
                            0};
    struct words w;
    struct fault f = {0};
    long seconds = AGENT_IDLE_S;
    enum opt_result parsed = OPT_GO_ON;
    enum err err = ERR_OK;

    settings_guest(&s, shared);
    parsed = opt_parse(&u, argc, argv, &w);
    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    if (idle != NULL && !opt_int(idle, 1, IDLE_MAX_S, &seconds)) {
        return opt_wrong(&u, "--idle-s takes 1 to 604800", idle);
    }
    o.idle_s = seconds;
    err = settings_load(&s, &f);
    if (err != ERR_OK) {
        return fault_report(err, &f, s.json);
    }
    return stop_it ? stop(&s) : serve(&s, o);
}
