// Preloaded into a process: while the file that $FULL_DISK names exists, no
// regular file takes another byte, as on a disk that is full.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int full(int fd) {
  const char* flag = getenv("FULL_DISK");
  struct stat info;
  // The log on stderr is a file of the test's own.
  if (flag == NULL || fd <= STDERR_FILENO || access(flag, F_OK) != 0) return 0;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  errno = ENOSPC;
  return 1;
}

#define NEXT(type, name, ...)                                     \
  static type (*next)(__VA_ARGS__);                               \
  if (next == NULL) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void* data, size_t size) {
  NEXT(ssize_t, "write", int, const void*, size_t);
  return full(fd) ? -1 : next(fd, data, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  NEXT(ssize_t, "pwrite", int, const void*, size_t, off_t);
  return full(fd) ? -1 : next(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  NEXT(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  return full(fd) ? -1 : next(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec* pieces, int count) {
  NEXT(ssize_t, "writev", int, const struct iovec*, int);
  return full(fd) ? -1 : next(fd, pieces, count);
}

int fallocate(int fd, int mode, off_t at, off_t size) {
  NEXT(int, "fallocate", int, int, off_t, off_t);
  return full(fd) ? -1 : next(fd, mode, at, size);
}
