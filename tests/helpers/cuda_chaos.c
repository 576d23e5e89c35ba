/* Threads that do anything at random: `cuda_chaos SEED [OPERATIONS [WITHOUT]]` launches, copies, waits,
 * captures graphs, uses NVTX, sends signals whose handlers do the same or jump, forks, spawns, makes threads
 * and cancels them, opens and closes a library and descriptors, and lowers limits. Each operation's own
 * result is checked; the first that is wrong is said, and the status is 1. All that is done is done in a way
 * that is right without the recorder. WITHOUT is a list of letters: h no handlers, f no forks, j no jumps, d
 * no closing of others' descriptors. `cuda_chaos child N` is what it runs as a child. A process beside it
 * shows where all threads are when it hangs. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* NOLINTBEGIN(bugprone-signal-handler,cert-err52-cpp,clang-analyzer-security.insecureAPI.vfork): programs do
 * it */

extern char **environ;

#define WORKERS      4
#define WATCH_S      60
#define BYTES        4096
#define CHILD_STATUS 17

static const fake_kernel kernel = {"_Z5chaosv", 3000, 16, 0}, slow = {"_Z4slowv", 1500000, 16, 0};
static const dim3 one = {1, 1, 1};
static const char *without = "";
static char plugin_path[4096];
static atomic_bool stop, failed;
static pthread_t workers[WORKERS];
static nvtxDomainHandle_t domains[3];
static nvtxStringHandle_t registered;
static pthread_rwlock_t still =
    PTHREAD_RWLOCK_INITIALIZER; /* held alone by who forks or closes descriptors */

/* What a handler interrupts: it may do more in NVTX, where this program holds nothing, and jump where it is
 * told. */
enum { ANYTHING, NVTX, WAIT };
static __thread volatile sig_atomic_t doing, in_handlers, may_jump;
static __thread sigjmp_buf target;
static __thread uint64_t state; /* of the random numbers */
static __thread void *stream;

