/* A target whose trace's disk stalls for a while (FAKE_DISK_GATE of tests/fake/fake_disk.c), or is small:
 * `odd_disk WAY`. Prints one line and ends with status 6.
 *   starved   memory gives out while ranges are open, and is there again later
 *   deep      the same with many of them
 *   fork      forks while the recorder waits for the disk
 *   full      makes more events than can wait while the disk (FAKE_DISK_FULL) is full, and some when it is
 * not lasting   a range each 100 us for half a second */
#include <nvtx3/nvToolsExt.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char gate[4096], waiting[4200];

static void touch(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
}

/* Returns when the recorder waits for the disk. */
static void stall(void) {
    touch(gate);
    while (access(waiting, F_OK) != 0) {
        nvtxMarkA("waiting");
        usleep(1000);
    }
}

static void go_on(void) {
    unlink(gate);
    unlink(waiting);
}

static void fill_memory(void) {
    for (int i = 0; i < 300000; i++) {
        nvtxMarkA("filler");
    }
}

static void push(nvtxDomainHandle_t domain, const char *name) {
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_ASCII,
                               .message.ascii = name};
    nvtxDomainRangePushEx(domain, &a);
}

static void starved(void) {
    nvtxDomainHandle_t other = nvtxDomainCreateA("OTHER");
    nvtxRangePushA("outer");
    push(other, "elsewhere");
    nvtxRangeId_t first = nvtxRangeStartA("span 1");
    stall();
    fill_memory();
    nvtxRangePop();
    nvtxRangePushA("kept");
    push(other, "lost");
    nvtxDomainRangePop(other);
    nvtxDomainRangePop(other);
    nvtxRangeId_t second = nvtxRangeStartA("span 2");
    nvtxRangeEnd(first);
    nvtxRangePushA("lost");
    nvtxRangePop();
    nvtxRangeEnd(nvtxRangeStartA("lost"));
    go_on();
    sleep(1);
    nvtxMarkA("after");
    nvtxRangePop();
    nvtxRangeEnd(second);
    nvtxMarkA("last");
}

static void deep(void) {
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "a%d", i);
        nvtxRangePushA(name);
    }
    stall();
    fill_memory();
    for (int i = 0; i < 60; i++) {
        nvtxRangePop();
    }
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "b%d", i);
        nvtxRangePushA(name);
    }
    go_on();
    sleep(1);
    nvtxMarkA("after");
    for (int i = 0; i < 90; i++) {
        nvtxRangePop();
    }
    nvtxMarkA("last");
}

static void fork_meanwhile(void) {
    nvtxMarkA("before");
    stall();
    pid_t pid = fork();
    go_on();
    if (pid == 0) {
        nvtxMarkA("child");
        exit(0);
    }
    waitpid(pid, NULL, 0);
    nvtxMarkA("parent");
}

static void *other_thread(void *unused) {
    (void)unused;
    nvtxRangePushA("on another thread");
    usleep(100000);
    nvtxRangePop();
    return NULL;
}

static void full_for_a_while(void) {
    const char *path = getenv("FAKE_DISK_FULL"), *full = path ? path : "/nowhere";
    pthread_t id;
    touch(full);
    for (int i = 0; i < 4; i++) {
        nvtxRangePushA("early");
        fill_memory();
        usleep(200000);
        nvtxRangePop();
    }
    unlink(full);
    sleep(1);
    nvtxRangePushA("late");
    pthread_create(&id, NULL, other_thread, NULL);
    pthread_join(id, NULL);
    nvtxRangePop();
    nvtxMarkA("last");
}

static void lasting(void) {
    char name[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "lasting %d", i);
        nvtxRangePushA(name);
        usleep(100);
        nvtxRangePop();
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {{"starved", starved},
                {"deep", deep},
                {"fork", fork_meanwhile},
                {"full", full_for_a_while},
                {"lasting", lasting}};
    const char *path = getenv("FAKE_DISK_GATE");
    snprintf(gate, sizeof gate, "%s", path ? path : "/nowhere");
    snprintf(waiting, sizeof waiting, "%s.waiting", gate);
    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].run();
            printf("%s\n", argv[1]);
            return 6;
        }
    }
    return 99;
}
