/* libsystem.so, to be preloaded: a system at its worst.
 *   FAKE_SLOW_LOADER_MS   the recorder's writer is held up for so long in the dynamic linker, with its lock
 *   FAKE_CLOCK_STEP       the time of day is so many seconds ahead of what the kernel knows */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int (*each_library)(struct dl_phdr_info *, size_t, void *);

static each_library asked_for;

static int held_up(struct dl_phdr_info *info, size_t size, void *data) {
    static int times;
    const char *ms = getenv("FAKE_SLOW_LOADER_MS");
    if (ms && times++ == 0) {
        usleep((unsigned)atoi(ms) * 1000);
    }
    return asked_for(info, size, data);
}

EXPORT int dl_iterate_phdr(each_library callback, void *data) {
    static int (*original)(each_library, void *);
    char name[16] = "";
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    }
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (strcmp(name, "moetrace") != 0) {
        return original(callback, data);
    }
    asked_for = callback;
    return original(held_up, data);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's names are reserved */
EXPORT int clock_gettime(clockid_t clock, struct timespec *t) {
    static int (*original)(clockid_t, struct timespec *);
    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int rc = original(clock, t);
    const char *step = getenv("FAKE_CLOCK_STEP");
    if (step && clock == CLOCK_REALTIME) {
        t->tv_sec += atoi(step);
    }
    return rc;
}
