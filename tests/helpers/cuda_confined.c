/* Programs that give up rights, or have little room: `cuda_confined CASE [ARGUMENT]...`. Ends with status 7 unless
 * the case says otherwise, or something went wrong in the program itself. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <nvtx3/nvToolsExt.h>

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0};

static void range(const char *name) {
    nvtxRangePushA(name);
    nvtxRangePop();
}

static int launch(int count) {
    dim3 one = {1, 1, 1};
    int errors = 0;
    for (int i = 0; i < count; i++) {
        errors += __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL) != 0;
    }
    return errors + (cudaDeviceSynchronize() != 0);
}

/* A range every millisecond: the recorder writes several times meanwhile. */
static void ranges_for(unsigned milliseconds) {
    for (unsigned i = 0; i < milliseconds; i++) {
        range("work");
        usleep(1000);
    }
}

/* user|root FOLDER: becomes another user, or has FOLDER as its root, after its first range or (`-written`) after a while. */
static int other_rights(int argc, char **argv) {
    int errors = argc < 3;
    range("start");
    if (strstr(argv[1], "-written")) {
        ranges_for(200);
    }
    if (strncmp(argv[1], "user", 4) == 0) {
        errors += setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0;
    } else {
        errors += chroot(argv[2]) != 0 || chdir("/") != 0;
    }
    ranges_for(200);
    return errors ? 1 : 7;
}

/* The programs of filters: nothing but openat (new threads) is refused, or nothing is allowed but what this program itself needs. */
static int install_filter(const char *what, unsigned action, unsigned flags) {
    struct sock_filter open[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                 BPF_STMT(BPF_RET | BPF_K, action)};
    struct sock_filter threads[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 3, 0),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 2, 0),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                    BPF_STMT(BPF_RET | BPF_K, action)};
    struct sock_filter most[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_nanosleep, 2, 0),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
                                 BPF_STMT(BPF_RET | BPF_K, action),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = sizeof open / sizeof open[0], .filter = open};
    if (strcmp(what, "most") == 0) {
        program = (struct sock_fprog){.len = sizeof most / sizeof most[0], .filter = most};
    } else if (strcmp(what, "threads") == 0) {
        program = (struct sock_fprog){.len = sizeof threads / sizeof threads[0], .filter = threads};
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        return -1;
    }
    return flags ? (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program)
                 : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* filter open|threads|most error|kill one|all [cuda|quiet]: works (quiet: once), refuses itself and perhaps all its threads
 * system calls, works on. */
static int filtered(int argc, char **argv) {
    bool quiet = argc > 5 && strcmp(argv[5], "quiet") == 0;
    int errors = argc > 5 && !quiet ? launch(10) : 0;
    if (quiet) {
        range("work");
        usleep(150000); /* the recorder's thread begins with the next range */
    } else {
        ranges_for(200);
    }
    unsigned action = strcmp(argv[3], "kill") == 0 ? SECCOMP_RET_KILL_PROCESS : (SECCOMP_RET_ERRNO | EPERM);
    errors +=
        install_filter(argv[2], action, strcmp(argv[4], "all") == 0 ? SECCOMP_FILTER_FLAG_TSYNC : 0) != 0;
    ranges_for(100);
    return errors ? 1 : 7;
}

/* ask: finds out what filters there are, by installing some that the kernel refuses, and works on. */
static int ask_for_filters(int argc, char **argv) {
    struct sock_filter backward[] = {BPF_JUMP(BPF_JMP | BPF_JA, UINT32_MAX, 0, 0),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog programs[] = {
        {.len = 2, .filter = backward}, {.len = 0, .filter = backward}, {.len = 2}};
    int errors = 0;
    (void)argc;
    (void)argv;
    ranges_for(100);
    errors += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != -1 || errno != EFAULT;
    errors += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL) != -1 ||
              errno != EFAULT;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        return 1;
    }
    for (size_t i = 1; i < sizeof programs / sizeof programs[0]; i++) {
        errors += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &programs[i]) != -1;
    }
    ranges_for(100);
    errors += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &programs[0]) != -1 || errno != EINVAL;
    return errors ? 1 : 7;
}

/* Field 20 of /proc/self/stat, as Python counts before it warns of a fork. */
static int count_threads(void) {
    char text[2048] = "";
    FILE *f = fopen("/proc/self/stat", "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    text[n] = 0;
    char *p = strrchr(text, ')');
    for (int field = 2; p && field < 20; field++) {
        p = strchr(p + 1, ' ');
    }
    return p ? (int)strtol(p, NULL, 10) : 0;
}

/* alone [cuda]: does what only a process of one thread may do, soon and late. */
static int one_thread(int argc, char **argv) {
    int errors = argc > 2 ? launch(10) : 0;
    (void)argv;
    range("start");
    usleep(20000);
    printf("threads %d\n", count_threads());
    ranges_for(200);
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    printf("threads after a fork %d\n", count_threads());
    waitpid(child, NULL, 0);
    ranges_for(200);
    printf("unshare: %s\n", unshare(CLONE_NEWUSER) ? strerror(errno) : "done");
    ranges_for(200);
    return errors ? 1 : 7;
}

static void exit_in_handler(int number) {
    (void)number;
    exit(3); /* NOLINT(bugprone-signal-handler): servers do it */
}

static void leave_in_handler(int number) {
    (void)number;
    _exit(4);
}

/* small-stack exit|_exit BYTES [cuda]: a handler on a stack of so many bytes ends the process. */
static int small_stack(int argc, char **argv) {
    size_t bytes = strtoul(argv[3], NULL, 10);
    char *p = mmap(NULL, bytes + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = p + 4096, .ss_size = bytes};
    struct sigaction action = {.sa_flags = SA_ONSTACK};
    action.sa_handler = strcmp(argv[2], "exit") == 0 ? exit_in_handler : leave_in_handler;
    if (mprotect(p + 4096, bytes, PROT_READ | PROT_WRITE) || sigaltstack(&stack, NULL) ||
        sigaction(SIGTERM, &action, NULL)) {
        return 1;
    }
    range("work");
    if (argc > 4 && launch(10)) {
        return 1;
    }
    raise(SIGTERM);
    return 9;
}

static pthread_barrier_t all_there;

static void *range_and_launch(void *unused) {
    dim3 one = {1, 1, 1};
    (void)unused;
    nvtxRangePushA("thread");
    __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    nvtxRangePop();
    pthread_barrier_wait(&all_there);
    return NULL;
}

/* threads COUNT: so many live at once, each with a range and a launch in it. */
static int many_threads(int argc, char **argv) {
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    pthread_t *ids = calloc(count + 1, sizeof *ids);
    pthread_attr_t small;
    int errors = !ids || launch(1) != 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&all_there, NULL, count);
    for (unsigned i = 0; ids && i < count; i++) {
        if (pthread_create(&ids[i], &small, range_and_launch, NULL)) {
            _exit(1);
        }
    }
    for (unsigned i = 0; ids && i < count; i++) {
        pthread_join(ids[i], NULL);
    }
    free(ids);
    errors += cudaDeviceSynchronize() != 0;
    return errors ? 1 : 7;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} cases[] = {{"user", other_rights},         {"user-written", other_rights}, {"root", other_rights},
             {"root-written", other_rights}, {"filter", filtered},           {"alone", one_thread},
             {"small-stack", small_stack},   {"threads", many_threads},      {"ask", ask_for_filters}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            return cases[i].run(argc, argv);
        }
    }
    return 99;
}
