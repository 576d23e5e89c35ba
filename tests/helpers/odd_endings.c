/* Targets that end, or go on, in ways that a recorder easily gets wrong: `odd_endings CASE`.
 *   main-first   the main thread ends by itself before it made an event; another thread works on
 *   cancelled    a thread with a pending cancellation makes the first event; then the process forks
 *   leaving      a thread with a pending cancellation calls _exit(3)
 *   bare-child   a child made without the handlers of fork exits; the parent goes on
 *   dead-pipe    standard error is a pipe that nobody reads */
#include <nvtx3/nvToolsExt.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool go;

static void *work(void *unused) {
    (void)unused;
    for (int i = 0; i < 10; i++) {
        nvtxRangePushA("work");
        usleep(10000);
        nvtxRangePop();
    }
    return NULL;
}

static void *first_event(void *unused) {
    (void)unused;
    while (!go) {
    }
    nvtxRangePushA("first");
    return NULL;
}

static void *leave(void *unused) {
    (void)unused;
    while (!go) {
    }
    _exit(3);
}

/* Runs f on a thread that was cancelled before it began to look. */
static void run_cancelled(void *(*f)(void *)) {
    pthread_t thread;
    pthread_create(&thread, NULL, f, NULL);
    pthread_cancel(thread);
    go = true;
    pthread_join(thread, NULL);
}

static void bare_child(void) {
    nvtxRangePushA("before");
    usleep(120000);
    /* Straight to the kernel, past the C library and so past every handler of fork. */
    pid_t child = (pid_t)syscall(SYS_fork);
    if (child == 0) {
        exit(0);
    }
    waitpid(child, NULL, 0);
    nvtxRangePop();
    nvtxMarkA("after");
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "main-first") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, NULL);
        pthread_exit(NULL);
    } else if (strcmp(name, "cancelled") == 0) {
        run_cancelled(first_event);
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        waitpid(child, NULL, 0);
    } else if (strcmp(name, "leaving") == 0) {
        nvtxMarkA("before");
        usleep(120000);
        nvtxMarkA("last");
        run_cancelled(leave);
    } else if (strcmp(name, "bare-child") == 0) {
        bare_child();
    } else if (strcmp(name, "dead-pipe") == 0) {
        int ends[2];
        if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0) {
            return 1;
        }
        close(ends[0]);
        close(ends[1]);
        nvtxMarkA("here");
    } else {
        return 2;
    }
    return 0;
}
