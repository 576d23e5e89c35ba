/* A target that issues ten kernels in a range and then ends in the way that it is told:
 * `cuda_endings [driver|runtime|nvtx] WAY`. With `driver` it makes no call of the CUDA runtime, with `nvtx`
 * none of CUDA. `interrupted` and `interrupted-exit` wait for SIGUSR1 to come while it works. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const fake_kernel kernel = {"_Z6kernelv", 5000, 16, 0};

static void through_driver(void) {
    cuInit(0);
    for (int i = 0; i < 10; i++) {
        cuLaunchKernel((void *)(uintptr_t)&kernel, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL);
    }
    cuCtxSynchronize();
}

static void through_runtime(void) {
    dim3 one = {1, 1, 1};
    for (int i = 0; i < 10; i++) {
        __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    }
    cudaDeviceSynchronize();
}

static void *exit_in_thread(void *unused) {
    (void)unused;
    exit(41);
}

static void handler(int number) {
    static const char text[] = "handled\n";
    ssize_t rc = write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(rc > 0 ? 100 + number : 1);
}

/* For a signal that comes in the midst of the work. */
static void leave_at_once(int number) {
    (void)number;
    _exit(46);
}

static void leave_through_handlers(int number) {
    (void)number;
    exit(47); /* NOLINT(bugprone-signal-handler): programs do it */
}

static void crash(void) {
    volatile int *nowhere = NULL;
    *nowhere = 1; /* NOLINT(clang-analyzer-core.NullDereference): that is the purpose */
}

static int end(const char *way, char **argv) {
    pthread_t id;
    if (strcmp(way, "exit") == 0) {
        exit(42);
    } else if (strcmp(way, "_exit") == 0) {
        _exit(43);
    } else if (strcmp(way, "quick_exit") == 0) {
        quick_exit(44);
    } else if (strcmp(way, "abort") == 0) {
        abort();
    } else if (strcmp(way, "kill") == 0) {
        kill(getpid(), SIGKILL);
    } else if (strcmp(way, "term") == 0) {
        kill(getpid(), SIGTERM);
    } else if (strcmp(way, "int") == 0) {
        kill(getpid(), SIGINT);
    } else if (strcmp(way, "segv") == 0) {
        crash();
    } else if (strcmp(way, "handler") == 0) {
        signal(SIGSEGV, handler);
        crash();
    } else if (strcmp(way, "thread") == 0) {
        pthread_create(&id, NULL, exit_in_thread, NULL);
        pthread_join(id, NULL);
    } else if (strcmp(way, "pthread_exit") == 0) {
        pthread_exit(NULL);
    } else if (strcmp(way, "exec") == 0) {
        execl(argv[0], argv[0], argv[1], "exit", (char *)NULL);
    }
    return 45;
}

/* The bytes in the directory of the traces. */
static long long bytes_there(void) {
    const char *directory = getenv("MOETRACE_OUTPUT");
    DIR *d = directory ? opendir(directory) : NULL;
    long long bytes = 0;
    struct stat st;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, 0) == 0) {
            bytes += st.st_size;
        }
    }
    if (d) {
        closedir(d);
    }
    return bytes;
}

/* What is 100 ms old is in the file: on a machine that gives the writer no processor in that time, a little
 * later. */
static void wait_for_writer(void) {
    long long before = 0, now = 0;
    int tries = getenv("MOETRACE_OUTPUT") ? 40 : 1;
    do {
        before = now;
        usleep(120000);
        now = bytes_there();
    } while (--tries > 0 && (now == 0 || now != before));
}

int main(int argc, char **argv) {
    if (argc < 3) {
        return 99;
    }
    const char *way = argv[2];
    if (strcmp(way, "interrupted") == 0) {
        signal(SIGUSR1, leave_at_once);
    } else if (strcmp(way, "interrupted-exit") == 0) {
        signal(SIGUSR1, leave_through_handlers);
    }
    nvtxRangePushA("work");
    if (strcmp(argv[1], "driver") == 0) {
        through_driver();
    } else if (strcmp(argv[1], "runtime") == 0) {
        through_runtime();
    }
    nvtxRangePop();
    printf("worked, then %s\n", way);
    fflush(stdout);
    if (getenv("ENDING_WAITS")) {
        wait_for_writer();
    }
    return end(way, argv);
}
