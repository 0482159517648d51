/* Makes system calls on the files of one folder fail, or records them, and sets the clock. Loaded with LD_PRELOAD.

   A file named by LIMBER_FAULTS is shared with the process that injects faults (`struct control`, as in
   `devtools.fault_shim`). `limber_arm` lets the n-th call of a kind fail; `limber_record` writes every change to a file, from
   which `devtools.power_cuts` builds what a power cut leaves behind. Only calls on paths below the
   watched folder count. Memory that is mapped into the process is not seen: SQLite uses
   it only for its `-shm` file, which does not survive a power cut anyway. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { READ, WRITE, FSYNC, OPEN, KINDS };
#define MAX_FILES 4096
#define MAX_PATH 512

struct control {
  int64_t clock_offset_ns;     /* Added to the wall clock. */
  int64_t bad_inode, bad_begin, bad_end; /* A file, whatever its name is, and bytes of it that cannot be read. */
  int64_t fired;               /* How many calls have failed at random, or at the bad bytes. */
  int32_t kinds, one_in, error; /* Every n-th call of these kinds (bits) fails with this error; 0: none. */
  int32_t limit;               /* How many of them fail; 0: all. */
  int64_t calls[KINDS];        /* How many calls of each kind there were. */
  char watched[MAX_PATH];      /* A folder. */
};

static struct control own, *control = &own;
static char paths[MAX_FILES][MAX_PATH]; /* By descriptor; empty: not watched. */
static long calls[KINDS];
static int armed_kind = -1, armed_error;
static long armed_at, armed_count, fired;
static int log_fd = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void limber_record(const char *path);

__attribute__((constructor)) static void attach(void) {
  const char *log = getenv("LIMBER_RECORD");
  if (log) limber_record(log);
  const char *path = getenv("LIMBER_FAULTS");
  if (!path) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *shared = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) control = shared;
  syscall(SYS_close, fd);
}

void limber_watch(const char *folder) { snprintf(control->watched, MAX_PATH, "%s", folder); }

/* From now on these bytes of a file cannot be read; inode 0: all can. */
void limber_spoil(int64_t inode, int64_t begin, int64_t end) {
  control->bad_inode = inode;
  control->bad_begin = begin;
  control->bad_end = end;
}

void limber_arm(int kind, long at, long count, int error) {
  memset(calls, 0, sizeof calls);
  armed_kind = kind;
  armed_at = at;
  armed_count = count;
  armed_error = error;
  fired = 0;
}

long limber_fired(void) { return fired; }

void limber_record(const char *path) {
  if (log_fd >= 0) close(log_fd);
  log_fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
}

static int is_below(const char *path) {
  size_t size = strlen(control->watched);
  return size && !strncmp(path, control->watched, size) && (path[size] == '/' || !path[size]);
}

static int is_watched(int fd) { return fd >= 0 && fd < MAX_FILES && paths[fd][0]; }

static int fails(int kind) {
  pthread_mutex_lock(&mutex);
  long number = ++calls[kind];
  int now = kind == armed_kind && number >= armed_at && number < armed_at + armed_count;
  fired += now;
  static int64_t seen;
  control->calls[kind]++;
  int chance = control->one_in > 0 && control->kinds >> kind & 1 && ++seen % control->one_in == 0;
  if (control->limit && control->fired >= control->limit) chance = 0;
  control->fired += chance;
  pthread_mutex_unlock(&mutex);
  if (now) errno = armed_error;
  else if (chance) errno = control->error;
  return now || chance;
}

/* Whether a read of a file touches the bytes that cannot be read. */
static int is_bad(int fd, int64_t offset, size_t size) {
  struct stat status;
  if (!control->bad_inode || fstat(fd, &status) || (int64_t)status.st_ino != control->bad_inode) return 0;
  if (offset >= control->bad_end || offset + (int64_t)size <= control->bad_begin) return 0;
  control->fired++;
  errno = EIO;
  return 1;
}

/* One record: kind, lengths of a path and of data or a second path, offset, then both. */
static void record(char kind, const char *path, int64_t offset, const void *data, uint32_t size) {
  if (log_fd < 0) return;
  struct __attribute__((packed)) { char kind; uint32_t path_size, size; int64_t offset; } head;
  head.kind = kind;
  head.path_size = (uint32_t)strlen(path);
  head.size = size;
  head.offset = offset;
  pthread_mutex_lock(&mutex);
  syscall(SYS_write, log_fd, &head, sizeof head);
  syscall(SYS_write, log_fd, path, head.path_size);
  if (size) syscall(SYS_write, log_fd, data, size);
  pthread_mutex_unlock(&mutex);
}

