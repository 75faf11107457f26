/* SPDX-License-Identifier: Apache-2.0 */
/* front.h - what the parts of http/ share; nobody else includes it. */
#ifndef BROKER_HTTP_FRONT_H
#define BROKER_HTTP_FRONT_H

#include <microhttpd.h>

#include "broker/http/conn.h"
#include "broker/http/http.h"

enum { LISTENERS = 3 };

struct http_listen {
    struct http_front *front;
    enum http_listener kind;
    bool tls;
    struct MHD_Daemon *daemon; /* NULL: not opened */
};

struct http_front {
    struct http_conf conf; /* file names in it are not used after http_start() */
    uint8_t *anchors;      /* PEM of the client CA; owned */
    struct conns conns;
    struct http_listen listen[LISTENERS];
};

/* The callbacks of libmicrohttpd; cls is the struct http_listen. */
enum MHD_Result serve_accept(void *cls, const struct sockaddr *address, socklen_t len);
void serve_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                  enum MHD_ConnectionNotificationCode code);
void *serve_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result serve_request(void *cls, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **request_context);
void serve_completed(void *cls, struct MHD_Connection *mhd, void **request_context,
                     enum MHD_RequestTerminationCode code);

#endif
