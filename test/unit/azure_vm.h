/* SPDX-License-Identifier: Apache-2.0 */
/* azure_vm.h - the machine of an Azure guest: a TPM emulator (swtpm) with a key where the paravisor has it and indices to be defined, and a
 * metadata service on loopback that answers once.  Include it in one file of a program. */
#ifndef TEST_UNIT_AZURE_VM_H
#define TEST_UNIT_AZURE_VM_H

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include "test/unit/emulator.h"

enum { HCL_INDEX = 0x01400001, PIECE = 512, INDEX_MAX = 2048 /* of swtpm */ };

#define AK_HANDLE UINT32_C(0x81000003)

struct vm {
    struct emulator tpm;
    uint8_t modulus[512];
    size_t modulus_len;
};

/* ---- a TPM as the paravisor leaves it */

/* Make the RSA key persistent where Azure has it. */
static void
keep_ak(struct vm *v)
{
    struct device d AUTO(device_close) = {0};
    struct ak ak AUTO(ak_done) = {0};
    struct fault f = {0};
    ESYS_TR kept = ESYS_TR_NONE;
    TPM2B_PUBLIC *pub AUTO(tss_free) = NULL;

    assert_int_equal(device_open(v->tpm.tcti, &d, &f), ERR_OK);
    assert_int_equal(ak_open(&d, "rsa", &ak, &f), ERR_OK);
    assert_int_equal(Esys_EvictControl(d.esys, ESYS_TR_RH_OWNER, ak.key.handle, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, AK_HANDLE, &kept),
                     TSS2_RC_SUCCESS);
    assert_int_equal(
        Esys_ReadPublic(d.esys, kept, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL, NULL),
        TSS2_RC_SUCCESS);
    v->modulus_len = pub->publicArea.unique.rsa.size;
    memcpy(v->modulus, pub->publicArea.unique.rsa.buffer, v->modulus_len);
    (void)Esys_TR_Close(d.esys, &kept);
}

static void
define_index(struct vm *v, TPM2_HANDLE index, TPMA_NV attributes, struct slice bytes)
{
    struct device d AUTO(device_close) = {0};
    struct fault f = {0};
    const TPM2B_AUTH none = {0};
    const TPM2B_NV_PUBLIC public = {.nvPublic = {.nvIndex = index,
                                                 .nameAlg = TPM2_ALG_SHA256,
                                                 .attributes = attributes | TPMA_NV_OWNERWRITE,
                                                 .dataSize = (UINT16)bytes.len}};
    ESYS_TR nv = ESYS_TR_NONE;

    assert_int_equal(device_open(v->tpm.tcti, &d, &f), ERR_OK);
    assert_int_equal(Esys_NV_DefineSpace(d.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &none, &public, &nv),
                     TSS2_RC_SUCCESS);
    for (size_t at = 0; at < bytes.len; at += PIECE) {
        TPM2B_MAX_NV_BUFFER piece = {.size = PIECE};

        piece.size = (UINT16)(bytes.len - at < PIECE ? bytes.len - at : PIECE);
        memcpy(piece.buffer, bytes.ptr + at, piece.size);
        assert_int_equal(Esys_NV_Write(d.esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &piece, (UINT16)at),
                         TSS2_RC_SUCCESS);
    }
    (void)Esys_TR_Close(d.esys, &nv);
}

static void
undefine_index(struct vm *v, TPM2_HANDLE index)
{
    struct device d AUTO(device_close) = {0};
    struct fault f = {0};
    ESYS_TR nv = ESYS_TR_NONE;

    assert_int_equal(device_open(v->tpm.tcti, &d, &f), ERR_OK);
    assert_int_equal(
        Esys_TR_FromTPMPublic(d.esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv),
        TSS2_RC_SUCCESS);
    assert_int_equal(Esys_NV_UndefineSpace(d.esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD,
                                           ESYS_TR_NONE, ESYS_TR_NONE),
                     TSS2_RC_SUCCESS);
}

static int
setup(void **state)
{
    struct vm *v = calloc(1, sizeof *v);

    emulator_start(&v->tpm);
    keep_ak(v);
    *state = v;
    return 0;
}

static int
teardown(void **state)
{
    struct vm *v = *state;

    emulator_stop(&v->tpm);
    free(v);
    return 0;
}

/* ---- a metadata service: one connection, one answer */

struct service {
    int listener;
    pthread_t thread;
    char url[96];
    const char *answer; /* the whole of it; "": closes at once; NULL: never says anything */
    char request[8192];
    size_t request_len;
};

/* How long the request is by its head; 0 while that is not there. */
static size_t
request_whole(const struct service *s)
{
    const char *end = strstr(s->request, "\r\n\r\n");
    const char *length = strstr(s->request, "Content-Length: ");

    if (end == NULL) {
        return 0;
    }
    return (size_t)(end - s->request) + 4 +
           (length != NULL ? (size_t)strtoul(length + strlen("Content-Length: "), NULL, 10) : 0);
}

static void
take_request(struct service *s, int fd)
{
    ssize_t n = 1;
    size_t whole = 0;

    while (n > 0 && (whole == 0 || s->request_len < whole)) {
        n = read(fd, s->request + s->request_len, sizeof s->request - 1 - s->request_len);
        s->request_len += n > 0 ? (size_t)n : 0;
        s->request[s->request_len] = '\0';
        whole = request_whole(s);
    }
}

static void *
serve_once(void *arg)
{
    struct service *s = arg;
    int fd = accept(s->listener, NULL, NULL);
    char one = 0;

    if (fd < 0) {
        return NULL;
    }
    take_request(s, fd);
    if (s->answer == NULL) {
        (void)!read(fd, &one, 1); /* until the client gives up */
    } else {
        (void)!write(fd, s->answer, strlen(s->answer));
    }
    (void)close(fd);
    return NULL;
}

static void
service_start(struct service *s, const char *path, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    (void)signal(SIGPIPE, SIG_IGN);
    *s = (struct service){.answer = answer, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(s->listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d%s", ntohs(at.sin_port), path);
    assert_int_equal(pthread_create(&s->thread, NULL, serve_once, s), 0);
}

static void
service_stop(struct service *s)
{
    (void)shutdown(s->listener, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listener);
}

#endif