void limber_mark(long number) { record('M', "", number, NULL, 0); }

static int open_watched(int folder, const char *path, int flags, mode_t mode) {
  int below = is_below(path);
  if (below && !(flags & O_DIRECTORY) && fails(OPEN)) return -1;
  int is_new = below && (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
  int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
  if (fd >= 0 && fd < MAX_FILES) {
    paths[fd][0] = 0;
    if (below) snprintf(paths[fd], MAX_PATH, "%s", path);
  }
  if (fd >= 0 && below && is_new) record('C', path, 0, NULL, 0);
  if (fd >= 0 && below && !is_new && (flags & O_TRUNC)) record('T', path, 0, NULL, 0);
  return fd;
}

#define OPEN_BODY(folder)                        \
  mode_t mode = 0;                               \
  if (flags & (O_CREAT | __O_TMPFILE)) {         \
    va_list more;                                \
    va_start(more, flags);                       \
    mode = va_arg(more, mode_t);                 \
    va_end(more);                                \
  }                                              \
  return open_watched(folder, path, flags, mode);

int open(const char *path, int flags, ...) { OPEN_BODY(AT_FDCWD) }
int open64(const char *path, int flags, ...) { OPEN_BODY(AT_FDCWD) }
int openat(int folder, const char *path, int flags, ...) { OPEN_BODY(folder) }
int openat64(int folder, const char *path, int flags, ...) { OPEN_BODY(folder) }

int close(int fd) {
  if (fd >= 0 && fd < MAX_FILES) paths[fd][0] = 0;
  return (int)syscall(SYS_close, fd);
}

ssize_t read(int fd, void *data, size_t size) {
  if (is_watched(fd) && (fails(READ) || is_bad(fd, lseek(fd, 0, SEEK_CUR), size))) return -1;
  return syscall(SYS_read, fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
  if (is_watched(fd) && (fails(READ) || is_bad(fd, offset, size))) return -1;
  return syscall(SYS_pread64, fd, data, size, offset);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t offset) { return pread(fd, data, size, offset); }

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  if (is_watched(fd) && fails(WRITE)) return -1;
  ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
  if (done > 0 && is_watched(fd)) record('W', paths[fd], offset, data, (uint32_t)done);
  return done;
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return pwrite(fd, data, size, offset); }

ssize_t write(int fd, const void *data, size_t size) {
  if (!is_watched(fd)) return syscall(SYS_write, fd, data, size);
  if (fails(WRITE)) return -1;
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, fd, data, size);
  if (done > 0) record('W', paths[fd], offset, data, (uint32_t)done);
  return done;
}

static int sync_watched(int fd, long call) {
  if (is_watched(fd) && fails(FSYNC)) return -1;
  int done = (int)syscall(call, fd);
  if (!done && is_watched(fd)) record('S', paths[fd], 0, NULL, 0);
  return done;
}
int fsync(int fd) { return sync_watched(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_watched(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t size) {
  if (is_watched(fd) && fails(WRITE)) return -1;
  int done = (int)syscall(SYS_ftruncate, fd, size);
  if (!done && is_watched(fd)) record('T', paths[fd], size, NULL, 0);
  return done;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int rename(const char *old, const char *new) {
  if (is_below(old) && fails(WRITE)) return -1;
  int done = (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
  if (!done && is_below(old)) record('R', old, 0, new, (uint32_t)strlen(new));
  return done;
}

int unlink(const char *path) {
  if (is_below(path) && fails(WRITE)) return -1;
  int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (!done && is_below(path)) record('U', path, 0, NULL, 0);
  return done;
}

/* Copies by the kernel would pass unseen; Python then reads and writes instead. */
ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
  if (!is_watched(out) && !is_watched(in)) return syscall(SYS_sendfile, out, in, offset, size);
  errno = EINVAL;
  return -1;
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) { return sendfile(out, in, offset, size); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
  (void)in, (void)from, (void)out, (void)to, (void)size, (void)flags;
  errno = EINVAL;
  return -1;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int done = (int)syscall(SYS_clock_gettime, clock, now);
  if (done || !control->clock_offset_ns || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return done;
  int64_t ns = now->tv_sec * 1000000000LL + now->tv_nsec + control->clock_offset_ns;
  now->tv_sec = ns / 1000000000;
  now->tv_nsec = ns % 1000000000;
  if (now->tv_nsec < 0) now->tv_sec--, now->tv_nsec += 1000000000;
  return 0;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now) *now = precise.tv_sec;
  return precise.tv_sec;
}
