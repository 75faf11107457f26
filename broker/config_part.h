/* SPDX-License-Identifier: Apache-2.0 */
/* config_part.h - what the files that read the configuration share. */
#ifndef BROKER_CONFIG_PART_H
#define BROKER_CONFIG_PART_H

#include <jansson.h>

#include "broker/config.h"

/* A file or folder that the configuration names and that must be there; relative ones count from the configuration's own
 * folder.  `what` is the member's name. */
enum err config_file(const char *config_path, const char *name, const char *what, char *dst,
                     size_t cap, struct why *why) MUST_USE;

/* The member "collateral"; NULL gives the defaults, by which nothing is fetched. */
enum err config_collateral(json_t *obj, const char *config_path, struct collateral_conf *out,
                           struct why *why) MUST_USE;

#endif
