/* A target that finds CUDA by itself while another thread loads and unloads libraries: `loader_race RUNTIME
 * LIBRARY`. It is linked with no CUDA runtime, so that the recorder has to look for the one that was opened
 * (RUNTIME), by name, at the first call of each function. Ends with status 5. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define CALLS(CALL)                                                                                          \
    CALL(cudaDeviceSynchronize, (void), ())                                                                  \
    CALL(cudaStreamSynchronize, (void *), (NULL))                                                            \
    CALL(cudaMemset, (void *, int, size_t), (bytes, 0, 8))                                                   \
    CALL(cudaMemsetAsync, (void *, int, size_t, void *), (bytes, 0, 8, NULL))                                \
    CALL(cudaMemcpy, (void *, const void *, size_t, int), (bytes, bytes + 8, 8, 1))                          \
    CALL(cudaMemcpyAsync, (void *, const void *, size_t, int, void *), (bytes, bytes + 8, 8, 1, NULL))

#define DECLARE(name, parameters, arguments) __attribute__((weak)) int name parameters;
CALLS(DECLARE)

static atomic_bool stop;
static char bytes[16];

static void *load_and_unload(void *path) {
    while (!atomic_load(&stop)) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library) {
            dlclose(library);
        }
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t id;
    int errors = 0;
    if (argc < 3 || !dlopen(argv[1], RTLD_NOW | RTLD_LOCAL)) {
        return 99;
    }
    pthread_create(&id, NULL, load_and_unload, argv[2]);
    usleep(1000);
#define MAKE(name, parameters, arguments) errors += name ? name arguments : 0;
    CALLS(MAKE)
    usleep(60000); /* so that the recorder describes the run, too */
    atomic_store(&stop, true);
    pthread_join(id, NULL);
    printf("%d errors\n", errors);
    return 5;
}