static unsigned chance(unsigned n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static bool may(char what) {
    return strchr(without, what) == NULL;
}

static void check(bool right, const char *what, long got) {
    if (!right && !atomic_exchange(&failed, true)) {
        char line[128];
        int len = snprintf(line, sizeof line, "wrong: %s, %ld\n", what, got);
        ssize_t ignored = write(STDOUT_FILENO, line, (size_t)len);
        (void)ignored;
    }
}

/* NVTX leaves errno alone. */
#define NVTX_CALL(call)                                                                                      \
    do {                                                                                                     \
        sig_atomic_t before_ = doing;                                                                        \
        doing = NVTX;                                                                                        \
        errno = 77;                                                                                          \
        call;                                                                                                \
        check(errno == 77, "errno after " #call, errno);                                                     \
        doing = before_;                                                                                     \
    } while (0)
#define CUDA_CALL(call)                                                                                      \
    do {                                                                                                     \
        int rc_ = call;                                                                                      \
        check(rc_ == 0, #call, rc_);                                                                         \
    } while (0)

/* ---- CUDA ---- */

static void launch(void) {
    for (unsigned n = 1 + chance(8); n > 0; n--) {
        CUDA_CALL(chance(2) ? cudaLaunchKernel(&kernel, one, one, NULL, 0, chance(3) ? stream : NULL)
                            : __cudaLaunchKernel(&kernel, one, one, NULL, 0, stream));
    }
}

static void copy(void) {
    unsigned char from[BYTES], to[BYTES];
    void *device = NULL;
    unsigned char value = (unsigned char)chance(256);
    memset(from, value, sizeof from);
    memset(to, 0, sizeof to);
    CUDA_CALL(cudaMalloc(&device, BYTES));
    CUDA_CALL(cudaMemcpy(device, from, BYTES, cudaMemcpyHostToDevice));
    CUDA_CALL(cudaMemcpyAsync(to, device, BYTES, cudaMemcpyDeviceToHost, stream));
    CUDA_CALL(cudaStreamSynchronize(stream));
    check(memcmp(from, to, BYTES) == 0, "what was copied", value);
    CUDA_CALL(cudaMemsetAsync(device, 7, BYTES, stream));
    CUDA_CALL(cudaStreamSynchronize(stream));
    CUDA_CALL(cudaFree(device));
}

static void wait_for_gpu(void) {
    void *event = NULL;
    CUDA_CALL(cudaEventCreate(&event));
    CUDA_CALL(cudaEventRecord(event, stream));
    CUDA_CALL(cudaEventSynchronize(event));
    CUDA_CALL(cudaEventDestroy(event));
    CUDA_CALL(chance(2) ? cudaStreamSynchronize(stream) : cudaDeviceSynchronize());
}

static void graph(void) {
    void *captured = NULL, *exec = NULL;
    CUDA_CALL(cudaStreamBeginCapture(stream, 0));
    for (unsigned n = 1 + chance(5); n > 0; n--) {
        NVTX_CALL(nvtxRangePushA("node"));
        CUDA_CALL(cudaLaunchKernel(&kernel, one, one, NULL, 0, stream));
        NVTX_CALL(nvtxRangePop());
    }
    CUDA_CALL(cudaStreamEndCapture(stream, &captured));
    CUDA_CALL(cudaGraphInstantiate(&exec, captured, 0));
    CUDA_CALL(cudaGraphLaunch(exec, stream));
    CUDA_CALL(cudaStreamSynchronize(stream));
    CUDA_CALL(cudaGraphExecDestroy(exec));
    CUDA_CALL(cudaGraphDestroy(captured));
}

static void profiler(void) {
    CUDA_CALL(chance(2) ? cudaProfilerStart() : cudaProfilerStop());
}

/* ---- NVTX ---- */

static void ranges(void) {
    static const char *const names[] = {"w.1", "w.2", "sample.1", "sample.2", "decode", "x"};
    char name[64];
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_REGISTERED,
                               .message.registered = registered,
                               .payloadType = NVTX_PAYLOAD_TYPE_INT64,
                               .payload.llValue = 5};
    nvtxDomainHandle_t domain = domains[chance(3)];
    nvtxRangeId_t id = 0;
    unsigned depth = chance(6);
    NVTX_CALL(id = nvtxRangeStartA("span"));
    for (unsigned i = 0; i < depth; i++) {
        snprintf(name, sizeof name, "range %u", chance(100000));
        NVTX_CALL(nvtxRangePushA(chance(2) ? name : names[chance(6)]));
        NVTX_CALL(nvtxDomainRangePushEx(domain, &a));
    }
    if (chance(2)) {
        launch();
    }
    NVTX_CALL(nvtxDomainMarkEx(domain, &a));
    for (unsigned i = 0; i < depth; i++) {
        NVTX_CALL(nvtxDomainRangePop(domain));
        NVTX_CALL(nvtxRangePop());
    }
    NVTX_CALL(nvtxRangeEnd(id));
}

static void many_marks(void) {
    for (unsigned n = chance(3000); n > 0; n--) {
        NVTX_CALL(nvtxMarkA("mark"));
    }
}

/* ---- processes ---- */

static void child_work(unsigned ending) {
    doing = ANYTHING;
    nvtxRangePushA("child");
    int rc = cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    nvtxRangePop();
    if (rc != FAKE_ERROR_NOT_INIT) {
        _exit(90);
    }
    switch (ending) {
    case 0:
        exit(CHILD_STATUS);
    case 1:
        _exit(CHILD_STATUS);
    case 2:
        abort();
    case 3:
        execl("/proc/self/exe", "cuda_chaos", "child", "3", (char *)NULL);
        _exit(91);
    default:
        raise(SIGKILL);
    }
}

static void wait_for(pid_t pid, unsigned ending) {
    int status = 0;
    pid_t rc;
    while ((rc = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
    }
    check(rc == pid, "waitpid", errno);
    bool right = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_STATUS;
    if (ending == 2 || ending == 4) {
        right = WIFSIGNALED(status) && WTERMSIG(status) == (ending == 2 ? SIGABRT : SIGKILL);
    }
    check(right, "status of a child", (long)ending << 16 | status);
}

static void forks(void) {
    if (!may('f')) {
        return;
    }
    unsigned ending = chance(5);
    pthread_rwlock_wrlock(&still);
    pid_t pid = fork();
    if (pid == 0) {
        child_work(ending);
    }
    pthread_rwlock_unlock(&still);
    check(pid > 0, "fork", errno);
    wait_for(pid, ending);
}

static void spawns(void) {
    char *argv[] = {(char *)"cuda_chaos", (char *)"child", (char *)"2", NULL};
    pid_t pid = 0;
    pthread_rwlock_wrlock(&still);
    if (chance(2)) {
        int rc = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
        check(rc == 0, "posix_spawn", rc);
    } else {
        pid = vfork();
        if (pid == 0) {
            execve("/proc/self/exe", argv, environ);
            _exit(92);
        }
    }
    pthread_rwlock_unlock(&still);
    wait_for(pid, 1);
}

static int run_child(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        nvtxRangePushA("alone");
        CUDA_CALL(cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL));
        CUDA_CALL(cudaDeviceSynchronize());
        nvtxRangePop();
    }
    return atomic_load(&failed) ? 93 : CHILD_STATUS;
}

/* ---- signals ---- */

static void on_signal(int number) {
    int error = errno, rc = 0;
    sig_atomic_t was = doing;
    in_handlers++;
    nvtxRangePushA("handler");
    nvtxMarkA("in it");
    if (was == NVTX && in_handlers == 1) {
        doing = ANYTHING;
        if (number == SIGUSR2 && chance(60) == 0) {
            forks();
        } else if (number == SIGUSR2) {
            rc = cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
        }
        doing = was;
    }
    nvtxRangePop();
    check(rc == 0, "a launch in a handler", rc);
    if (in_handlers == 1 && may_jump == was && (was == NVTX || (was == WAIT && fake_cuda_leave_wait()))) {
        in_handlers = 0;
        may_jump = ANYTHING;
        siglongjmp(target, 1);
    }
    in_handlers--;
    errno = error;
}

static void *send_signals(void *seed) {
    state = (uint64_t)(uintptr_t)seed;
    while (!atomic_load(&stop)) {
        pthread_kill(workers[chance(WORKERS)], chance(2) ? SIGUSR1 : SIGUSR2);
        usleep(chance(400));
    }
    return NULL;
}

static void jump(void) {
    if (!may('j') || !may('h')) {
        return;
    }
    if (sigsetjmp(target, 1) == 0) {
        if (chance(2)) {
            cudaLaunchKernel(&slow, one, one, NULL, 0, stream);
            may_jump = doing = WAIT;
            cudaStreamSynchronize(stream);
        } else {
            may_jump = NVTX;
            for (int i = 0; i < 20000 && may_jump; i++) {
                NVTX_CALL(nvtxMarkA("to be left"));
            }
        }
    }
    may_jump = doing = ANYTHING;
}

/* ---- threads, libraries, descriptors, limits ---- */

static void *short_life(void *seed) {
    state = (uint64_t)(uintptr_t)seed;
    unsigned ending = chance(3);
    NVTX_CALL(nvtxRangePushA("short life"));
    cudaLaunchKernel(&slow, one, one, NULL, 0, NULL);
    if (ending == 0) {
        pthread_exit(seed);
    }
    while (ending == 1) { /* NOLINT(bugprone-infinite-loop): it is cancelled */
        cudaDeviceSynchronize();
        cudaLaunchKernel(&slow, one, one, NULL, 0, NULL);
        pthread_testcancel();
    }
    NVTX_CALL(nvtxRangePop());
    return seed;
}

/* Loads the library that ending a thread needs, which descriptors that are closed later would prevent. */
static void *leave_at_once(void *unused) {
    (void)unused;
    pthread_exit(NULL);
}

static void threads(void) {
    pthread_t id;
    void *result = NULL, *seed = (void *)(uintptr_t)(state | 1);
    uint64_t copy_of = (uint64_t)(uintptr_t)seed, mine = state;
    state = copy_of;
    bool cancelled = chance(3) == 1; /* as it will find out */
    state = mine;
    (void)chance(2);
    int rc = pthread_create(&id, NULL, short_life, seed);
    check(rc == 0, "pthread_create", rc);
    if (cancelled) {
        usleep(chance(3000));
        pthread_cancel(id);
    }
    pthread_join(id, &result);
    check(result == (cancelled ? PTHREAD_CANCELED : seed), "a thread's result", cancelled);
}

static void library(void) {
    int (*range)(const void *, void *) = NULL;
    pthread_rwlock_rdlock(&still);
    void *plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
    check(plugin != NULL, "dlopen", errno);
    if (plugin) {
        *(void **)&range = dlsym(plugin, "plugin_range");
        CUDA_CALL(range(&kernel, stream));
        CUDA_CALL(cudaStreamSynchronize(stream));
        check(dlclose(plugin) == 0, "dlclose", 0);
    }
    pthread_rwlock_unlock(&still);
}

static void own_file(void) {
    char path[] = "/tmp/chaos-XXXXXX", text[BYTES], back[BYTES];
    memset(text, 'a' + (int)chance(26), sizeof text);
    pthread_rwlock_rdlock(&still);
    int fd = mkstemp(path);
    check(fd >= 0, "mkstemp", errno);
    unlink(path);
    for (int i = 0; i < 20; i++) {
        check(write(fd, text, sizeof text) == sizeof text, "write", errno);
    }
    check(lseek(fd, 0, SEEK_END) == 20 * BYTES, "the length of a file", (long)lseek(fd, 0, SEEK_END));
    for (int i = 0; i < 20; i++) {
        check(pread(fd, back, sizeof back, i * BYTES) == sizeof back, "pread", errno);
        check(memcmp(text, back, sizeof back) == 0, "what a file holds", i);
    }
    check(close(fd) == 0, "close", errno);
    pthread_rwlock_unlock(&still);
}

static void close_others(void) {
    if (!may('d')) {
        return;
    }
    pthread_rwlock_wrlock(&still);
    for (int i = 0; i < 20; i++) {
        close(3 + (int)chance(30));
        close(500 + (int)chance(3));
        usleep(chance(50));
    }
    pthread_rwlock_unlock(&still);
}

static void limits(void) {
    bool files = chance(2) == 0;
    struct rlimit was, low;
    pthread_rwlock_wrlock(&still);
    check(getrlimit(files ? RLIMIT_NOFILE : RLIMIT_FSIZE, &was) == 0, "getrlimit", errno);
    low = (struct rlimit){files ? 3 + chance(10) : 8192, was.rlim_max};
    check(setrlimit(files ? RLIMIT_NOFILE : RLIMIT_FSIZE, &low) == 0, "setrlimit", errno);
    nvtxMarkA("limited"); /* a handler must not take the lock again */
    usleep(chance(3000));
    check(setrlimit(files ? RLIMIT_NOFILE : RLIMIT_FSIZE, &was) == 0, "setrlimit", errno);
    pthread_rwlock_unlock(&still);
}

/* ---- all of it ---- */

static void *work(void *seed) {
    static void (*const operations[])(void) = {
        launch,  launch,   copy,   wait_for_gpu, graph,  profiler,     ranges,
        ranges,  ranges,   forks,  many_marks,   jump,   threads,      spawns,
        library, own_file, limits, close_others, launch, wait_for_gpu, jump};
    enum { COUNT = sizeof operations / sizeof operations[0] };
    unsigned left = (unsigned)((uintptr_t)seed & 0xffff);
    sigset_t mask;
    int cancel = -1;
    state = (uint64_t)(uintptr_t)seed >> 16;
    cudaStreamCreate(&stream);
    for (; left > 0 && !atomic_load(&failed); left--) {
        operations[chance(COUNT)]();
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        check(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGTERM), "the signal mask", 0);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &cancel);
        check(cancel == PTHREAD_CANCEL_ENABLE, "whether the thread can be cancelled", cancel);
    }
    cudaStreamSynchronize(stream);
    return NULL;
}

