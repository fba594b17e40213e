// Preloaded into a process: ends it, as kill -9 does, right before its Nth
// change ($KILL_AT, from 1) of a file below $KILL_BELOW.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void count(const char* path) {
  static int seen = 0;
  const char* below = getenv("KILL_BELOW");
  const char* at = getenv("KILL_AT");
  if (below == NULL || at == NULL || strstr(path, below) == NULL) return;
  if (__atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) == atoi(at)) {
    kill(getpid(), SIGKILL);
  }
}

static void count_fd(int fd) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size <= 0) return;
  path[size] = '\0';
  count(path);
}

#define NEXT(type, name, ...)                   \
  static type (*next)(__VA_ARGS__);             \
  if (next == NULL) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void* data, size_t size) {
  NEXT(ssize_t, "write", int, const void*, size_t);
  count_fd(fd);
  return next(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  NEXT(ssize_t, "pwrite", int, const void*, size_t, off_t);
  count_fd(fd);
  return next(fd, data, size, at);
}

int fsync(int fd) {
  NEXT(int, "fsync", int);
  count_fd(fd);
  return next(fd);
}

int fdatasync(int fd) {
  NEXT(int, "fdatasync", int);
  count_fd(fd);
  return next(fd);
}

int ftruncate(int fd, off_t size) {
  NEXT(int, "ftruncate", int, off_t);
  count_fd(fd);
  return next(fd, size);
}

int rename(const char* from, const char* to) {
  NEXT(int, "rename", const char*, const char*);
  count(to);
  return next(from, to);
}

int unlink(const char* path) {
  NEXT(int, "unlink", const char*);
  count(path);
  return next(path);
}
