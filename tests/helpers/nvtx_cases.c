/* What programs do with NVTX that a recorder gets wrong easily: `nvtx_cases CASE`. Ends with status 7 unless
 * something went wrong in the program itself. */
#include <nvtx3/nvToolsExt.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* ---- fork while another thread makes the first call of a copy of NVTX ---- */

static atomic_bool begun, ready;

static const void *no_table(uint32_t id) {
    (void)id;
    atomic_store(&ready, true);
    return NULL;
}

/* The steps that NVTX's header takes, with a rest in their middle. */
static void *load_tool(void *unused) {
    (void)unused;
    int (*initialize)(const void *(*)(uint32_t)) = NULL;
    const char *path = getenv("NVTX_INJECTION64_PATH");
    void *library = path ? dlopen(path, RTLD_LAZY) : NULL;
    atomic_store(&begun, true);
    if (library) {
        *(void **)&initialize = dlsym(library, "InitializeInjectionNvtx2");
    }
    usleep(5000);
    if (initialize) {
        initialize(no_table);
    }
    return NULL;
}

/* A child must never see the first call of another thread under way: that thread is not there to end it. */
static int first_call(void) {
    pthread_t id;
    pthread_create(&id, NULL, load_tool, NULL);
    while (!atomic_load(&begun)) {
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(atomic_load(&ready) ? 7 : 1);
    }
    int status = status_of(child);
    pthread_join(id, NULL);
    return status;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {{"first-call", first_call}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            return cases[i].run();
        }
    }
    return 99;
}
