/* The plainest observer there can be, to compare the recorder with: an NVTX injection library that switches
 * CUPTI's kernel, copy and fill records on for every second `sample.N` range and throws the records away.
 *   NVTX_INJECTION64_PATH=libbare_cupti.so run_native ... */
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int kinds[] = {10, 1, 2, 22}; /* concurrent kernel, memcpy, memset, memcpy between devices */
static int (*enable)(int), (*disable)(int);
static int requests, begin;

static void give_buffer(uint8_t **buffer, size_t *size, size_t *records) {
    *size = 1u << 20;
    *buffer = aligned_alloc(8, *size);
    *records = 0;
}

static void take_buffer(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream, (void)size, (void)valid;
    free(buffer);
}

static void open_cupti(void) {
    void *cupti = dlopen("libcupti.so.13", RTLD_NOW | RTLD_NOLOAD);
    cupti = cupti ? cupti : dlopen("libcupti.so.12", RTLD_NOW | RTLD_NOLOAD);
    int (*callbacks)(void *, void *) = NULL;
    if (cupti) {
        *(void **)&callbacks = dlsym(cupti, "cuptiActivityRegisterCallbacks");
        *(void **)&enable = dlsym(cupti, "cuptiActivityEnable");
        *(void **)&disable = dlsym(cupti, "cuptiActivityDisable");
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
        (watched ? enable : disable)(kinds[i]);
    }
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
