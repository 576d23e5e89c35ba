/* A target with several devices: `cuda_devices DEVICES`. A thread for each launches on two streams there, as
 * many kernels on the first as the device's number says, and one more on the second, in a range `device.N`;
 * then it copies and fills. Ends with status 12. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_runtime.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const fake_kernel kernel = {"_Z6kernelv", 5000, 16, 0};

static void *work(void *number) {
    int device = (int)(intptr_t)number, errors = 0;
    void *streams[2];
    char name[32], bytes[64] = "";
    dim3 one = {1, 1, 1};
    snprintf(name, sizeof name, "device.%d", device);
    errors += cudaSetDevice(device);
    nvtxRangePushA(name);
    for (int s = 0; s < 2; s++) {
        errors += cudaStreamCreate(&streams[s]);
        for (int i = 0; i < device + s; i++) {
            errors += cudaLaunchKernel(&kernel, one, one, NULL, 0, streams[s]);
        }
    }
    errors += cudaMemcpyAsync(bytes, bytes + 32, 32, cudaMemcpyHostToDevice, streams[0]);
    errors += cudaMemsetAsync(bytes, 1, 32, streams[1]);
    errors += cudaStreamSynchronize(streams[0]) + cudaStreamSynchronize(streams[1]);
    nvtxRangePop();
    return (void *)(intptr_t)errors;
}

int main(int argc, char **argv) {
    enum { MOST = 8 };
    pthread_t ids[MOST];
    int count = argc > 1 ? atoi(argv[1]) : 1, errors = 0;
    for (int i = 0; i < count && i < MOST; i++) {
        pthread_create(&ids[i], NULL, work, (void *)(intptr_t)i);
    }
    for (int i = 0; i < count && i < MOST; i++) {
        void *result;
        pthread_join(ids[i], &result);
        errors += (int)(intptr_t)result;
    }
    printf("%d errors\n", errors);
    return 12;
}
