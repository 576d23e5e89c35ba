/* A target that uses all that NVTX has, and no CUDA: each kind of message, payload, range, mark and name, in
 * the default domain and in one of its own. Ends with status 7. */
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtCuda.h>
#include <nvtx3/nvToolsExtCudaRt.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static nvtxEventAttributes_t named(const char *name) {
    return (nvtxEventAttributes_t){.version = NVTX_VERSION,
                                   .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                   .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                   .message.ascii = name};
}

static nvtxEventAttributes_t named_wide(const wchar_t *name) {
    nvtxEventAttributes_t a = named(NULL);
    a.messageType = NVTX_MESSAGE_TYPE_UNICODE;
    a.message.unicode = name;
    return a;
}

static nvtxEventAttributes_t registered(nvtxStringHandle_t name) {
    nvtxEventAttributes_t a = named(NULL);
    a.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
    a.message.registered = name;
    return a;
}

/* One event of each kind with these attributes; NULL is the default domain. */
static void each_kind(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *a) {
    nvtxDomainRangePushEx(domain, a);
    nvtxDomainMarkEx(domain, a);
    nvtxDomainRangeEnd(domain, nvtxDomainRangeStartEx(domain, a));
    nvtxDomainRangePop(domain);
    if (!domain) {
        nvtxRangePushEx(a);
        nvtxMarkEx(a);
        nvtxRangeEnd(nvtxRangeStartEx(a));
        nvtxRangePop();
    }
}

static void messages(nvtxDomainHandle_t domain) {
    nvtxEventAttributes_t a[] = {named("ascii"), named_wide(L"w\u00efde \U0001F680"),
                                 registered(nvtxDomainRegisterStringA(domain, "registered")),
                                 registered(nvtxDomainRegisterStringW(domain, L"r\u00e9gistered"))};
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++) {
        each_kind(domain, &a[i]);
    }
    nvtxRangePushA("plain");
    nvtxMarkA("plain");
    nvtxRangeEnd(nvtxRangeStartA("plain"));
    nvtxRangePop();
    nvtxRangePushW(L"pl\u00e4in");
    nvtxMarkW(L"pl\u00e4in");
    nvtxRangeEnd(nvtxRangeStartW(L"pl\u00e4in"));
    nvtxRangePop();
    /* Never registered: no name, and no harm. */
    a[0] = registered((nvtxStringHandle_t)(uintptr_t)123456789);
    nvtxDomainMarkEx(domain, &a[0]);
}

static void payload(const char *name, int type, const void *bytes, size_t size) {
    nvtxEventAttributes_t a = named(name);
    a.payloadType = type;
    memcpy(&a.payload, bytes, size);
    nvtxMarkEx(&a);
}

#define PAYLOAD(name, type, ctype, value)                                                                    \
    do {                                                                                                     \
        ctype v = value;                                                                                     \
        payload(name, type, &v, sizeof v);                                                                   \
    } while (0)

static void payloads(void) {
    PAYLOAD("u64", NVTX_PAYLOAD_TYPE_UNSIGNED_INT64, uint64_t, UINT64_MAX);
    PAYLOAD("i64", NVTX_PAYLOAD_TYPE_INT64, int64_t, INT64_MIN);
    PAYLOAD("f64", NVTX_PAYLOAD_TYPE_DOUBLE, double, -0.1);
    PAYLOAD("u32", NVTX_PAYLOAD_TYPE_UNSIGNED_INT32, uint32_t, UINT32_MAX);
    PAYLOAD("i32", NVTX_PAYLOAD_TYPE_INT32, int32_t, -2);
    PAYLOAD("f32", NVTX_PAYLOAD_TYPE_FLOAT, float, 1.5F);
    PAYLOAD("u32 0", NVTX_PAYLOAD_TYPE_UNSIGNED_INT32, uint32_t, 0);
    PAYLOAD("none", NVTX_PAYLOAD_UNKNOWN, uint32_t, 5);
    PAYLOAD("unheard of", 99, uint32_t, 5);
}

static void names(nvtxDomainHandle_t domain) {
    nvtxNameCategoryA(3, "third");
    nvtxNameCategoryW(4, L"f\u00f6urth");
    nvtxDomainNameCategoryA(domain, 5, "fifth");
    nvtxDomainNameCategoryW(domain, 6, L"s\u00efxth");
    nvtxEventAttributes_t a = named("with style");
    a.category = 5;
    a.colorType = NVTX_COLOR_ARGB;
    a.color = 0xff102030;
    each_kind(domain, &a);
    nvtxNameOsThreadA(77, "thread");
    nvtxNameOsThreadW(78, L"thr\u00e9ad");
    nvtxNameCuDeviceA(1, "device");
    nvtxNameCuContextA((CUcontext)(uintptr_t)0x10, "context");
    nvtxNameCuStreamA((CUstream)(uintptr_t)0x20, "stream");
    nvtxNameCuEventA((CUevent)(uintptr_t)0x30, "event");
    nvtxNameCudaDeviceW(2, L"d\u00e9vice");
    nvtxNameCudaStreamW((cudaStream_t)(uintptr_t)0x21, L"str\u00e9am");
    nvtxNameCudaEventW((cudaEvent_t)(uintptr_t)0x31, L"\u00e9vent");
    nvtxResourceAttributes_t r = {.version = NVTX_VERSION,
                                  .size = NVTX_RESOURCE_ATTRIB_STRUCT_SIZE,
                                  .identifierType = NVTX_RESOURCE_TYPE_GENERIC_POINTER,
                                  .identifier.ullValue = 0x40,
                                  .messageType = NVTX_MESSAGE_TYPE_REGISTERED,
                                  .message.registered = nvtxDomainRegisterStringW(domain, L"mut\u00e9x")};
    nvtxDomainResourceDestroy(nvtxDomainResourceCreate(domain, &r));
}

static void *end_elsewhere(void *id) {
    nvtxRangeEnd(*(nvtxRangeId_t *)id);
    return NULL;
}

static void across_threads(void) {
    pthread_t thread;
    nvtxRangeId_t id = nvtxRangeStartA("across threads");
    pthread_create(&thread, NULL, end_elsewhere, &id);
    pthread_join(thread, NULL);
}

int main(void) {
    nvtxDomainHandle_t other = nvtxDomainCreateA("OTHER"), wide = nvtxDomainCreateW(L"W\u00efDE");
    messages(NULL);
    messages(other);
    payloads();
    names(other);
    across_threads();
    nvtxEventAttributes_t a = named("in the wide domain");
    nvtxDomainMarkEx(wide, &a);
    nvtxDomainDestroy(wide);
    a = named("around");
    nvtxDomainRangePushEx(other, &a);
    int level = nvtxRangePushA("left open");
    nvtxDomainRangePop(other);
    printf("the level of a range is %s\n",
           level == 0 || level == NVTX_NO_PUSH_POP_TRACKING ? "right" : "wrong");
    return 7;
}
