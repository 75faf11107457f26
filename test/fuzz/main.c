/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - a fuzzer as a plain program: runs every file of a corpus, and every prefix of it, so that
 * `make check` needs no libFuzzer.  A crash is the failure; an empty or missing corpus is one too. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 1 << 20,
    PREFIX_MAX = 2048, /* longest file whose prefixes are tried */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input in memory of exactly its size, so that a sanitizer sees one byte too many. */
static void
run_exact(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);

    if (copy == NULL) {
        perror("malloc");
        exit(1);
    }
    memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static int
run_file(const char *folder, const char *name)
{
    static uint8_t data[FILE_MAX];
    char path[4096];
    size_t len = 0;
    FILE *f = NULL;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return -1;
    }
    len = fread(data, 1, sizeof data, f);
    (void)fclose(f);
    (void)printf("%s %zu\n", name, len);
    (void)fflush(stdout); /* the last line names the file that crashed */
    for (size_t n = 0; len <= PREFIX_MAX && n < len; n++) {
        run_exact(data, n);
    }
    run_exact(data, len);
    return 0;
}

int
main(int argc, char **argv)
{
    int passed = 0;
    int failed = 0;
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

    if (dir == NULL) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.') {
            continue;
        }
        if (run_file(argv[1], e->d_name) == 0) {
            passed++;
        } else {
            failed++;
        }
    }
    (void)closedir(dir);
    (void)printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
