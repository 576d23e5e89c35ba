/* Where the library enters the process: its constructor and destructor, the entry that the CUDA driver calls
 * when CUDA is initialised, and getenv, through which NVTX and the driver ask for the path of such a library.
 * Answering the question, instead of setting the variables, leaves the target's environment (and its
 * children's) as it was. */
#include "preload/cupti_lifecycle.h"
#include "preload/nvtx.h"
#include "preload/recorder.h"
#include "preload/warn_once.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern char **environ;

static const char *own_path; /* of this library; NULL before the constructor ran */

static char *(*original_getenv)(const char *);

/* Before the constructor ran (other libraries' initialisers) there is nobody to ask. */
static char *search_environment(const char *name) {
    size_t len = strlen(name);
    for (char **e = environ; e && *e; e++) {
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=') {
            return *e + len + 1;
        }
    }
    return NULL;
}

EXPORT char *getenv(const char *name) {
    char *value = original_getenv ? original_getenv(name) : search_environment(name);
    bool nvtx = strcmp(name, "NVTX_INJECTION64_PATH") == 0;
    if (!own_path || (!nvtx && strcmp(name, "CUDA_INJECTION64_PATH") != 0)) {
        return value;
    }
    if (!value || !*value) {
        if (nvtx) {
            preload_nvtx_first_call();
        }
        return (char *)(uintptr_t)own_path;
    }
    if (nvtx && strcmp(value, own_path) != 0) {
        preload_warn_once("nvtx",
                          "NVTX_INJECTION64_PATH is set: another tool (%s) receives the NVTX ranges of this "
                          "process; none of them is recorded",
                          value);
    }
    return value;
}

/* The calls that end a process with no handler run; Python's os._exit is one of them. */
EXPORT _Noreturn void _exit(int status);
EXPORT _Noreturn void _Exit(int status);

EXPORT _Noreturn void _exit(int status) {
    preload_recorder_leave();
    for (;;) {
        syscall(SYS_exit_group, status);
    }
}

EXPORT _Noreturn void _Exit(int status) {
    _exit(status);
}

EXPORT int InitializeInjection(void);

/* The driver calls this once, inside cuInit. */
EXPORT int InitializeInjection(void) {
    preload_cupti_begin();
    return 1;
}

__attribute__((constructor)) static void recorder_constructor(void) {
    Dl_info info;
    *(void **)&original_getenv = dlsym(RTLD_NEXT, "getenv");
    preload_recorder_init();
    if (dladdr((void *)(uintptr_t)&InitializeInjection, &info) && info.dli_fname) {
        own_path = realpath(info.dli_fname, NULL);
    }
}

__attribute__((destructor)) static void recorder_destructor(void) {
    preload_recorder_stop("exit");
}
