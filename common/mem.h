/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h - the only place outside attest/ that allocates memory by hand.
 *
 * mem_new() and mem_text() never return NULL: running out of memory ends the process, which is the one safe
 * thing a process can do then that holds credentials.  Sizes are multiplied with overflow checks.  Never size by untrusted numbers
 * that have not been compared with a named maximum. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include "attest/base/slice.h"

/* n zeroed objects of `size` bytes; free with mem_free(). */
void *mem_new(size_t n, size_t size);

/* `size` bytes as they come, for what the next call fills whole; free with mem_free(). */
void *mem_raw(size_t size);

/* Grow an array to n objects; new ones are zeroed. */
void *mem_grow(void *old, size_t old_n, size_t n, size_t size);

/* A NUL-terminated copy. */
char *mem_text(struct slice s);

void mem_free(void *p);

/* Destructors for AUTO. */
void mem_free_text(char **p);
void mem_free_bytes(uint8_t **p);

#endif
