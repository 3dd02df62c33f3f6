/* Preloaded into a process (LD_PRELOAD), writes a line to the file CONNECT_WATCH_LOG for each attempt to reach the
   network: a connect() or sendto() to an IPv4 or IPv6 address, and each name that is to be resolved. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char* what, const char* detail) {
  const char* path = getenv("CONNECT_WATCH_LOG");
  if (path == NULL) return;
  char line[512];
  int length = snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), what, detail);
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (write(file, line, (size_t)length) < 0) { /* the test finds too little, and fails */
  }
  close(file);
}

static void note_address(const char* what, const struct sockaddr* address) {
  if (address != NULL && (address->sa_family == AF_INET || address->sa_family == AF_INET6)) note(what, "inet");
}

int connect(int socket_file, const struct sockaddr* address, socklen_t length) {
  int (*next)(int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "connect");
  note_address("connect", address);
  return next(socket_file, address, length);
}

ssize_t sendto(int socket_file, const void* bytes, size_t count, int flags, const struct sockaddr* address,
               socklen_t length) {
  ssize_t (*next)(int, const void*, size_t, int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "sendto");
  note_address("sendto", address);
  return next(socket_file, bytes, count, flags, address, length);
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
  int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  note("getaddrinfo", node == NULL ? "" : node);
  return next(node, service, hints, result);
}
