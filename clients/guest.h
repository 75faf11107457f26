/* SPDX-License-Identifier: Apache-2.0 */
/* guest.h - what the guest's commands share: asking the agent. */
#ifndef CLIENTS_GUEST_H
#define CLIENTS_GUEST_H

#include "clients/lib/agent_wire.h"
#include "clients/settings.h"

/* Absolute path of the agent's socket: --socket, or the usual place. */
enum err guest_socket(const struct settings *s, bool make, char dst[SOCKET_MAX],
                      struct fault *f) MUST_USE;

/* Ask the agent; `start` it when there is none.  *reply is owned by the caller. */
enum err guest_ask(const struct settings *s, bool start, const json_t *request, json_t **reply,
                   struct fault *f) MUST_USE;

/* Set a member unless the value is NULL. */
void request_set(json_t *request, const char *name, const char *value);

/* The common end of a guest command: print the reply or the fault; returns the exit code. */
int guest_finish(enum err err, const struct settings *s, json_t *reply,
                 void (*print)(const json_t *), const struct fault *f);

/* A command that is one question to the agent and has no words. */
int guest_command(const struct usage *u, struct settings *s, const json_t *q, int argc, char **argv,
                  void (*print)(const json_t *));

#endif
