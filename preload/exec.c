/* exec and its variants, daemon (whose parent leaves) and quick_exit run no exit handler, so that pending events are
 * written before. A program may call exec several times (along PATH): if the call returns, recording continues. */
#include "preload/exec.h"

#include "preload/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* The C library's headers use reserved parameter names. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
#define EXPORT __attribute__((visibility("default")))

/* CALL(name, reason of the end of the trace, (parameters), (arguments)) */
#define EXEC_CALLS(CALL)                                                                                     \
    CALL(execve, "exec", (const char *path, char *const argv[], char *const env[]), (path, argv, env))       \
    CALL(execv, "exec", (const char *path, char *const argv[]), (path, argv))                                \
    CALL(execvp, "exec", (const char *file, char *const argv[]), (file, argv))                               \
    CALL(execvpe, "exec", (const char *file, char *const argv[], char *const env[]), (file, argv, env))      \
    CALL(fexecve, "exec", (int fd, char *const argv[], char *const env[]), (fd, argv, env))                  \
    CALL(execveat, "exec", (int dir, const char *path, char *const argv[], char *const env[], int flags),    \
         (dir, path, argv, env, flags))                                                                      \
    CALL(daemon, "daemon", (int nochdir, int noclose), (nochdir, noclose))

#define EXEC_MEMBER(name, reason, parameters, arguments) int(*name) parameters;
static struct { EXEC_CALLS(EXEC_MEMBER) } original_exec;

#define EXEC_LOOK_UP(name, reason, parameters, arguments)                                                    \
    *(void **)&original_exec.name = dlsym(RTLD_NEXT, #name);

static void stop_at_quick_exit(void) {
    preload_recorder_stop("quick_exit");
}

void preload_exec_init(void) {
    EXEC_CALLS(EXEC_LOOK_UP)
    at_quick_exit(stop_at_quick_exit);
}

/* Initialisers of other libraries may call these before the constructor ran. */
#define EXEC_WRAP(name, reason, parameters, arguments)                                                       \
    EXPORT int name parameters;                                                                              \
    EXPORT int name parameters {                                                                             \
        if (!original_exec.name) {                                                                           \
            EXEC_LOOK_UP(name, reason, parameters, arguments)                                                \
        }                                                                                                    \
        if (!original_exec.name) { /* execveat before glibc 2.34 */                                          \
            errno = ENOSYS;                                                                                  \
            return -1;                                                                                       \
        }                                                                                                    \
        bool written = preload_recorder_before_exec(reason);                                                 \
        int result = original_exec.name arguments;                                                           \
        if (written) {                                                                                       \
            preload_recorder_after_failed_exec();                                                            \
        }                                                                                                    \
        return result;                                                                                       \
    }
EXEC_CALLS(EXEC_WRAP)

static size_t count_arguments(const char *first, va_list list) {
    size_t count = 0;
    for (const char *argument = first; argument; argument = va_arg(list, const char *)) {
        count++;
    }
    return count;
}

/* Arguments up to and including NULL, as the C library takes them. */
static void copy_arguments(char **argv, const char *first, va_list list) {
    size_t i = 0;
    for (char *argument = (char *)(uintptr_t)first; argument; argument = va_arg(list, char *)) {
        argv[i++] = argument;
    }
    argv[i] = NULL;
}

#define EXEC_WRAP_LIST(name, call)                                                                           \
    EXPORT int name(const char *path, const char *first, ...);                                               \
    EXPORT int name(const char *path, const char *first, ...) {                                              \
        va_list list;                                                                                        \
        va_start(list, first);                                                                               \
        char *argv[count_arguments(first, list) + 1];                                                        \
        va_end(list);                                                                                        \
        va_start(list, first);                                                                               \
        copy_arguments(argv, first, list);                                                                   \
        char *const *env = ENVIRONMENT_OF_##name(list);                                                      \
        va_end(list);                                                                                        \
        return call(path, argv, env);                                                                        \
    }
#define ENVIRONMENT_OF_execl(list)  environ
#define ENVIRONMENT_OF_execlp(list) environ
#define ENVIRONMENT_OF_execle(list) va_arg(list, char *const *)
EXEC_WRAP_LIST(execl, execve)
EXEC_WRAP_LIST(execlp, execvpe)
EXEC_WRAP_LIST(execle, execve)
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
