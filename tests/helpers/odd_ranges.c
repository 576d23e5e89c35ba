/* A target that asks NVTX and the system for too much: `odd_ranges WAY`. Prints one line and ends with
 * status 6. */
#include <nvtx3/nvToolsExt.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void huge_names(void) {
    enum { BYTES = 300000 };
    char *name = malloc(BYTES + 1);
    memset(name, 'n', BYTES);
    name[BYTES] = 0;
    nvtxRangePushA(name);
    nvtxRangePop();
    nvtxRangePushA("");
    nvtxRangePop();
    nvtxRangePushA(NULL);
    nvtxRangePop();
    free(name);
}

static void invalid_names(void) {
    nvtxRangePushA("bad \xff\xfe\xc3(\x80 end");
    nvtxRangePop();
    nvtxRangePushA("new\nline \"quoted\" \\ \x01");
    nvtxRangePop();
    wchar_t wide[] = {L'w', (wchar_t)0xd800, (wchar_t)0x110000, (wchar_t)-1, 0};
    nvtxRangePushW(wide);
    nvtxRangePop();
    nvtxEventAttributes_t empty = {0};
    nvtxRangePushEx(&empty);
    nvtxRangePop();
}

static void unbalanced(void) {
    nvtxRangePop();
    nvtxRangePop();
    nvtxRangePushA("balanced");
    nvtxRangePop();
    nvtxRangePop();
    nvtxRangeEnd(12345);
    nvtxRangePushA("left open");
    nvtxRangeStartA("never ended");
}

/* A signal handler with ranges of its own, in the midst of the program's. */
static atomic_uint handled;

/* NOLINTBEGIN(bugprone-signal-handler): programs do it */
static void on_alarm(int number) {
    char name[32];
    (void)number;
    unsigned n = atomic_fetch_add(&handled, 1);
    snprintf(name, sizeof name, "handler %u", n % 700);
    nvtxRangePushA(name);
    nvtxRangePop();
}
/* NOLINTEND(bugprone-signal-handler) */

static void in_handlers(void) {
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    struct timespec begin, now;
    unsigned made = 0;
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &often, NULL);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        char name[32];
        snprintf(name, sizeof name, "range %u", made++ % 100000);
        nvtxRangePushA(name);
        nvtxRangePop();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 500);
    setitimer(ITIMER_REAL, &never, NULL);
    fprintf(stderr, "%u ranges\n", made + atomic_load(&handled));
}

static void nested(void) {
    for (int i = 0; i < 100000; i++) {
        char name[32];
        snprintf(name, sizeof name, "level %d", i);
        nvtxRangePushA(name);
    }
    for (int i = 0; i < 100000; i++) {
        nvtxRangePop();
    }
}

/* Every descriptor that the limit allows is open while ranges are recorded: under the recorder until it says so, on a busy
 * machine its thread may run late. */
static void no_descriptors(void) {
    int count = 0, last = -1, fd;
    struct stat said = {0};
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
        last = fd;
        count++;
    }
    for (int i = 0; i < 30 || (i < 2000 && getenv("LD_PRELOAD") && said.st_size == 0); i++) {
        nvtxRangePushA("no descriptor");
        usleep(5000);
        nvtxRangePop();
        fstat(STDERR_FILENO, &said);
    }
    printf("%d descriptors\n", count);
    close(last);
}

/* Goes on for a while, so that something can be done to its output meanwhile. */
static void lasting(void) {
    for (int i = 0; i < 4000; i++) {
        nvtxRangePushA("lasting");
        usleep(100);
        nvtxRangePop();
    }
}

/* Closes what it did not open, as daemons do, and uses the numbers itself. */
static void close_all(void) {
    nvtxMarkA("before");
    usleep(80000);
    for (int fd = 3; fd < 1024; fd++) {
        close(fd);
    }
    int first = open("/dev/null", O_RDONLY);
    nvtxMarkA("after");
    usleep(80000);
    printf("descriptor %d, then %d\n", first, open("/dev/null", O_RDONLY));
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {{"huge", huge_names},     {"invalid", invalid_names},     {"unbalanced", unbalanced},
                {"nested", nested},       {"handlers", in_handlers},      {"lasting", lasting},
                {"close-all", close_all}, {"descriptors", no_descriptors}};
    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            printf("%s\n", argv[1]);
            return 6;
        }
    }
    return 99;
}
