/* A listener for NVTX: writes `push NAME TYPE PAYLOAD`, `pop` and `mark NAME` (of any named domain) lines to
 * the file that NATIVE_NVTX_LOG names. */
#include <nvtx3/nvToolsExt.h>
#include <stdio.h>
#include <stdlib.h>

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table);

static FILE *log_file;

static int push(const nvtxEventAttributes_t *attributes) {
    fprintf(log_file, "push %s %d %lld\n", attributes->message.ascii, (int)attributes->payloadType,
            attributes->payloadType == NVTX_PAYLOAD_TYPE_INT64 ? (long long)attributes->payload.llValue
                                                               : 0LL);
    return 0;
}

static int pop(void) {
    fputs("pop\n", log_file);
    return 0;
}

static void mark(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *attributes) {
    (void)domain;
    fprintf(log_file, "mark %s\n", attributes->message.ascii);
}

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
    const NvtxExportTableCallbacks *callbacks = get_table(NVTX_ETID_CALLBACKS);
    NvtxFunctionTable table;
    unsigned int size = 0;
    log_file = fopen(getenv("NATIVE_NVTX_LOG"), "w");
    if (log_file == NULL || callbacks == NULL ||
        !callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &table, &size)) {
        return 0;
    }
    *table[NVTX_CBID_CORE_RangePushEx] = (NvtxFunctionPointer)(void (*)(void))push;
    *table[NVTX_CBID_CORE_RangePop] = (NvtxFunctionPointer)(void (*)(void))pop;
    if (!callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size)) {
        return 0;
    }
    *table[NVTX_CBID_CORE2_DomainMarkEx] = (NvtxFunctionPointer)(void (*)(void))mark;
    return 1;
}
