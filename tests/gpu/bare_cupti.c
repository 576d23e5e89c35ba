/* The plainest observer there can be, to compare the recorder with: an NVTX injection library that switches
 * CUPTI's kernel, copy and fill records on for every second `sample.N` range and throws the records away.
 *   NVTX_INJECTION64_PATH=libbare_cupti.so run_native ...
 * BARE_WITH names what else is on while it watches, to learn what each part of a design costs: `callback` (an
 * empty function at both ends of the driver's launches), `external` (an external correlation id for each
 * request), `runtime` and `driver` (records of all API calls), or several of them. BARE_BEGIN: requests
 * before CUPTI is touched at all. BARE_AGAINST=1: it always watches, and what BARE_WITH names is on for every
 * second request only, so that two designs are compared in one process. */
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int kinds[] = {10, 1, 2, 22}; /* concurrent kernel, memcpy, memset, memcpy between devices */
static int (*enable)(int), (*disable)(int);
static int (*enable_callback)(unsigned, void *, int, unsigned);
static int (*push_external)(int, uint64_t), (*pop_external)(int, uint64_t *);
static const char *with = "";
static void *subscriber;
static int requests, begin, always;

static void give_buffer(uint8_t **buffer, size_t *size, size_t *records) {
    *size = 1u << 20;
    *buffer = aligned_alloc(8, *size);
    *records = 0;
}

static void take_buffer(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream, (void)size, (void)valid;
    free(buffer);
}

static void on_call(void *user, int domain, unsigned cbid, const void *data) {
    (void)user, (void)domain, (void)cbid, (void)data;
}

enum { DRIVER_API = 1, CU_LAUNCH_KERNEL = 307, CU_LAUNCH_KERNEL_EX = 652, KIND_DRIVER = 4, KIND_RUNTIME = 5 };
enum { KIND_EXTERNAL = 39, EXTERNAL_CUSTOM = 3 };

/* What BARE_WITH adds. */
static void switch_additions(int on) {
    if (strstr(with, "callback")) {
        enable_callback((unsigned)on, subscriber, DRIVER_API, CU_LAUNCH_KERNEL);
        enable_callback((unsigned)on, subscriber, DRIVER_API, CU_LAUNCH_KERNEL_EX);
    }
    if (strstr(with, "runtime")) {
        (on ? enable : disable)(KIND_RUNTIME);
    }
    if (strstr(with, "driver")) {
        (on ? enable : disable)(KIND_DRIVER);
    }
    if (strstr(with, "external")) {
        static int open;
        uint64_t last;
        (on ? enable : disable)(KIND_EXTERNAL);
        if (on) {
            push_external(EXTERNAL_CUSTOM, (uint64_t)requests);
        } else if (open) {
            pop_external(EXTERNAL_CUSTOM, &last);
        }
        open = on;
    }
}

static void open_cupti(void) {
    /* The copy that is loaded, else one that can be found. */
    void *cupti = dlopen("libcupti.so.13", RTLD_NOW | RTLD_NOLOAD);
    cupti = cupti ? cupti : dlopen("libcupti.so.12", RTLD_NOW | RTLD_NOLOAD);
    cupti = cupti ? cupti : dlopen("libcupti.so.13", RTLD_NOW);
    int (*callbacks)(void *, void *) = NULL;
    if (cupti) {
        *(void **)&callbacks = dlsym(cupti, "cuptiActivityRegisterCallbacks");
        *(void **)&enable = dlsym(cupti, "cuptiActivityEnable");
        *(void **)&disable = dlsym(cupti, "cuptiActivityDisable");
        *(void **)&enable_callback = dlsym(cupti, "cuptiEnableCallback");
        *(void **)&push_external = dlsym(cupti, "cuptiActivityPushExternalCorrelationId");
        *(void **)&pop_external = dlsym(cupti, "cuptiActivityPopExternalCorrelationId");
        int (*subscribe)(void **, void (*)(void *, int, unsigned, const void *), void *);
        *(void **)&subscribe = dlsym(cupti, "cuptiSubscribe");
        if (strstr(with, "callback") && subscribe(&subscriber, on_call, NULL)) {
            fprintf(stderr, "bare_cupti: cuptiSubscribe failed\n");
            exit(2);
        }
    }
    if (!callbacks || callbacks((void *)(uintptr_t)give_buffer, (void *)(uintptr_t)take_buffer)) {
        fprintf(stderr, "bare_cupti: no CUPTI in this process\n");
        exit(2);
    }
}

static void on_name(const char *name) {
    if (!name || strncmp(name, "sample.", 7) != 0) {
        return;
    }
    if (requests++ < begin) {
        return;
    }
    if (!enable) {
        open_cupti();
    }
    int watched = (requests - 1 - begin) % 2;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (watched || always ? enable : disable)(kinds[i]);
    }
    switch_additions(watched);
}

static int on_push(const char *name) {
    on_name(name);
    return 0;
}

static int on_push_ex(const nvtxEventAttributes_t *a) {
    on_name(a->messageType == NVTX_MESSAGE_TYPE_ASCII ? a->message.ascii : NULL);
    return 0;
}

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table);

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table) {
    const char *first = getenv("BARE_BEGIN");
    begin = first ? atoi(first) : 0;
    const char *additions = getenv("BARE_WITH");
    with = additions ? additions : "";
    always = getenv("BARE_AGAINST") != NULL;
    const NvtxExportTableCallbacks *callbacks = get_export_table(NVTX_ETID_CALLBACKS);
    NvtxFunctionTable table = NULL;
    unsigned size = 0;
    if (!callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &table, &size) ||
        size <= NVTX_CBID_CORE_RangePushA) {
        return 0;
    }
    *table[NVTX_CBID_CORE_RangePushA] = (NvtxFunctionPointer)on_push;
    *table[NVTX_CBID_CORE_RangePushEx] = (NvtxFunctionPointer)on_push_ex;
    return 1;
}
