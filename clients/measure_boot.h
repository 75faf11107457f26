/* SPDX-License-Identifier: Apache-2.0 */
/* measure_boot.h - predicates of a policy's row out of a boot that is known to be good: its event log, or the kernel image that it
 * shall run. */
#ifndef CLIENTS_MEASURE_BOOT_H
#define CLIENTS_MEASURE_BOOT_H

#include <jansson.h>

#include "clients/fault.h"

/* A tpm2 row with the strongest predicates that hold of this log: *out is owned by the caller. */
enum err measure_event_log(const char *path, json_t **out, struct fault *f) MUST_USE;

/* A tpm2 row with `uki`: the digests of the sections of a unified kernel image, by SHA-256 and SHA-384. */
enum err measure_uki(const char *path, json_t **out, struct fault *f) MUST_USE;

#endif
