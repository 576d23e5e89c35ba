/* A profiler that the target brings itself, linked with CUPTI as libtorch_cpu is; test programs open it
 * RTLD_LOCAL, as Python opens that. It says what it got: whoever compares the output of two runs sees whether
 * somebody else in the process has spoilt it. */
#include "tests/fake/fake_profiler.h"

#include "tests/fake/fake_cupti.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES 65536u
#define REMEMBERED   65536u
#define FOREIGN      "_Z6others" /* kernels of other threads, whose number is not known beforehand */

typedef struct {
    cupti_result (*subscribe)(cupti_subscriber *, cupti_callback, void *);
    cupti_result (*register_buffers)(cupti_buffer_requested, cupti_buffer_completed);
} entries;

static struct {
    atomic_int what;
    cupti_subscriber subscriber;
    _Atomic uint64_t begun;
    atomic_uint given, returned;
    atomic_bool called[REMEMBERED]; /* by correlation id: seen in a callback */
} profiler;

static void on_call(void *userdata, int domain, uint32_t cbid, const void *data) {
    (void)domain, (void)cbid;
    const cupti_callback_data *call = data;
    if (userdata != &profiler) {
        printf("profiler: somebody else's callback\n");
    }
    if (call->site == CUPTI_ABI_SITE_ENTER) {
        atomic_store(&profiler.called[call->correlation % REMEMBERED], true);
    }
}

static void on_buffer_requested(uint8_t **buffer, size_t *size, size_t *max_records) {
    *buffer = aligned_alloc(8, BUFFER_BYTES);
    *size = BUFFER_BYTES;
    *max_records = 0;
    atomic_fetch_add(&profiler.given, 1);
}

static void print_record(const cupti_kernel *r, uint64_t now) {
    const cupti_memcpy *copy = (const cupti_memcpy *)r;
    bool is_kernel = r->kind == CUPTI_ABI_KIND_CONCURRENT_KERNEL;
    uint32_t correlation = is_kernel ? r->correlation : copy->correlation;
    uint64_t start = is_kernel ? r->start : copy->start, end = is_kernel ? r->end : copy->end;
    if (is_kernel && strcmp(r->name, FOREIGN) == 0) {
        return;
    }
    printf("profiler: kind %u %s %s call, %s\n", r->kind, is_kernel ? r->name : "-",
           atomic_load(&profiler.called[correlation % REMEMBERED]) ? "of a known" : "of no known",
           start >= profiler.begun && start < end && end <= now ? "in time" : "at another time");
}

static void on_buffer_completed(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream;
    uint64_t now = 0;
    void *record = NULL;
    if (size != BUFFER_BYTES) {
        printf("profiler: somebody else's buffer\n");
        return;
    }
    cuptiGetTimestamp(&now);
    while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_ABI_SUCCESS) {
        print_record(record, now);
    }
    atomic_fetch_add(&profiler.returned, 1);
    free(buffer);
}

static entries find_entries(int what) {
    entries e = {cuptiSubscribe, cuptiActivityRegisterCallbacks};
    Dl_info library;
    if (what & PROFILER_HIDDEN && dladdr((void *)(uintptr_t)&cuptiGetVersion, &library)) {
        void *cupti = dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD);
        *(void **)&e.subscribe = dlsym(cupti, "cuptiSubscribe");
        *(void **)&e.register_buffers = dlsym(cupti, "cuptiActivityRegisterCallbacks");
    }
    return e;
}

static void each_launch(bool on) {
    static const uint32_t launches[] = {277, 279, 307, 652}; /* copies and launches of fake_driver.h */
    for (size_t i = 0; i < sizeof launches / sizeof launches[0]; i++) {
        cuptiEnableCallback(on, profiler.subscriber, CUPTI_ABI_DOMAIN_DRIVER_API, launches[i]);
    }
}

void profiler_begin(int what) {
    entries e = find_entries(what);
    uint64_t now = 0;
    atomic_fetch_or(&profiler.what, what);
    cuptiGetTimestamp(&now);
    atomic_store(&profiler.begun, now);
    if (what & PROFILER_CALLS) {
        printf("profiler: subscribe %d\n", e.subscribe(&profiler.subscriber, on_call, &profiler));
        each_launch(true);
    }
    if (what & PROFILER_RECORDS) {
        printf("profiler: register %d\n", e.register_buffers(on_buffer_requested, on_buffer_completed));
        printf("profiler: enable %d\n", cuptiActivityEnable(CUPTI_ABI_KIND_CONCURRENT_KERNEL));
    }
}

void profiler_end(void) {
    if (profiler.what & PROFILER_RECORDS) {
        cuptiActivityFlushAll(0);
        cuptiActivityDisable(CUPTI_ABI_KIND_CONCURRENT_KERNEL);
        cuptiActivityFlushAll(CUPTI_ABI_FLUSH_FORCED);
    }
    if (profiler.what & PROFILER_CALLS) {
        printf("profiler: unsubscribe %d\n", cuptiUnsubscribe(profiler.subscriber));
    }
    printf("profiler: all buffers came back: %s\n",
           atomic_load(&profiler.given) == atomic_load(&profiler.returned) ? "yes" : "no");
    atomic_store(&profiler.what, 0);
}
