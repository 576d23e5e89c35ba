/* Where the library enters the process: its constructor and destructor, the entry that the CUDA driver calls when CUDA is
 * initialised, and getenv, by which NVTX and the driver look up the path of such a library. Answering this call, instead
 * of setting the variables, leaves the environment of the target and its children unchanged. */
#include "preload/before_calls.h"
#include "preload/cupti_lifecycle.h"
#include "preload/deepbind.h"
#include "preload/exec.h"
#include "preload/nvtx.h"
#include "preload/python_helper.h"
#include "preload/recorder.h"
#include "preload/recorder_state.h"
#include "preload/warn_once.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern char **environ;

/* The name under which this library was loaded; NULL before the constructor ran. Opening this name returns this copy, even
 * if the file or the working directory has changed since. */
static const char *own_path;
static struct stat own_file;

static char *(*original_getenv)(const char *);

/* For calls by other libraries' initialisers before the constructor ran, when the real getenv is not known yet. */
static char *search_environment(const char *name) {
    size_t len = strlen(name);
    for (char **e = environ; e && *e; e++) {
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=') {
            return *e + len + 1;
        }
    }
    return NULL;
}

/* Whether the path refers to this library, possibly by another name. */
static bool is_own_path(const char *path) {
    struct stat file;
    return strcmp(path, own_path) == 0 || (own_file.st_ino != 0 && stat(path, &file) == 0 &&
                                           file.st_dev == own_file.st_dev && file.st_ino == own_file.st_ino);
}

/* The variable names another tool, which is loaded as it would be without the recorder. */
static void report_other_tool(bool nvtx, const char *tool) {
    if (nvtx) {
        preload_warn_once("nvtx",
                          "NVTX_INJECTION64_PATH is set: another tool (%s) receives the NVTX ranges of this "
                          "process; none of them is recorded",
                          tool);
    } else if (preload_recorder_level() != PRELOAD_PHASES && !preload_cupti_begun()) {
        preload_warn_once("cuda",
                          "CUDA_INJECTION64_PATH is set: CUDA loads another tool (%s) instead; GPU work is "
                          "recorded only if the program calls a shared libcudart",
                          tool);
    }
}

EXPORT char *getenv(const char *name) {
    char *value = original_getenv ? original_getenv(name) : search_environment(name);
    bool nvtx = strcmp(name, "NVTX_INJECTION64_PATH") == 0;
    if (own_path) {
        preload_python_asked(name);
    }
    if (!own_path || (!nvtx && strcmp(name, "CUDA_INJECTION64_PATH") != 0)) {
        return value;
    }
    if (value && *value && !is_own_path(value)) {
        report_other_tool(nvtx, value);
        return value;
    }
    if (nvtx) {
        preload_nvtx_first_call();
    }
    return (char *)(uintptr_t)own_path;
}

/* The calls that end a process without exit handlers, among them Python's os._exit. */
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
    preload_cupti_initialized();
    return 1;
}

/* An earlier copy of the recorder in the search order (for example of another release), or NULL. Symbols that both export
 * resolve to it. */
static const char *find_first_copy(void) {
    Dl_info own, first, hook;
    bool known = dladdr(&own_file, &own) && dladdr(dlsym(RTLD_DEFAULT, "InitializeInjectionNvtx2"), &first) &&
                 dladdr(dlsym(RTLD_DEFAULT, "__cudaLaunchKernel"), &hook);
    return known && first.dli_fbase == hook.dli_fbase && first.dli_fbase != own.dli_fbase ? first.dli_fname
                                                                                          : NULL;
}

/* A setuid program, or a process that another copy records. */
static bool is_not_to_record(void) {
    if (getauxval(AT_SECURE)) {
        return true;
    }
    const char *first = find_first_copy();
    if (first) {
        preload_warn_init();
        preload_warn_once("copies", "two copies of the recorder are preloaded; only %s records", first);
    }
    return first != NULL;
}

__attribute__((constructor)) static void recorder_constructor(void) {
    Dl_info info;
    *(void **)&original_getenv = dlsym(RTLD_NEXT, "getenv");
    preload_before_calls_init();
    if (is_not_to_record()) {
        preload_recorder_disable();
        return;
    }
    preload_recorder_init();
    preload_exec_init();
    if (dladdr(&own_file, &info) && info.dli_fname) {
        if (stat(info.dli_fname, &own_file)) {
            own_file.st_ino = 0;
        }
        own_path = strdup(info.dli_fname);
    }
}

__attribute__((destructor)) static void recorder_destructor(void) {
    preload_deepbind_check();
    preload_recorder_stop("exit");
}
