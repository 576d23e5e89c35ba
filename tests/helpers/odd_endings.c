/* Targets that end, or go on, in ways that a recorder easily gets wrong: `odd_endings CASE`.
 *   main-first   the main thread ends by itself before it made an event; another thread works on
 *   cancelled    a thread with a pending cancellation makes the first event; then the process forks
 *   leaving      a thread with a pending cancellation calls _exit(3)
 *   bare-child   a child made without the handlers of fork exits; the parent goes on
 *   dead-pipe    standard error is a pipe that nobody reads
 *   time-zone    forks while another thread asks for the local time; the children make events
 *   fork-ticks   forks while a handler of a timer makes events
 *   small-stack  a handler on a stack of 8 KiB calls _exit(3)
 *   aside        a handler makes events in the midst of the last one of all */
#include <nvtx3/nvToolsExt.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
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
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        exit(0);
    }
    waitpid(child, NULL, 0);
    nvtxRangePop();
    nvtxMarkA("after");
}

static void *tell_time(void *unused) {
    for (;;) {
        time_t now = time(NULL);
        struct tm local;
        localtime_r(&now, &local);
    }
    return unused;
}

/* How many of `count` children were still there after a second. */
static int hung_children(int count) {
    int hung = 0;
    for (int i = 0; i < count && hung < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(1);
            nvtxRangePushA("child");
            nvtxRangePop();
            _exit(0);
        }
        int state = 0;
        waitpid(child, &state, 0);
        hung += WIFSIGNALED(state) && WTERMSIG(state) == SIGALRM;
    }
    return hung;
}

static void tick(int number) {
    (void)number;
    nvtxMarkA("tick");
}

static void fork_under_ticks(void) {
    struct sigaction on_tick = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 3000}, {0, 3000}};
    size_t bytes = 64u << 20; /* makes fork take a while */
    char *pages = malloc(bytes);
    memset(pages, 1, bytes);
    nvtxMarkA("first");
    sigaction(SIGALRM, &on_tick, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 60; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    free(pages);
}

static void leave_in_handler(int number) {
    (void)number;
    _exit(3);
}

static void fault_on_small_stack(void) {
    enum { GUARD = 65536, STACK = 8192 };
    char *memory = mmap(NULL, GUARD + STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + GUARD, .ss_size = STACK};
    struct sigaction on_fault = {.sa_handler = leave_in_handler, .sa_flags = SA_ONSTACK};
    if (mprotect(memory + GUARD, STACK, PROT_READ | PROT_WRITE) || sigaltstack(&stack, NULL)) {
        _exit(9);
    }
    sigaction(SIGSEGV, &on_fault, NULL);
    nvtxRangePushA("before");
    raise(SIGSEGV);
}

static void make_range(int number) {
    (void)number;
    nvtxRangePushA("handler");
    nvtxRangePop();
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
    } else if (strcmp(name, "time-zone") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, tell_time, NULL);
        usleep(10000);
        return hung_children(60) ? 1 : 0;
    } else if (strcmp(name, "fork-ticks") == 0) {
        fork_under_ticks();
    } else if (strcmp(name, "aside") == 0) {
        struct sigaction on_signal = {.sa_handler = make_range};
        sigaction(SIGUSR1, &on_signal, NULL);
        make_range(0);
        for (int i = 0; i < 55; i++) { /* the last one needs a new segment, whose mapping brings the signal */
            nvtxMarkA("m");
        }
    } else if (strcmp(name, "small-stack") == 0) {
        fault_on_small_stack();
    } else {
        return 2;
    }
    return 0;
}
