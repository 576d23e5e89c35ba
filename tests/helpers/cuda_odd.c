/* Targets whose signal handlers, forks and jumps meet the recorder where it is busy: `cuda_odd CASE`.
 *   handler-forks     a handler forks in the midst of the recorder
 *   handler-windows   a handler of a timer opens and closes ranges that --capture-range names
 *   nested-handlers   two signals, whose handlers interrupt an append and each other; says how many ranges it
 *                     made
 *   profiler-forks    windows of the driver's profiler switch, past the interposers, while a thread forks
 *   profiler-threads  the same while other threads make calls
 *   switches-late     switches (marks of its own) while the disk is full and memory is gone
 *   little-memory     many ranges while the disk is full, then kernels
 *   forks-early       forks while the recorder looks at the libraries; the children open one; says how many
 *                     of them hung
 *   descriptors       forks while the recorder writes; the child says which descriptors it has
 *   jump              jumps out of calls that wait, then makes others
 *   jump-driver       the same with calls of the driver
 *   jump-append       jumps out of handlers that interrupt NVTX, many times
 *   jump-windows      the same where the handlers interrupt ranges that --capture-range names; says whether
 *                     the thread can be cancelled afterwards
 *   stalled           ends while the disk stalls */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* NOLINTBEGIN(bugprone-signal-handler,cert-err52-cpp): programs do it */

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0}, slow = {"_Z4slowv", 400000000, 16, 0};
static const dim3 one = {1, 1, 1};
static atomic_bool stop;
static atomic_uint made;

static void launch(int count) {
    while (count-- > 0) {
        __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    }
    cudaDeviceSynchronize();
}

static void range(const char *name, int kernels) {
    nvtxRangePushA(name);
    launch(kernels);
    nvtxRangePop();
}

static void order(const char *what) {
    static nvtxDomainHandle_t domain;
    domain = domain ? domain : nvtxDomainCreateA("moetrace");
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_ASCII,
                               .message.ascii = what};
    nvtxDomainMarkEx(domain, &a);
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

static void tick(long us) {
    struct itimerval often = {{0, us}, {0, us}};
    setitimer(ITIMER_REAL, &often, NULL);
}

static void touch(const char *variable) {
    const char *path = getenv(variable);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        close(fd);
    }
}

static void go_on(const char *variable) {
    const char *path = getenv(variable);
    if (path) {
        unlink(path);
    }
}

/* The disk stalls from here on; returns when the recorder waits for it. */
static void stall(void) {
    char waiting[4096];
    const char *gate = getenv("FAKE_DISK_GATE");
    snprintf(waiting, sizeof waiting, "%s.waiting", gate ? gate : "/nowhere");
    nvtxMarkA("before");
    usleep(150000);
    unlink(waiting);
    touch("FAKE_DISK_GATE");
    for (int i = 0; i < 1000 && access(waiting, F_OK) != 0; i++) {
        nvtxMarkA("waiting");
        usleep(1000);
    }
}

static void flood(int count) {
    while (count-- > 0) {
        nvtxMarkA("flood");
    }
}

static void wait_for(pid_t child) {
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

static void fork_in_handler(int number) {
    (void)number;
    pid_t child = fork();
    if (child == 0) {
        nvtxMarkA("child");
        _exit(0);
    }
    wait_for(child);
}

static void handler_forks(void) {
    handle(SIGUSR1, fork_in_handler);
    nvtxMarkA("first");
    nvtxMarkA("last");
}

static void open_window(int number) {
    (void)number;
    nvtxRangePushA("decode.h");
    nvtxRangePop();
}

static void handler_windows(void) {
    open_window(0);
    handle(SIGALRM, open_window);
    tick(50);
    for (int i = 0; i < 50000; i++) {
        open_window(0);
    }
    tick(0);
}

static void make_range(int number) {
    nvtxRangePushA(number == SIGUSR1 ? "one" : "two");
    nvtxRangePop();
    atomic_fetch_add(&made, 1);
}

static void *send_signals(void *thread) {
    while (!atomic_load(&stop)) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        pthread_kill(*(pthread_t *)thread, SIGUSR2);
    }
    return NULL;
}

static void under_signals(void (*handler)(int), void (*run)(void)) {
    pthread_t self = pthread_self(), ids[2];
    handle(SIGUSR1, handler);
    handle(SIGUSR2, handler);
    for (int i = 0; i < 2; i++) {
        pthread_create(&ids[i], NULL, send_signals, &self);
    }
    run();
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(ids[i], NULL);
    }
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
}

static void many_marks(void) {
    flood(600000);
}

static void nested_handlers(void) {
    make_range(SIGUSR1);
    make_range(SIGUSR2);
    under_signals(make_range, many_marks);
    printf("%u ranges\n", atomic_load(&made));
}

static void *keep_forking(void *unused) {
    (void)unused;
    while (!atomic_load(&stop)) {
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        wait_for(child);
    }
    return NULL;
}

static void *keep_launching(void *unused) {
    (void)unused;
    while (!atomic_load(&stop)) {
        launch(3);
    }
    return NULL;
}

