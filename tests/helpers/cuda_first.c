/* A target whose threads make their very first CUDA calls at the same moment: `cuda_first THREADS LAUNCHES`. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 64

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0};
static pthread_barrier_t barrier;

static void *launch(void *count) {
    dim3 one = {1, 1, 1};
    pthread_barrier_wait(&barrier);
    for (unsigned long i = 0; i < *(const unsigned long *)count; i++) {
        cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    }
    return NULL;
}

int main(int argc, char **argv) {
    unsigned threads = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (threads == 0 || threads > THREADS_MAX) {
        return 2;
    }
    unsigned long launches = strtoul(argv[2], NULL, 10);
    pthread_t ids[THREADS_MAX];
    pthread_barrier_init(&barrier, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, launch, &launches);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    cudaDeviceSynchronize();
    return 9;
}
