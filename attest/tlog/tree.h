/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - the Merkle tree over the audit log's entries, and its tiles.
 *
 * Hashes as RFC 6962 section 2.1: a leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left
 * || right), the tree of nothing SHA-256 of nothing.  Tiles and their paths as C2SP tlog-tiles:
 * 256 hashes of one level to a tile, a tile of level L+1 holds the roots of tiles of level L.
 *
 * Nothing here allocates; the states are plain values of the caller. */
#ifndef ATTEST_TLOG_TREE_H
#define ATTEST_TLOG_TREE_H

#include "attest/base/hash.h"

enum {
    TLOG_ENTRY_MAX = 4096, /* bytes of one entry */
    TLOG_TILE = 256,       /* hashes of a full tile, entries of a full bundle */
    TLOG_LEVELS = 7,       /* 256^7 entries are more than there will be */
    TLOG_PATH = 64,        /* bytes of a tile's path, with NUL */
};

void tlog_leaf(struct slice entry, uint8_t out[SHA256_LEN]);
void tlog_node(const uint8_t left[SHA256_LEN], const uint8_t right[SHA256_LEN],
               uint8_t out[SHA256_LEN]);

/* A tree that only grows: for each bit i that is set in `size`, node[i] is the root of a full
 * subtree of 2^i leaves; higher bits are further left.  Starts as zero. */
struct tlog_tree {
    uint64_t size; /* leaves */
    uint8_t node[64][SHA256_LEN];
};

void tlog_push(struct tlog_tree *t, const uint8_t leaf[SHA256_LEN]);
void tlog_root(const struct tlog_tree *t, uint8_t out[SHA256_LEN]);

/* The right edge of every level's tiles.  Level L holds size >> 8L hashes in all, of which the last
 * (size >> 8L) % 256 are in edge[L].  Starts as zero. */
struct tlog_tiles {
    uint64_t size; /* leaves */
    uint8_t edge[TLOG_LEVELS][TLOG_TILE * SHA256_LEN];
};

/* Add a leaf.  Returns how many tiles it has completed: those of the levels 0 .. n-1, each 256
 * hashes in edge[level] until the next push, with index (size >> 8 * (level + 1)) - 1. */
size_t tlog_tiles_push(struct tlog_tiles *t, const uint8_t leaf[SHA256_LEN]);

/* Hashes in the partial tile of a level; 0 when the level ends with a full one. */
size_t tlog_tiles_width(uint64_t size, size_t level);

/* "tile/L/N" or "tile/L/N.p/W": width is 1..256, and 256 is the full tile. */
void tlog_tile_path(size_t level, uint64_t index, size_t width, char dst[TLOG_PATH]);

/* "tile/entries/N" or "tile/entries/N.p/W". */
void tlog_bundle_path(uint64_t index, size_t width, char dst[TLOG_PATH]);

#endif