/* As a program does that has the CUDA runtime linked in. */
static void profile_beside(void *(*beside)(void *)) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    int (*begin)(void) = NULL, (*end)(void) = NULL;
    size_t bytes = 64u << 20; /* makes fork take a while */
    char *pages = malloc(bytes), name[32];
    pthread_t id;
    memset(pages, 1, bytes);
    *(void **)&begin = dlsym(library, "cuProfilerStart");
    *(void **)&end = dlsym(library, "cuProfilerStop");
    launch(1);
    pthread_create(&id, NULL, beside, NULL);
    for (int i = 0; i < 40; i++) {
        begin();
        snprintf(name, sizeof name, "window.%d", i);
        range(name, 3);
        end();
        usleep(3000);
    }
    atomic_store(&stop, true);
    pthread_join(id, NULL);
    free(pages);
}

static void profiler_forks(void) {
    profile_beside(keep_forking);
}

static void profiler_threads(void) {
    profile_beside(keep_launching);
}

static void switches_late(void) {
    order("watch on");
    range("sample.0", 1);
    order("watch off");
    range("sample.1", 2);
    usleep(200000);
    touch("FAKE_DISK_FULL");
    flood(300000);
    usleep(300000);
    flood(100000);
    order("watch on");
    go_on("FAKE_DISK_FULL");
    usleep(300000);
    range("sample.2", 3);
    order("watch off");
    range("sample.3", 4);
}

static void little_memory(void) {
    cudaDeviceSynchronize();
    touch("FAKE_DISK_FULL");
    flood(400000);
    go_on("FAKE_DISK_FULL");
    nvtxRangePushA("after");
    launch(1000);
    nvtxRangePop();
    flood(100000);
    range("last", 1000);
}

static void forks_early(void) {
    int hung = 0;
    launch(2);
    for (int i = 0; i < 40; i++) {
        int state = 0;
        usleep(10000);
        pid_t child = fork();
        if (child == 0) {
            alarm(2);
            _exit(dlopen("libm.so.6", RTLD_NOW) ? 0 : 1);
        }
        waitpid(child, &state, 0);
        hung += WIFSIGNALED(state);
    }
    printf("%d hung\n", hung);
}

static void descriptors(void) {
    stall();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 1024; fd++) {
            char link[64], path[512] = "";
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            if (readlink(link, path, sizeof path - 1) > 0 && strstr(path, ".moetrace") != NULL) {
                printf("descriptor %d: %s\n", fd, path);
            }
        }
        fflush(stdout);
        _exit(0);
    }
    wait_for(child);
    go_on("FAKE_DISK_GATE");
}

static sigjmp_buf target;

static void jump(int number) {
    (void)number;
    siglongjmp(target, 1);
}

/* Unless it is over before. */
static void jump_out_of(int (*wait)(void), long us) {
    handle(SIGALRM, jump);
    if (sigsetjmp(target, 1) == 0) {
        tick(us);
        wait();
    }
    tick(0);
}

/* From one place, and so from one depth of the stack; the third is not left. */
static void leave_two_of_three(int (*wait)(void)) {
    static const long us[] = {50000, 50000, 0};
    for (int i = 0; i < 3; i++) {
        jump_out_of(wait, us[i]);
    }
}

static void jump_away(void) {
    __cudaLaunchKernel(&slow, one, one, NULL, 0, NULL);
    leave_two_of_three(cudaDeviceSynchronize);
    for (int i = 0; i < 5; i++) {
        launch(1);
    }
}

static void jump_away_from_driver(void) {
    cuInit(0);
    cuLaunchKernel((void *)(uintptr_t)&slow, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
    leave_two_of_three(cuCtxSynchronize);
    for (int i = 0; i < 5; i++) {
        cuLaunchKernel((void *)(uintptr_t)&kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
        cuCtxSynchronize();
    }
}

/* Under a timer whose handler jumps away from it, again and again. */
static void jump_often(void (*out_of)(int)) {
    nvtxMarkA("first"); /* NVTX's own initialisation does not survive a jump out of it */
    handle(SIGALRM, jump);
    for (volatile int i = 0; i < 500; i++) {
        if (sigsetjmp(target, 1) == 0) {
            tick(50);
            for (;;) {
                out_of(1);
            }
        }
        tick(0);
    }
}

static void jump_out_of_windows(void) {
    int cancel = -1;
    jump_often(open_window);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &cancel);
    printf("%s\n", cancel == PTHREAD_CANCEL_ENABLE ? "can be cancelled" : "cannot be cancelled");
}

static void jump_out_of_marks(void) {
    jump_often(flood);
    for (int i = 0; i < 1000; i++) {
        nvtxMarkA("after");
    }
}

static void stalled(void) {
    stall();
}

/* NOLINTEND(bugprone-signal-handler,cert-err52-cpp) */

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"handler-forks", handler_forks},       {"handler-windows", handler_windows},
                 {"nested-handlers", nested_handlers},   {"profiler-forks", profiler_forks},
                 {"profiler-threads", profiler_threads}, {"switches-late", switches_late},
                 {"little-memory", little_memory},       {"forks-early", forks_early},
                 {"descriptors", descriptors},           {"jump", jump_away},
                 {"jump-driver", jump_away_from_driver}, {"jump-append", jump_out_of_marks},
                 {"jump-windows", jump_out_of_windows},  {"stalled", stalled}};
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            printf("%s\n", argv[1]);
            return 7;
        }
    }
    return 99;
}
