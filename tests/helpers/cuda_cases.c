/* Programs that a recorder gets wrong easily: `cuda_cases CASE [ARGUMENT]...`. Ends with status 7 unless the case
 * says otherwise, or something went wrong in the program itself. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <nvtx3/nvToolsExt.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0};

static int launch_ten(void) {
    dim3 one = {1, 1, 1};
    int errors = 0;
    for (int i = 0; i < 10; i++) {
        errors += __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL) != 0;
    }
    return errors + (cudaDeviceSynchronize() != 0);
}

static int range_of_ten(void) {
    nvtxRangePushA("work");
    int errors = launch_ten();
    nvtxRangePop();
    return errors;
}

/* title TITLE FILLER: writes TITLE over its arguments before its first event, as setproctitle does. */
static int set_title(int argc, char **argv) {
    char *end = argv[argc - 1] + strlen(argv[argc - 1]);
    size_t room = (size_t)(end - argv[0]), len = strlen(argv[2]);
    char title[512];
    snprintf(title, sizeof title, "%s", argv[2]);
    memset(argv[0], 0, room);
    memcpy(argv[0], title, len < room - 1 ? len : room - 1);
    return range_of_ten() ? 1 : 7;
}

/* driver: a program with the CUDA runtime linked in: all that can be seen of it are driver calls. */
static int driver_only(int argc, char **argv) {
    (void)argc;
    (void)argv;
    int errors = cuInit(0) != 0;
    for (int i = 0; i < 10; i++) {
        errors += cuLaunchKernel((void *)(uintptr_t)&kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL) != 0;
    }
    errors += cuCtxSynchronize() != 0;
    return errors ? 1 : 7;
}

/* no-device malloc|sync: sees no GPU, tries CUDA in vain, and forks a child that is given one. */
static int no_device(int argc, char **argv) {
    void *memory;
    setenv("FAKE_CUDA_NO_DEVICE", "1", 1);
    int first = argc > 2 && strcmp(argv[2], "sync") == 0 ? cudaDeviceSynchronize() : cudaMalloc(&memory, 16);
    unsetenv("FAKE_CUDA_NO_DEVICE");
    pid_t child = fork();
    if (child == 0) {
        exit(launch_ten() ? 1 : 7);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return first && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* plugin|deep-plugin LIBRARY [FILE]: replaces FILE by a copy, makes a range, and opens a library (bound deeply) whose
 * copy of NVTX makes others. */
static int open_plugin(int argc, char **argv) {
    int errors = 0;
    if (argc > 3) {
        char command[4096];
        snprintf(command, sizeof command, "cp '%s' '%s.new' && mv '%s.new' '%s'", argv[3], argv[3], argv[3],
                 argv[3]);
        unsetenv("LD_PRELOAD");
        errors += system(command) != 0;
    }
    errors += range_of_ten();
    int (*range)(const void *, void *) = NULL;
    void *plugin = dlopen(argv[2], strcmp(argv[1], "plugin") == 0 ? RTLD_NOW : RTLD_NOW | RTLD_DEEPBIND);
    if (plugin) {
        *(void **)&range = dlsym(plugin, "plugin_range");
    }
    for (int i = 0; i < 5; i++) {
        errors += !range || range(&kernel, NULL) != 0;
    }
    errors += cudaDeviceSynchronize() != 0;
    return errors ? 1 : 7;
}

/* launches: tells what another tool that wraps launches has seen. */
static int tell_seen(int argc, char **argv) {
    (void)argc;
    (void)argv;
    int errors = launch_ten();
    const char *seen = getenv("LAUNCHES_SEEN");
    printf("%s\n", seen ? seen : "none");
    return errors ? 1 : 7;
}

/* plugin-launches LIBRARY: the same, from a library that was opened. */
static int tell_seen_of_plugin(int argc, char **argv) {
    (void)argc;
    int (*launch)(const void *, void *) = NULL, errors = 0;
    void *plugin = dlopen(argv[2], RTLD_NOW);
    if (plugin) {
        *(void **)&launch = dlsym(plugin, "plugin_launch");
    }
    for (int i = 0; i < 10; i++) {
        errors += !launch || launch(&kernel, NULL) != 0;
    }
    errors += cudaDeviceSynchronize() != 0;
    const char *seen = getenv("LAUNCHES_SEEN");
    printf("%s\n", seen ? seen : "none");
    return errors ? 1 : 7;
}

/* opened|opened-deep LIBRARY: opens it (bound deeply), then uses CUDA. */
static int open_first(int argc, char **argv) {
    (void)argc;
    return !dlopen(argv[2], strcmp(argv[1], "opened") == 0 ? RTLD_NOW : RTLD_NOW | RTLD_DEEPBIND) ||
                   launch_ten()
               ? 1
               : 7;
}

/* exec WAY: works, and becomes `true` by a call of that name; before that it tries what is not there. */
static int become_true(int argc, char **argv) {
    char *const arguments[] = {"true", NULL};
    const char *way = argv[2], *path = "/bin/true";
    int errors = range_of_ten();
    (void)argc;
    execv("/nonexistent/true", arguments);
    nvtxMarkA("not there");
    if (strcmp(way, "execl") == 0) {
        execl(path, "true", (char *)NULL);
    } else if (strcmp(way, "execlp") == 0) {
        execlp("true", "true", (char *)NULL);
    } else if (strcmp(way, "execle") == 0) {
        execle(path, "true", (char *)NULL, environ);
    } else if (strcmp(way, "execv") == 0) {
        execv(path, arguments);
    } else if (strcmp(way, "execve") == 0) {
        execve(path, arguments, environ);
    } else if (strcmp(way, "execvp") == 0) {
        execvp("true", arguments);
    } else if (strcmp(way, "quick_exit") == 0) {
        quick_exit(errors);
    }
    return errors ? 1 : 7;
}

/* exit-handlers [cuda|launch]: exit handlers that were registered at the beginning make ranges, one with a launch. */
static bool launches_at_exit;

static void range_at_exit(void) {
    nvtxRangePushA("shutdown");
    if (launches_at_exit) {
        launch_ten();
    }
    nvtxRangePop();
}

static int with_exit_handlers(int argc, char **argv) {
    int errors = atexit(range_at_exit) != 0;
    launches_at_exit = argc > 2 && strcmp(argv[2], "launch") == 0;
    errors += argc > 2 ? range_of_ten() : 0;
    return errors ? 1 : 7;
}

/* daemon: makes a range, becomes a daemon, works. */
static int become_daemon(int argc, char **argv) {
    (void)argc;
    (void)argv;
    nvtxRangePushA("begin");
    nvtxRangePop();
    return daemon(0, 0) || range_of_ten() ? 1 : 7;
}

/* late LIBRARY: opens a library whose destructor, which runs after all handlers, makes a range. */
static int late_destructor(int argc, char **argv) {
    (void)argc;
    setenv("PLUGIN_ENDS_LATE", "1", 1);
    return !dlopen(argv[2], RTLD_NOW) || range_of_ten() ? 1 : 7;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} cases[] = {{"title", set_title},
             {"driver", driver_only},
             {"no-device", no_device},
             {"plugin", open_plugin},
             {"deep-plugin", open_plugin},
             {"opened", open_first},
             {"opened-deep", open_first},
             {"exec", become_true},
             {"exit-handlers", with_exit_handlers},
             {"late", late_destructor},
             {"daemon", become_daemon},
             {"launches", tell_seen},
             {"plugin-launches", tell_seen_of_plugin}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            return cases[i].run(argc, argv);
        }
    }
    return 99;
}
