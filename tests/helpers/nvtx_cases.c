/* What programs do with NVTX that a recorder gets wrong easily: `nvtx_cases CASE`. Ends with status 7 unless
 * something went wrong in the program itself. */
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* ---- fork while another thread makes the first call of a copy of NVTX ---- */

static atomic_bool begun, ready;

static const void *no_table(uint32_t id) {
    (void)id;
    atomic_store(&ready, true);
    return NULL;
}

/* The steps that NVTX's header takes, with a rest in their middle. */
static void *load_tool(void *unused) {
    (void)unused;
    int (*initialize)(const void *(*)(uint32_t)) = NULL;
    const char *path = getenv("NVTX_INJECTION64_PATH");
    void *library = path ? dlopen(path, RTLD_LAZY) : NULL;
    atomic_store(&begun, true);
    if (library) {
        *(void **)&initialize = dlsym(library, "InitializeInjectionNvtx2");
    }
    usleep(5000);
    if (initialize) {
        initialize(no_table);
    }
    return NULL;
}

/* A child must never see the first call of another thread under way: that thread is not there to end it. */
static int first_call(void) {
    pthread_t id;
    pthread_create(&id, NULL, load_tool, NULL);
    while (!atomic_load(&begun)) {
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(atomic_load(&ready) ? 7 : 1);
    }
    int status = status_of(child);
    pthread_join(id, NULL);
    return status;
}

/* ---- the payload extension ---- */

static uint64_t register_layout(nvtxDomainHandle_t domain, const nvtxPayloadSchemaEntry_t *entries,
                                size_t count, size_t bytes) {
    const nvtxPayloadSchemaAttr_t schema = {
        .fieldMask = NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES |
                     NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_STATIC_SIZE,
        .type = NVTX_PAYLOAD_SCHEMA_TYPE_STATIC,
        .entries = entries,
        .numEntries = count,
        .payloadStaticSize = bytes};
    return nvtxPayloadSchemaRegister(domain, &schema);
}

/* Ranges that are pushed with payloads and popped without, as NCCL does. */
static int payloads(void) {
    static const nvtxPayloadSchemaEntry_t number[] = {{.type = NVTX_PAYLOAD_ENTRY_TYPE_UINT64}};
    static const nvtxPayloadSchemaEntry_t text_and_short[] = {
        {.flags = NVTX_PAYLOAD_ENTRY_FLAG_EVENT_MESSAGE, .type = NVTX_PAYLOAD_ENTRY_TYPE_CSTRING},
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_CHAR},
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_INT16}};
    struct {
        const char *text;
        char letter;
        int16_t value;
    } inner = {"inner", 'x', -5};
    uint64_t bytes = 4096;
    nvtxDomainHandle_t domain = nvtxDomainCreateA("NCCL");
    nvtxPayloadData_t outer_data = {register_layout(domain, number, 1, sizeof bytes), sizeof bytes, &bytes};
    nvtxPayloadData_t inner_data = {register_layout(domain, text_and_short, 3, sizeof inner), sizeof inner,
                                    &inner};
    nvtxPayloadData_t unknown = {NVTX_PAYLOAD_SCHEMA_ID_STATIC_START + 5, sizeof inner, &inner};
    nvtxPayloadData_t cut = {outer_data.schemaId, 4, &bytes};
    const nvtxEventAttributes_t outer = {.version = NVTX_VERSION,
                                         .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                         .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                         .message.ascii = "outer",
                                         .payloadType = NVTX_PAYLOAD_TYPE_EXT,
                                         .reserved0 = 1,
                                         .payload.ullValue = (uint64_t)(uintptr_t)&outer_data};
    nvtxDomainRangePushEx(domain, &outer);
    nvtxRangePushPayload(domain, &inner_data, 1);
    nvtxDomainRangePop(domain);
    nvtxRangePushPayload(domain, &unknown, 1);
    nvtxRangePopPayload(domain, &cut, 1);
    nvtxDomainRangePop(domain);
    nvtxMarkPayload(domain, &inner_data, 1);
    nvtxMarkPayload(domain, &cut, 1);
    nvtxRangeEndPayload(domain, nvtxRangeStartPayload(domain, &inner_data, 1), NULL, 0);
    return nvtxDomainIsEnabled(domain) ? 7 : 1;
}

/* ---- many names ---- */

static void range(const char *name) {
    nvtxRangePushA(name);
    nvtxRangePop();
}

/* Names that occur once, as emit_nvtx makes them. The rests give the writer time, however busy the machine is. */
static void unique_ranges(int count) {
    char name[128];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name,
                 "aten::native_layer_norm, seq = %d, op_id = %d, sizes = [[8, 326, 2048], []]", i, 3 * i);
        range(name);
        if (i % 500 == 0) {
            usleep(5000);
        }
    }
}

/* What comes after them has its names all the same: ranges, a request, a domain. */
static int names_then_more(void) {
    char name[64];
    unique_ranges(60000);
    usleep(200000);
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "phase %d", i);
        range(name);
    }
    nvtxDomainHandle_t domain = nvtxDomainCreateA("late domain");
    const nvtxEventAttributes_t step = {.version = NVTX_VERSION,
                                        .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                        .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                        .message.ascii = "late"};
    nvtxDomainRangePushEx(domain, &step);
    nvtxDomainRangePop(domain);
    return domain ? 7 : 1;
}

/* A process with many names forks a worker with one. */
static int worker(void) {
    unique_ranges(5000);
    pid_t child = fork();
    if (child == 0) {
        range("load");
        exit(7);
    }
    return status_of(child);
}

/* Destructors of a thread's own data make ranges: one of a key that is older than the recorder's, one that is younger. */
static pthread_key_t keys[2];

static void range_at_thread_end(void *name) {
    range(name);
}

static void *thread_with_data(void *unused) {
    (void)unused;
    range("work");
    pthread_setspecific(keys[0], "older");
    pthread_setspecific(keys[1], "younger");
    return NULL;
}

static int thread_ends(void) {
    pthread_t id;
    int errors = pthread_key_create(&keys[0], range_at_thread_end) != 0;
    range("begin");
    errors += pthread_key_create(&keys[1], range_at_thread_end) != 0;
    errors += pthread_create(&id, NULL, thread_with_data, NULL) != 0 || pthread_join(id, NULL) != 0;
    return errors ? 1 : 7;
}

/* Uses a library, closes it, and opens one that is linked with another CUDA runtime, at the same place if it can be. */
static int launch_of(const char *path, void **base) {
    int (*launch)(const void *, void *) = NULL, result = -1;
    static const struct {
        const char *name;
        unsigned ns, bytes, flags;
    } kernel = {"_Z6kernelv", 2000, 16, 0};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    Dl_info info = {.dli_fbase = NULL};
    if (library) {
        *(void **)&launch = dlsym(library, "plugin_launch");
    }
    if (launch && dladdr(*(void **)&launch, &info)) {
        result = launch(&kernel, NULL);
    }
    *base = info.dli_fbase;
    if (library) {
        dlclose(library);
    }
    return result;
}

static int other_library(void) {
    void *first, *second;
    int results[2] = {launch_of(getenv("FIRST_PLUGIN"), &first), launch_of(getenv("SECOND_PLUGIN"), &second)};
    printf("%d %d %s\n", results[0], results[1], first == second ? "same place" : "another place");
    return 7;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {{"first-call", first_call}, {"payloads", payloads},       {"names", names_then_more},
             {"worker", worker},         {"thread-ends", thread_ends}, {"other-library", other_library}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            return cases[i].run();
        }
    }
    return 99;
}
