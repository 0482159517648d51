/* Makes system calls on the files of one folder fail, or records them. Loaded with LD_PRELOAD.

   `limber_arm` lets the n-th call of a kind fail; `limber_record` writes every change to a file, from
   which `devtools.power_cuts` builds what a power cut leaves behind. Only calls on paths below the
   folder of `limber_watch` count. Memory that is mapped into the process is not seen: SQLite uses
   it only for its `-shm` file, which does not survive a power cut anyway. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { READ, WRITE, FSYNC, OPEN, KINDS };
#define MAX_FILES 4096
#define MAX_PATH 512

static char watched[MAX_PATH];
static char paths[MAX_FILES][MAX_PATH]; /* By descriptor; empty: not watched. */
static long calls[KINDS];
static int armed_kind = -1, armed_error;
static long armed_at, armed_count, fired;
static int log_fd = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void limber_watch(const char *folder) { snprintf(watched, MAX_PATH, "%s", folder); }

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
  size_t size = strlen(watched);
  return size && !strncmp(path, watched, size) && (path[size] == '/' || !path[size]);
}

static int is_watched(int fd) { return fd >= 0 && fd < MAX_FILES && paths[fd][0]; }

static int fails(int kind) {
  pthread_mutex_lock(&mutex);
  long number = ++calls[kind];
  int now = kind == armed_kind && number >= armed_at && number < armed_at + armed_count;
  fired += now;
  pthread_mutex_unlock(&mutex);
  if (now) errno = armed_error;
  return now;
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
  if (is_watched(fd) && fails(READ)) return -1;
  return syscall(SYS_read, fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
  if (is_watched(fd) && fails(READ)) return -1;
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
  (void)out, (void)in, (void)offset, (void)size;
  errno = EINVAL;
  return -1;
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) { return sendfile(out, in, offset, size); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
  (void)in, (void)from, (void)out, (void)to, (void)size, (void)flags;
  errno = EINVAL;
  return -1;
}
