/* Preloaded into a process: one call of read, write or open on a file under a folder fails, as a disk would make it.

   fault_set(folder, call, at, kind): the call number `at` (from 1) of the calls named fails with this error number,
   or is short where the kind is 0. at = 0 only counts. fault_count() is how many calls there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, READ, WRITE, OPEN };

static char folder[4096];
static atomic_int wanted = NONE, kind, at, count;

void fault_set(const char *under, int call, int number, int error) {
    strncpy(folder, under, sizeof folder - 1);
    atomic_store(&count, 0);
    atomic_store(&at, number);
    atomic_store(&kind, error);
    atomic_store(&wanted, call);
}

int fault_count(void) { return atomic_load(&count); }

static int watched(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* 1: fail with errno; 2: do half of it; 0: go on. */
static int strikes(int call) {
    if (atomic_load(&wanted) != call) return 0;
    if (atomic_fetch_add(&count, 1) + 1 != atomic_load(&at)) return 0;
    if (atomic_load(&kind) == 0) return 2;
    errno = atomic_load(&kind);
    return 1;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define HALF(size) ((size) > 1 ? (size) / 2 : (size))
#define WRAP(call, ...)                                                  \
    if (atomic_load(&wanted) == call && watched(descriptor)) {           \
        int what = strikes(call);                                        \
        if (what == 1) return -1;                                        \
        if (what == 2) size = HALF(size);                                \
    }                                                                    \
    return real(__VA_ARGS__);

ssize_t read(int descriptor, void *to, size_t size) { REAL(read); WRAP(READ, descriptor, to, size) }
ssize_t pread(int descriptor, void *to, size_t size, off_t offset) { REAL(pread); WRAP(READ, descriptor, to, size, offset) }
ssize_t pread64(int descriptor, void *to, size_t size, off64_t offset) { REAL(pread64); WRAP(READ, descriptor, to, size, offset) }
ssize_t write(int descriptor, const void *from, size_t size) { REAL(write); WRAP(WRITE, descriptor, from, size) }
ssize_t pwrite64(int descriptor, const void *from, size_t size, off64_t offset) { REAL(pwrite64); WRAP(WRITE, descriptor, from, size, offset) }

int fsync(int descriptor) {
    REAL(fsync);
    if (atomic_load(&wanted) == WRITE && watched(descriptor) && strikes(WRITE) == 1) return -1;
    return real(descriptor);
}

static int refused(const char *path) {
    return path && atomic_load(&wanted) == OPEN && strncmp(path, folder, strlen(folder)) == 0 && strikes(OPEN) == 1;
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
    return refused(path) ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
    return refused(path) ? -1 : real(path, flags, mode);
}
