/* A target with children: `cuda_family WAY`, where a child is made by fork, vfork or posix_spawn, before or
 * after CUDA is in use, and does or does not use CUDA and NVTX. Each process prints one line. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const fake_kernel kernel = {"_Z6kernelv", 5000, 16, 0};

static int launch(const char *range, int count) {
    dim3 one = {1, 1, 1};
    int errors = 0;
    nvtxRangePushA(range);
    for (int i = 0; i < count; i++) {
        errors += __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL) != 0;
    }
    errors += cudaDeviceSynchronize() != 0;
    nvtxRangePop();
    return errors;
}

static int wait_for(pid_t pid) {
    int state = 0;
    return pid > 0 && waitpid(pid, &state, 0) == pid && WIFEXITED(state) ? WEXITSTATUS(state) : 98;
}

/* In the child: runs what it is told, then ends through exit handlers. */
static void child(const char *what) {
    int errors = 0;
    if (strcmp(what, "launch") == 0) {
        errors = launch("child", 3);
    } else if (strcmp(what, "mark") == 0) {
        nvtxMarkA("child");
    }
    printf("child: %s, %d errors\n", what, errors);
    exit(errors ? 2 : 1);
}

static int fork_child(const char *what) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        child(what);
    }
    return wait_for(pid);
}

static int spawn_child(char *program) {
    pid_t pid;
    char *argv[] = {program, (char *)"alone", NULL};
    fflush(stdout);
    return posix_spawn(&pid, program, NULL, NULL, argv, environ) ? 98 : wait_for(pid);
}

static int vfork_child(char *program) {
    fflush(stdout);
    char *argv[] = {program, (char *)"alone", NULL};
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): it is what is tested */
    if (pid == 0) {
        execv(program, argv);
        _exit(97);
    }
    return wait_for(pid);
}

/* Forks while other threads launch and use NVTX: the child must find no lock held. */
static atomic_bool stop;

static void *keep_launching(void *unused) {
    (void)unused;
    for (int i = 0; !atomic_load(&stop); i++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", i % 5000);
        launch(name, 5);
    }
    return NULL;
}

static int fork_storm(void) {
    pthread_t ids[3];
    int failed = launch("first", 1); /* NVTX's own initialisation does not survive a fork in its midst */
    for (int i = 0; i < 3; i++) {
        pthread_create(&ids[i], NULL, keep_launching, NULL);
    }
    for (int i = 0; i < 60; i++) {
        failed += fork_child(i % 2 ? "mark" : "nothing") != 1;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(ids[i], NULL);
    }
    return failed;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
    int errors = 0, status = 0;
    if (strcmp(way, "before") == 0) { /* the child is the first to use CUDA, then the parent does */
        status = fork_child("launch");
        errors = launch("parent", 5);
    } else if (strcmp(way, "after") == 0) {
        errors = launch("parent", 5);
        status = fork_child("launch");
    } else if (strcmp(way, "after-mark") == 0) {
        errors = launch("parent", 5);
        status = fork_child("mark");
    } else if (strcmp(way, "after-nothing") == 0) {
        errors = launch("parent", 5);
        status = fork_child("nothing");
    } else if (strcmp(way, "cleared") == 0) { /* the environment goes after the start */
        errors = launch("parent", 5);
        clearenv();
        status = fork_child("mark");
    } else if (strcmp(way, "spawn") == 0) {
        errors = launch("parent", 5);
        status = spawn_child(argv[0]);
    } else if (strcmp(way, "vfork") == 0) {
        errors = launch("parent", 5);
        status = vfork_child(argv[0]);
    } else if (strcmp(way, "storm") == 0) {
        status = fork_storm();
    } else {
        errors = launch("alone", 7);
    }
    printf("%s: %d errors, child %d\n", way, errors, status);
    return 3;
}