/* Shows the stacks of a process that is still there after a while, and of its children, and ends it. */
static void watch(pid_t profiled) {
    char command[512];
    for (int i = 0; i < WATCH_S * 10; i++) {
        usleep(100000);
        if (kill(profiled, 0) || getppid() != profiled) {
            _exit(0);
        }
    }
    unsetenv("LD_PRELOAD");
    snprintf(
        command, sizeof command,
        "echo hangs >&2; for p in %d $(ps -o pid= --ppid %d); do "
        "timeout 20 gdb -batch -p $p -ex 'thread apply all bt' 2>/dev/null | grep -E '^(#|Thread)' >&2; done",
        (int)profiled, (int)profiled);
    int ignored =
        system(command); /* NOLINT(cert-env33-c,bugprone-command-processor): for whoever reads the log */
    (void)ignored;
    kill(profiled, SIGKILL);
    _exit(1);
}

static void join_all(pthread_t sender) {
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
        if (i == 0 && may('h')) {
            atomic_store(&stop, true); /* whom it signals must be there */
            pthread_join(sender, NULL);
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "child") == 0) {
        return run_child((unsigned)strtoul(argv[2], NULL, 10));
    }
    if (argc < 2) {
        return 99;
    }
    pid_t self = getpid(), watcher = fork();
    if (watcher == 0) {
        watch(self);
    }
    uint64_t seed = strtoull(argv[1], NULL, 10), count = argc > 2 ? strtoull(argv[2], NULL, 10) : 40;
    without = argc > 3 ? argv[3] : "";
    const char *slash = strrchr(argv[0], '/');
    snprintf(plugin_path, sizeof plugin_path, "%.*s/../fake/libplugin.so", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    domains[1] = nvtxDomainCreateA("one");
    domains[2] = nvtxDomainCreateA("two");
    registered = nvtxDomainRegisterStringA(NULL, "registered");
    CUDA_CALL(cudaDeviceSynchronize());
    pthread_t sender;
    pthread_create(&sender, NULL, leave_at_once, NULL);
    pthread_join(sender, NULL);
    for (uint64_t i = 0; i < WORKERS; i++) {
        uint64_t own = (seed * WORKERS + i + 1) * 0x9e3779b97f4a7c15u;
        pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)((own & ~(uint64_t)0xffff) | count));
    }
    if (may('h')) {
        pthread_create(&sender, NULL, send_signals, (void *)(uintptr_t)(seed + 1));
    }
    if (seed % 3 != 0) {
        join_all(sender);
    } else {
        usleep((unsigned)(seed % 97) * 1000); /* the threads are at work when the process ends */
    }
    kill(watcher, SIGKILL);
    waitpid(watcher, NULL, 0);
    int status = atomic_load(&failed);
    printf("seed %llu: %s\n", (unsigned long long)seed, status ? "wrong" : "right");
    fflush(stdout);
    if (seed % 6 == 3) {
        _exit(status);
    }
    return status;
}

/* NOLINTEND(bugprone-signal-handler,cert-err52-cpp,clang-analyzer-security.insecureAPI.vfork) */
