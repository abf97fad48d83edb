/* librabbitmq as Swift sees it: its headers, and the few calls and macros that Swift cannot import
 * (C variadic functions, cast macros), each as a static inline function of the same meaning. */
#ifndef DUBAN_CRABBITMQ_SHIM_H
#define DUBAN_CRABBITMQ_SHIM_H
#include <pthread.h>
#include <sys/time.h>
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

/* amqp_login_with_properties is variadic in its SASL arguments; this is its PLAIN form. */
static inline amqp_rpc_reply_t crabbitmq_login_plain(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *client_properties, const char *user, const char *password) {
  return amqp_login_with_properties(
      state, vhost, channel_max, frame_max, heartbeat, client_properties, AMQP_SASL_METHOD_PLAIN, user, password);
}
/* EXTERNAL: the client's TLS certificate names the user. */
static inline amqp_rpc_reply_t crabbitmq_login_external(
    amqp_connection_state_t state, const char *vhost, int channel_max, int frame_max, int heartbeat,
    const amqp_table_t *client_properties, const char *identity) {
  return amqp_login_with_properties(
      state, vhost, channel_max, frame_max, heartbeat, client_properties, AMQP_SASL_METHOD_EXTERNAL, identity);
}
/* An encrypted key must fail rather than have OpenSSL ask for its passphrase on the terminal; the empty one lasts for ever. */
static inline void crabbitmq_never_ask_passphrase(amqp_socket_t *socket) {
  amqp_ssl_socket_set_key_passwd(socket, "");
}

/* A GNU extension, which <pthread.h> shows only to those who define _GNU_SOURCE before any header. */
extern int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);
/* The size of the calling thread's stack in bytes; 0 if it cannot be told. */
static inline size_t crabbitmq_stack_size(void) {
  pthread_attr_t attributes;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return size;
}
#endif
