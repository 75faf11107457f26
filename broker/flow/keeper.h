/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - what happens without being asked: leases run out, documents change, crashes are cleaned up after. */
#ifndef BROKER_FLOW_KEEPER_H
#define BROKER_FLOW_KEEPER_H

#include "broker/flow/broker.h"

struct keeper;

/* Once at start, before the first request: finish or remove what a crash left half way. */
enum err keeper_recover(struct broker *b, struct why *why) MUST_USE;

enum err keeper_start(struct broker *b, struct keeper **out, struct why *why) MUST_USE;
void keeper_stop(struct keeper **k);

#endif
