/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_agent.c - what a local caller may send the agent, and what a broker or an agent may answer with.
 *
 * A request that is taken is one of the operations, with an id, if any, that is safe in a path.  A
 * reply that is no success stays a failure on its way through the agent, and is printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/agent_request.h"
#include "clients/fault.h"
#include "clients/lib/agent_wire.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
try_request(struct slice in)
{
    struct agent_request r AUTO(agent_request_done) = {0};
    struct why why = {0};

    if (agent_request_read(in, &r, &why) != ERR_OK) {
        return;
    }
    if (r.op > AGENT_TEARDOWN || r.json == NULL || r.size < 0 || r.min_left_s < 0) {
        abort();
    }
    if (r.id != NULL && (r.id[0] == '\0' || strpbrk(r.id, "/.?#% ") != NULL)) {
        abort();
    }
}

static void
check_printable(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < 0x20 || *p > 0x7e) {
            abort();
        }
    }
}

static void
try_reply(struct slice in, int status)
{
    json_t *body AUTO(json_free) = NULL;
    json_t *told AUTO(json_free) = NULL;
    struct fault f = {0};
    struct fault g = {0};
    struct why why = {0};
    enum err err = json_read(in, &body, &why);

    if (err != ERR_OK) {
        body = NULL;
    }
    err = fault_from_reply(status, body, &f);
    told = fault_json(err, &f);
    if (err == ERR_OK || fault_from_json(told, &g) != err || strcmp(f.failed, g.failed) != 0) {
        abort();
    }
    check_printable(f.code);
    check_printable(f.failed);
    check_printable(f.verdict);
    check_printable(why_text(&f.why));
    g = (struct fault){0};
    if (fault_from_json(body, &g) == ERR_OK) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > AGENT_REQUEST_MAX) {
        return 0;
    }
    try_request((struct slice){data, len});
    try_reply((struct slice){data, len}, 400);
    try_reply((struct slice){data, len}, 503);
    return 0;
}
