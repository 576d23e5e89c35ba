/* libsignal.so, to be preloaded: raises SIGUSR1 in the midst of the recorder, which asks for memory while it
 * holds its locks. FAKE_SIGNAL_AT=BYTES[:N] names the Nth (first) anonymous mapping of so many bytes. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

__attribute__((visibility("default"))) void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                                                  off_t offset) {
    static void *(*original)(void *, size_t, int, int, int, off_t);
    static atomic_int seen;
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "mmap");
    }
    const char *at = getenv("FAKE_SIGNAL_AT");
    if (at && flags & MAP_ANONYMOUS) {
        char *end;
        size_t bytes = strtoull(at, &end, 10);
        int nth = *end == ':' ? atoi(end + 1) : 1;
        if (len == bytes && atomic_fetch_add(&seen, 1) + 1 == nth) {
            raise(SIGUSR1);
        }
    }
    return original(addr, len, prot, flags, fd, offset);
}
