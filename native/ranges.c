/* NVTX by its official header-only form; see ranges.h. */
#include "native/ranges.h"

#include <nvtx3/nvToolsExt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    nvtxEventAttributes_t attributes;
    char name[32];
} range_name;

static const char *const formats[NATIVE_RANGE_KINDS] = {
    [NATIVE_RANGE_VISION] = "vision",   [NATIVE_RANGE_POOL] = "pool",
    [NATIVE_RANGE_PROJECT] = "project", [NATIVE_RANGE_PREFILL] = "prefill",
    [NATIVE_RANGE_DECODE] = "decode",   [NATIVE_RANGE_EMBED] = "embed",
    [NATIVE_RANGE_HEAD] = "head",       [NATIVE_RANGE_ATTENTION] = "attention",
    [NATIVE_RANGE_MOE] = "moe",         [NATIVE_RANGE_ROUTER] = "router",
    [NATIVE_RANGE_TOP_K] = "top_k=",    [NATIVE_RANGE_WARMUP] = "warmup.",
    [NATIVE_RANGE_SAMPLE] = "sample.",  [NATIVE_RANGE_STEP] = "decode.",
    [NATIVE_RANGE_LAYER] = "layer.",    [NATIVE_RANGE_VIT] = "vit.",
    [NATIVE_RANGE_EXPERT] = "expert.",  [NATIVE_RANGE_CAPTURE] = "capture.",
};

static range_name *names[NATIVE_RANGE_KINDS];

static void make_range_name(range_name *named, native_range kind, int64_t number) {
    if (kind < NATIVE_RANGE_FIXED) {
        snprintf(named->name, sizeof named->name, "%s", formats[kind]);
    } else {
        snprintf(named->name, sizeof named->name, "%s%lld", formats[kind], (long long)number);
    }
    named->attributes.version = NVTX_VERSION;
    named->attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
    named->attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
    named->attributes.message.ascii = named->name;
}

bool native_ranges_make(const int64_t counts[NATIVE_RANGE_KINDS], native_error *error) {
    for (int kind = 0; kind < NATIVE_RANGE_KINDS; kind++) {
        int64_t count = kind < NATIVE_RANGE_FIXED ? 1 : counts[kind];
        names[kind] = calloc((size_t)count + 1, sizeof *names[kind]);
        if (names[kind] == NULL) {
            native_ranges_free();
            return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the names of ranges");
        }
        for (int64_t i = 0; i < count; i++) {
            make_range_name(&names[kind][i], (native_range)kind, i);
        }
    }
    return true;
}

void native_ranges_free(void) {
    for (int kind = 0; kind < NATIVE_RANGE_KINDS; kind++) {
        free(names[kind]);
        names[kind] = NULL;
    }
}

void native_range_push(native_range kind, int64_t number) {
    nvtxEventAttributes_t *attributes = &names[kind][number].attributes;
    attributes->payloadType = NVTX_PAYLOAD_UNKNOWN; /* it may have had one before */
    nvtxRangePushEx(attributes);
}

void native_range_push_counted(native_range kind, int64_t number, int64_t payload) {
    nvtxEventAttributes_t *attributes = &names[kind][number].attributes;
    attributes->payloadType = NVTX_PAYLOAD_TYPE_INT64;
    attributes->payload.llValue = payload;
    nvtxRangePushEx(attributes);
}

void native_range_pop(void) {
    nvtxRangePop();
}

void native_profiling(bool on) {
    static nvtxDomainHandle_t domain;
    nvtxEventAttributes_t mark = {.version = NVTX_VERSION,
                                  .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                  .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                  .message.ascii = on ? "watch on" : "watch off"};
    domain = domain != NULL ? domain : nvtxDomainCreateA("moetrace");
    nvtxDomainMarkEx(domain, &mark);
}
