/* A target that uses every kind of NVTX event and no CUDA: `ranges [threads]`. */
#include <nvtx3/nvToolsExt.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void push_with_payload(nvtxDomainHandle_t domain, const char *name, int64_t payload) {
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .payloadType = NVTX_PAYLOAD_TYPE_INT64,
                               .payload.llValue = payload,
                               .messageType = NVTX_MESSAGE_TYPE_ASCII,
                               .message.ascii = name};
    if (domain) {
        nvtxDomainRangePushEx(domain, &a);
    } else {
        nvtxRangePushEx(&a);
    }
}

static void *work(void *unused) {
    (void)unused;
    nvtxDomainHandle_t other = nvtxDomainCreateA("OTHER");
    nvtxStringHandle_t registered = nvtxDomainRegisterStringA(other, "registered");
    nvtxRangePushA("outer");
    push_with_payload(NULL, "expert.3", 17);
    push_with_payload(other, "elsewhere", -1);
    nvtxMarkA("here");
    nvtxNameCategoryA(3, "third");
    nvtxDomainNameCategoryA(other, 4, "fourth");
    nvtxNameOsThreadA(77, "renamed");
    nvtxRangePop();
    nvtxDomainRangePop(other);
    nvtxRangePushW(L"w\u00efde \U0001F680");
    nvtxRangePop();
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_REGISTERED,
                               .message.registered = registered};
    nvtxRangeId_t id = nvtxDomainRangeStartEx(other, &a);
    nvtxDomainRangeEnd(other, id);
    nvtxRangePop();
    return NULL;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 1;
    pthread_t threads[64];
    for (int i = 1; i < count && i < 64; i++) {
        pthread_create(&threads[i], NULL, work, NULL);
    }
    work(NULL);
    for (int i = 1; i < count && i < 64; i++) {
        pthread_join(threads[i], NULL);
    }
    int level = nvtxRangePushA("left open");
    printf("level %d\n", level);
    return 7;
}
