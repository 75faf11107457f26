/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of `countersign`: each takes its own argc and argv (argv[0] is the
 * command's name) and returns the process's exit code. */
#ifndef CLIENTS_COMMANDS_H
#define CLIENTS_COMMANDS_H

/* Of the interfaces that scripts rely on: options, output members, exit codes. */
#define COUNTERSIGN_VERSION "0.1.0"

int cmd_agent(int argc, char **argv);
int cmd_attest(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_upload(int argc, char **argv);
int cmd_teardown(int argc, char **argv);
int cmd_admin(int argc, char **argv);
int cmd_audit(int argc, char **argv);

#endif
