/* A target that launches flat out until its time is over, or it is killed: `cuda_flood THREADS MS [LOG]`.
 * Into LOG it writes when each launch returned (CLOCK_MONOTONIC, 8 bytes each, a region per thread behind its
 * count), so that a killed run can be compared with its trace. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGION (1u << 20) /* launches that a thread can log */

static const fake_kernel null_kernel = {"_Z4nullv", 300, 8, 0};
static uint64_t end_ns;
static _Atomic uint64_t *progress; /* NULL: not logged */
static atomic_uint threads;
static atomic_ulong launches;

static void *flood(void *unused) {
    (void)unused;
    uint64_t n = 0;
    unsigned self = atomic_fetch_add(&threads, 1);
    _Atomic uint64_t *mine = progress ? progress + (size_t)self * (REGION + 1) : NULL;
    void *stream;
    dim3 one = {1, 1, 1};
    cudaStreamCreate(&stream);
    for (uint64_t now = 0; now < end_ns && n < REGION;) {
        __cudaLaunchKernel(&null_kernel, one, one, NULL, 0, stream);
        now = fake_now();
        n++;
        if (mine) {
            atomic_store(&mine[n], now);
            atomic_store(&mine[0], n);
        }
    }
    cudaStreamSynchronize(stream);
    atomic_fetch_add(&launches, n);
    return NULL;
}

static int open_log(const char *path, unsigned count) {
    size_t bytes = (size_t)count * (REGION + 1) * 8;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
        return -1;
    }
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    progress = p == MAP_FAILED ? NULL : p;
    return progress ? 0 : -1;
}

int main(int argc, char **argv) {
    pthread_t ids[64];
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (count == 0 || count > 64 || (argc > 3 && open_log(argv[3], count))) {
        return 99;
    }
    end_ns = fake_now() + strtoull(argv[2], NULL, 10) * 1000000u;
    for (unsigned i = 0; i < count; i++) {
        pthread_create(&ids[i], NULL, flood, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(ids[i], NULL);
    }
    printf("%lu\n", atomic_load(&launches));
    return 0;
}
