/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - see guest.h. */
#include "clients/guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/say.h"
#include "common/json.h"

static const char self_exe[] = "/proc/self/exe";

enum err
guest_socket(const struct settings *s, bool make, char dst[SOCKET_MAX], struct fault *f)
{
    char here[PATH_LEN] = "";
    int n = 0;

    if (s->socket == NULL) {
        return agent_socket_path(make, dst, f);
    }
    if (s->socket[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return fault_add(f, ERR_IO, "agent", "current folder: %s", strerrordesc_np(errno));
    }
    n = snprintf(dst, SOCKET_MAX, "%s%s%s", here, here[0] != '\0' ? "/" : "", s->socket);
    if (n < 0 || (size_t)n >= SOCKET_MAX) {
        return fault_add(f, ERR_LIMIT, "agent", "--socket: path too long for a socket");
    }
    return ERR_OK;
}

enum err
guest_ask(const struct settings *s, bool start, const json_t *request, json_t **reply,
          struct fault *f)
{
    char path[SOCKET_MAX];
    struct fault first = {0};
    enum err err = ERR_OK;

    TRY(guest_socket(s, start, path, f));
    err = agent_ask(path, request, reply, &first);
    if (!start || strcmp(first.code, "no_agent") != 0) {
        *f = first;
        return err;
    }
    TRY(agent_start(self_exe, path, f));
    return agent_ask(path, request, reply, f);
}

void
request_set(json_t *request, const char *name, const char *value)
{
    if (value != NULL) {
        (void)json_object_set_new(request, name, json_string(value));
    }
}

int
guest_finish(enum err err, const struct settings *s, json_t *reply, void (*print)(const json_t *),
             const struct fault *f)
{
    if (err != ERR_OK) {
        return fault_report(err, f, s->json);
    }
    if (s->json) {
        say_json(json_incref(reply));
    } else {
        print(reply);
    }
    return EXIT_OK;
}

int
guest_command(const struct usage *u, struct settings *s, const json_t *q, int argc, char **argv,
              void (*print)(const json_t *))
{
    struct words w;
    struct fault f = {0};
    json_t *reply AUTO(json_free) = NULL;
    enum opt_result parsed = opt_parse(u, argc, argv, &w);
    enum err err = ERR_OK;

    if (parsed != OPT_GO_ON) {
        return opt_exit(parsed);
    }
    err = settings_load(s, &f);
    if (err == ERR_OK) {
        err = guest_ask(s, false, q, &reply, &f);
    }
    return guest_finish(err, s, reply, print, &f);
}
