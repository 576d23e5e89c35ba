/* NVTX: the injection interface of the header-only NVTX 3 (as in PyTorch, CCCL and the target). Each library of the target
 * has its own copy of NVTX, which calls InitializeInjectionNvtx2. */
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>

#include "preload/nvtx.h"

#include "preload/capture.h"
#include "preload/clock.h"
#include "preload/fork_gate.h"
#include "preload/nvtx_payload.h"
#include "preload/phase_names.h"
#include "preload/recorder_state.h"
#include "trace/settings.h"

#include <stdatomic.h>
#include <string.h>

/* ---- the first call of a copy of NVTX ---- */

/* NVTX looks up the path of a tool, loads it, lets it install its functions, and then marks itself ready. Other threads
 * that call it meanwhile spin, and a fork's child would spin forever. A fork therefore waits until the thread calls the
 * recorder through NVTX, which shows that the copy is ready. A thread may look up the path, or make a first call that the
 * recorder does not hook, and never get here: forks wait for a limited time only. */
#define READY_MS 20u
static __thread preload_fork_delay first_call = {.slot = -1};

void preload_nvtx_first_call(void) {
    preload_fork_delay_end(&first_call);
    /* NVTX has marked itself as starting before it looks up the path */
    first_call = preload_fork_delay_begin_at_once();
}

/* This thread's stream; NULL when events are not recorded. */
static preload_thread *nvtx_thread(void) {
    preload_fork_delay_end(&first_call);
    return preload_recorder_thread();
}

/* A domain's handle is the string id of its name, a registered string's handle its string id, so that nothing has to be
 * looked up. */
static uint32_t domain_string_id(nvtxDomainHandle_t domain) {
    return (uint32_t)(uintptr_t)domain;
}

static uint32_t registered_string_id(nvtxStringHandle_t string) {
    uintptr_t id = (uintptr_t)string;
    return id <= preload_string_count() ? (uint32_t)id : 0; /* not a handle of this recorder */
}

static uint32_t message_string_id(preload_string_cache *cache, int32_t type, nvtxMessageValue_t message) {
    switch (type) {
    case NVTX_MESSAGE_TYPE_ASCII:
        return preload_string_id(cache, message.ascii);
    case NVTX_MESSAGE_TYPE_UNICODE:
        return preload_string_wide(cache, message.unicode);
    case NVTX_MESSAGE_TYPE_REGISTERED:
        return registered_string_id(message.registered);
    default:
        return 0;
    }
}

/* The trace uses NVTX's numbers of payload types. */
static void copy_nvtx_payload(trace_host_event *e, const nvtxEventAttributes_t *a) {
    switch (a->payloadType) {
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT64:
    case NVTX_PAYLOAD_TYPE_INT64:
    case NVTX_PAYLOAD_TYPE_DOUBLE:
        e->payload = a->payload.ullValue;
        break;
    case NVTX_PAYLOAD_TYPE_UNSIGNED_INT32:
    case NVTX_PAYLOAD_TYPE_INT32:
    case NVTX_PAYLOAD_TYPE_FLOAT:
        e->payload = a->payload.uiValue;
        break;
    default:
        return;
    }
    e->payload_type = (uint8_t)a->payloadType;
}

static uint32_t registered_handle_id(uint64_t handle) {
    return registered_string_id((nvtxStringHandle_t)(uintptr_t)handle);
}

static void read_payloads(preload_thread *t, trace_host_event *e, const void *payloads, uint64_t count) {
    preload_nvtx_payload_read(e, payloads, count, &t->names, registered_handle_id);
}

static bool read_nvtx_attributes(preload_thread *t, trace_host_event *e, const nvtxEventAttributes_t *a) {
    if (!a || a->size < offsetof(nvtxEventAttributes_t, message) + sizeof a->message) {
        return false;
    }
    e->name = message_string_id(&t->names, a->messageType, a->message);
    e->category = a->category;
    e->color = a->colorType == NVTX_COLOR_ARGB ? a->color : 0;
    if (a->payloadType == NVTX_PAYLOAD_TYPE_EXT) {
        read_payloads(t, e, (const void *)(uintptr_t)a->payload.ullValue, (uint32_t)a->reserved0);
    } else {
        copy_nvtx_payload(e, a);
    }
    return true;
}

static trace_host_event make_nvtx_event(trace_host_kind kind, nvtxDomainHandle_t domain) {
    return (trace_host_event){
        .kind = (uint8_t)kind, .domain = domain_string_id(domain), .time = preload_now()};
}

/* ---- push and pop ---- */

static int append_push(preload_thread *t, trace_host_event *e) {
    if (!e->domain && preload_capture_push(t, e->name)) {
        e->time = preload_now();
    }
    preload_thread_append(t, e);
    return (int)(e->domain ? t->other_depth++ : t->default_depth++);
}

/* A push by the target. */
static int append_target_push(preload_thread *t, trace_host_event *e) {
    if (!e->domain && !t->phase_depth && preload_phase_name(e->name)) {
        t->phase_depth = t->default_depth + 1;
    }
    return append_push(t, e);
}

static int on_domain_range_push_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *a) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return NVTX_NO_PUSH_POP_TRACKING;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_PUSH, domain);
    read_nvtx_attributes(t, &e, a);
    return append_target_push(t, &e);
}

static int on_range_push_ex(const nvtxEventAttributes_t *a) {
    return on_domain_range_push_ex(NULL, a);
}

static int on_range_push(const char *message) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return NVTX_NO_PUSH_POP_TRACKING;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_PUSH, NULL);
    e.name = preload_string_id(&t->names, message);
    return append_target_push(t, &e);
}

static int on_range_push_wide(const wchar_t *message) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return NVTX_NO_PUSH_POP_TRACKING;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_PUSH, NULL);
    e.name = preload_string_wide(&t->names, message);
    return append_target_push(t, &e);
}

static int on_domain_range_pop(nvtxDomainHandle_t domain) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return NVTX_NO_PUSH_POP_TRACKING;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_POP, domain);
    preload_thread_append(t, &e);
    uint32_t *depth = domain ? &t->other_depth : &t->default_depth;
    if (*depth == 0) {
        return NVTX_NO_PUSH_POP_TRACKING; /* nothing was open */
    }
    --*depth;
    if (!domain) {
        t->phase_depth = *depth < t->phase_depth ? 0 : t->phase_depth;
        preload_capture_pop(t);
    }
    return (int)*depth;
}

static int on_range_pop(void) {
    return on_domain_range_pop(NULL);
}

/* ---- start and end ---- */

static nvtxRangeId_t append_range_start(preload_thread *t, trace_host_event *e) {
    static atomic_uint_fast64_t last;
    e->id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    preload_thread_append(t, e);
    return e->id;
}

static nvtxRangeId_t on_domain_range_start_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *a) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return 0;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_START, domain);
    read_nvtx_attributes(t, &e, a);
    return append_range_start(t, &e);
}

static nvtxRangeId_t on_range_start_ex(const nvtxEventAttributes_t *a) {
    return on_domain_range_start_ex(NULL, a);
}

static nvtxRangeId_t on_range_start(const char *message) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return 0;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_START, NULL);
    e.name = preload_string_id(&t->names, message);
    return append_range_start(t, &e);
}

static nvtxRangeId_t on_range_start_wide(const wchar_t *message) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return 0;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_START, NULL);
    e.name = preload_string_wide(&t->names, message);
    return append_range_start(t, &e);
}

static void on_domain_range_end(nvtxDomainHandle_t domain, nvtxRangeId_t id) {
    preload_thread *t = nvtx_thread();
    if (t && id) {
        trace_host_event e = make_nvtx_event(TRACE_HOST_END, domain);
        e.id = id;
        preload_thread_append(t, &e);
    }
}

static void on_range_end(nvtxRangeId_t id) {
    on_domain_range_end(NULL, id);
}

/* ---- marks ---- */

/* Handles a mark by which the target switches profiling. The trace has the recorder's own mark of the switch instead. */
static bool obey_profiling_mark(preload_thread *t, const trace_host_event *e) {
    if (!e->domain || e->domain != preload_string_id(&t->names, TRACE_PROFILING_DOMAIN)) {
        return false;
    }
    bool on = e->name == preload_string_id(&t->names, TRACE_PROFILING_ON);
    if (!on && e->name != preload_string_id(&t->names, TRACE_PROFILING_OFF)) {
        return false;
    }
    preload_capture_notified(t, on);
    return true;
}

static void on_domain_mark_ex(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *a) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = make_nvtx_event(TRACE_HOST_MARK, domain);
        read_nvtx_attributes(t, &e, a);
        if (!obey_profiling_mark(t, &e)) {
            preload_thread_append(t, &e);
        }
    }
}

static void on_mark_ex(const nvtxEventAttributes_t *a) {
    on_domain_mark_ex(NULL, a);
}

static void append_nvtx_mark(uint32_t name) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = make_nvtx_event(TRACE_HOST_MARK, NULL);
        e.name = name;
        preload_thread_append(t, &e);
    }
}

static void on_mark(const char *message) {
    append_nvtx_mark(preload_string_id(NULL, message));
}

static void on_mark_wide(const wchar_t *message) {
    append_nvtx_mark(preload_string_wide(NULL, message));
}

/* ---- domains and registered strings ---- */

/* A domain whose name could not be stored must not become the default domain. */
static nvtxDomainHandle_t domain_handle(uint32_t name) {
    static atomic_uint unnamed;
    uint32_t id = name ? name : preload_string_once(&unnamed, "(unnamed domain)");
    return (nvtxDomainHandle_t)(uintptr_t)(id ? id : UINT32_MAX);
}

static nvtxDomainHandle_t on_domain_create(const char *name) {
    preload_fork_delay_end(&first_call);
    return domain_handle(preload_string_id(NULL, name));
}

static nvtxDomainHandle_t on_domain_create_wide(const wchar_t *name) {
    preload_fork_delay_end(&first_call);
    return domain_handle(preload_string_wide(NULL, name));
}

static nvtxStringHandle_t on_register_string(nvtxDomainHandle_t domain, const char *string) {
    (void)domain;
    preload_fork_delay_end(&first_call);
    return (nvtxStringHandle_t)(uintptr_t)preload_string_id(NULL, string);
}

static nvtxStringHandle_t on_register_string_wide(nvtxDomainHandle_t domain, const wchar_t *string) {
    (void)domain;
    preload_fork_delay_end(&first_call);
    return (nvtxStringHandle_t)(uintptr_t)preload_string_wide(NULL, string);
}

/* ---- names of resources ---- */

static void name_resource(uint32_t domain, trace_named named, uint64_t id, uint32_t name) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = {.kind = TRACE_HOST_NAME,
                              .time = preload_now(),
                              .domain = domain,
                              .named = named,
                              .id = id,
                              .name = name};
        preload_thread_append(t, &e);
    }
}

static void on_domain_name_category(nvtxDomainHandle_t domain, uint32_t category, const char *name) {
    name_resource(domain_string_id(domain), TRACE_NAMED_CATEGORY, category, preload_string_id(NULL, name));
}

static void on_domain_name_category_wide(nvtxDomainHandle_t domain, uint32_t category, const wchar_t *name) {
    name_resource(domain_string_id(domain), TRACE_NAMED_CATEGORY, category, preload_string_wide(NULL, name));
}

static void on_name_category(uint32_t category, const char *name) {
    on_domain_name_category(NULL, category, name);
}

static void on_name_category_wide(uint32_t category, const wchar_t *name) {
    on_domain_name_category_wide(NULL, category, name);
}

static void on_name_thread(uint32_t id, const char *name) {
    name_resource(0, TRACE_NAMED_THREAD, id, preload_string_id(NULL, name));
}

static void on_name_thread_wide(uint32_t id, const wchar_t *name) {
    name_resource(0, TRACE_NAMED_THREAD, id, preload_string_wide(NULL, name));
}

/* CUDA's resources, of the driver and the runtime API: devices by ordinal, the others by handle. */
#define NAME_CUDA(function, named)                                                                           \
    static void function(void *handle, const char *name) {                                                   \
        name_resource(0, named, (uint64_t)(uintptr_t)handle, preload_string_id(NULL, name));                 \
    }                                                                                                        \
    static void function##_wide(void *handle, const wchar_t *name) {                                         \
        name_resource(0, named, (uint64_t)(uintptr_t)handle, preload_string_wide(NULL, name));               \
    }
NAME_CUDA(on_name_context, TRACE_NAMED_CONTEXT)
NAME_CUDA(on_name_stream, TRACE_NAMED_STREAM)
NAME_CUDA(on_name_event, TRACE_NAMED_EVENT)

static void on_name_device(int ordinal, const char *name) {
    name_resource(0, TRACE_NAMED_DEVICE, (uint32_t)ordinal, preload_string_id(NULL, name));
}

static void on_name_device_wide(int ordinal, const wchar_t *name) {
    name_resource(0, TRACE_NAMED_DEVICE, (uint32_t)ordinal, preload_string_wide(NULL, name));
}

/* Resources of any kind, identified by type and identifier. CUDA's own types arrive by the calls above. */
static nvtxResourceHandle_t on_resource_create(nvtxDomainHandle_t domain, nvtxResourceAttributes_t *a) {
    if (!a || a->size < sizeof *a) {
        return NULL;
    }
    bool thread = a->identifierType == NVTX_RESOURCE_TYPE_GENERIC_THREAD_NATIVE;
    uint32_t name = message_string_id(NULL, a->messageType, a->message);
    name_resource(domain_string_id(domain), thread ? TRACE_NAMED_THREAD : TRACE_NAMED_OTHER,
                  a->identifier.ullValue, name);
    /* handles are never dereferenced, so there is nothing to destroy */
    return (nvtxResourceHandle_t)(uintptr_t)1;
}

/* ---- the payload extension; the plain calls may end its ranges ---- */

static uint64_t on_schema_register(nvtxDomainHandle_t domain, const nvtxPayloadSchemaAttr_t *schema) {
    (void)domain;
    preload_fork_delay_end(&first_call);
    return preload_nvtx_payload_register(schema);
}

static int on_range_push_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t *data, size_t count) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return NVTX_NO_PUSH_POP_TRACKING;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_PUSH, domain);
    read_payloads(t, &e, data, count);
    return append_target_push(t, &e);
}

static int on_range_pop_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t *data, size_t count) {
    (void)data;
    (void)count;
    return on_domain_range_pop(domain);
}

static nvtxRangeId_t on_range_start_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t *data,
                                            size_t count) {
    preload_thread *t = nvtx_thread();
    if (!t) {
        return 0;
    }
    trace_host_event e = make_nvtx_event(TRACE_HOST_START, domain);
    read_payloads(t, &e, data, count);
    return append_range_start(t, &e);
}

static void on_range_end_payload(nvtxDomainHandle_t domain, nvtxRangeId_t id, const nvtxPayloadData_t *data,
                                 size_t count) {
    (void)data;
    (void)count;
    on_domain_range_end(domain, id);
}

static void on_mark_payload(nvtxDomainHandle_t domain, const nvtxPayloadData_t *data, size_t count) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = make_nvtx_event(TRACE_HOST_MARK, domain);
        read_payloads(t, &e, data, count);
        preload_thread_append(t, &e);
    }
}

/* ---- ranges of the recorder's own code ---- */

static trace_host_event make_own_event(trace_host_kind kind, uint32_t name, uint32_t category,
                                       const int64_t *payload) {
    trace_host_event e = make_nvtx_event(kind, NULL);
    e.name = name;
    e.category = category;
    if (payload) {
        e.payload_type = TRACE_PAYLOAD_I64;
        e.payload = (uint64_t)*payload;
    }
    return e;
}

void preload_nvtx_push(uint32_t name, uint32_t category, const int64_t *payload) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = make_own_event(TRACE_HOST_PUSH, name, category, payload);
        append_push(t, &e);
    }
}

void preload_nvtx_pop(void) {
    on_domain_range_pop(NULL);
}

void preload_nvtx_mark(uint32_t domain, uint32_t name, uint32_t category, const int64_t *payload) {
    preload_thread *t = nvtx_thread();
    if (t) {
        trace_host_event e = make_own_event(TRACE_HOST_MARK, name, category, payload);
        e.domain = domain;
        preload_thread_append(t, &e);
    }
}

/* ---- the injection ---- */

typedef struct {
    unsigned cbid;
    NvtxFunctionPointer function;
} nvtx_hook;

#define HOOK(id, f)                                                                                          \
    { id, (NvtxFunctionPointer)f }

static const nvtx_hook core_hooks[] = {
    HOOK(NVTX_CBID_CORE_MarkEx, on_mark_ex),
    HOOK(NVTX_CBID_CORE_MarkA, on_mark),
    HOOK(NVTX_CBID_CORE_MarkW, on_mark_wide),
    HOOK(NVTX_CBID_CORE_RangeStartEx, on_range_start_ex),
    HOOK(NVTX_CBID_CORE_RangeStartA, on_range_start),
    HOOK(NVTX_CBID_CORE_RangeStartW, on_range_start_wide),
    HOOK(NVTX_CBID_CORE_RangeEnd, on_range_end),
    HOOK(NVTX_CBID_CORE_RangePushEx, on_range_push_ex),
    HOOK(NVTX_CBID_CORE_RangePushA, on_range_push),
    HOOK(NVTX_CBID_CORE_RangePushW, on_range_push_wide),
    HOOK(NVTX_CBID_CORE_RangePop, on_range_pop),
    HOOK(NVTX_CBID_CORE_NameCategoryA, on_name_category),
    HOOK(NVTX_CBID_CORE_NameCategoryW, on_name_category_wide),
    HOOK(NVTX_CBID_CORE_NameOsThreadA, on_name_thread),
    HOOK(NVTX_CBID_CORE_NameOsThreadW, on_name_thread_wide),
};

static const nvtx_hook domain_hooks[] = {
    HOOK(NVTX_CBID_CORE2_DomainMarkEx, on_domain_mark_ex),
    HOOK(NVTX_CBID_CORE2_DomainRangeStartEx, on_domain_range_start_ex),
    HOOK(NVTX_CBID_CORE2_DomainRangeEnd, on_domain_range_end),
    HOOK(NVTX_CBID_CORE2_DomainRangePushEx, on_domain_range_push_ex),
    HOOK(NVTX_CBID_CORE2_DomainRangePop, on_domain_range_pop),
    HOOK(NVTX_CBID_CORE2_DomainResourceCreate, on_resource_create),
    HOOK(NVTX_CBID_CORE2_DomainNameCategoryA, on_domain_name_category),
    HOOK(NVTX_CBID_CORE2_DomainNameCategoryW, on_domain_name_category_wide),
    HOOK(NVTX_CBID_CORE2_DomainRegisterStringA, on_register_string),
    HOOK(NVTX_CBID_CORE2_DomainRegisterStringW, on_register_string_wide),
    HOOK(NVTX_CBID_CORE2_DomainCreateA, on_domain_create),
    HOOK(NVTX_CBID_CORE2_DomainCreateW, on_domain_create_wide),
};

static const nvtx_hook cuda_hooks[] = {
    HOOK(NVTX_CBID_CUDA_NameCuDeviceA, on_name_device),
    HOOK(NVTX_CBID_CUDA_NameCuDeviceW, on_name_device_wide),
    HOOK(NVTX_CBID_CUDA_NameCuContextA, on_name_context),
    HOOK(NVTX_CBID_CUDA_NameCuContextW, on_name_context_wide),
    HOOK(NVTX_CBID_CUDA_NameCuStreamA, on_name_stream),
    HOOK(NVTX_CBID_CUDA_NameCuStreamW, on_name_stream_wide),
    HOOK(NVTX_CBID_CUDA_NameCuEventA, on_name_event),
    HOOK(NVTX_CBID_CUDA_NameCuEventW, on_name_event_wide),
};

static const nvtx_hook runtime_hooks[] = {
    HOOK(NVTX_CBID_CUDART_NameCudaDeviceA, on_name_device),
    HOOK(NVTX_CBID_CUDART_NameCudaDeviceW, on_name_device_wide),
    HOOK(NVTX_CBID_CUDART_NameCudaStreamA, on_name_stream),
    HOOK(NVTX_CBID_CUDART_NameCudaStreamW, on_name_stream_wide),
    HOOK(NVTX_CBID_CUDART_NameCudaEventA, on_name_event),
    HOOK(NVTX_CBID_CUDART_NameCudaEventW, on_name_event_wide),
};

static void install_nvtx_hooks(const NvtxExportTableCallbacks *callbacks, NvtxCallbackModule module,
                               const nvtx_hook *hooks, size_t count) {
    NvtxFunctionTable table = NULL;
    unsigned size = 0;
    if (!callbacks->GetModuleFunctionTable(module, &table, &size) || !table) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (hooks[i].cbid < size && table[hooks[i].cbid]) {
            *table[hooks[i].cbid] = hooks[i].function;
        }
    }
}

__attribute__((visibility("default"))) int
InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table);

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_export_table) {
    const NvtxExportTableCallbacks *callbacks = get_export_table(NVTX_ETID_CALLBACKS);
    if (!callbacks || callbacks->struct_size < sizeof *callbacks || !callbacks->GetModuleFunctionTable) {
        preload_fork_delay_shorten(&first_call, READY_MS);
        return 0;
    }
    install_nvtx_hooks(callbacks, NVTX_CB_MODULE_CORE, core_hooks, sizeof core_hooks / sizeof core_hooks[0]);
    install_nvtx_hooks(callbacks, NVTX_CB_MODULE_CORE2, domain_hooks,
                       sizeof domain_hooks / sizeof domain_hooks[0]);
    install_nvtx_hooks(callbacks, NVTX_CB_MODULE_CUDA, cuda_hooks, sizeof cuda_hooks / sizeof cuda_hooks[0]);
    install_nvtx_hooks(callbacks, NVTX_CB_MODULE_CUDART, runtime_hooks,
                       sizeof runtime_hooks / sizeof runtime_hooks[0]);
    if (!preload_recorder_stopped()) {
        preload_recorder_thread(); /* now, since a later first event might interrupt the allocator */
    }
    preload_fork_delay_shorten(&first_call, READY_MS);
    return 1;
}

static const nvtx_hook payload_hooks[] = {
    HOOK(NVTX3EXT_CBID_nvtxPayloadSchemaRegister, on_schema_register),
    HOOK(NVTX3EXT_CBID_nvtxMarkPayload, on_mark_payload),
    HOOK(NVTX3EXT_CBID_nvtxRangePushPayload, on_range_push_payload),
    HOOK(NVTX3EXT_CBID_nvtxRangePopPayload, on_range_pop_payload),
    HOOK(NVTX3EXT_CBID_nvtxRangeStartPayload, on_range_start_payload),
    HOOK(NVTX3EXT_CBID_nvtxRangeEndPayload, on_range_end_payload),
};

/* What NVTX's header passes to an extension's tool (nvtxExtModuleInfo_t of nvtxExtTypes.h, which cannot be included
 * without the implementation). */
typedef struct {
    size_t id, slot_count;
    intptr_t *slots;
} extension_segment;
typedef struct {
    uint16_t nvtx_version, struct_size, module, compatibility;
    size_t segment_count;
    extension_segment *segments;
    void *get_export_function;
    const void *info;
} extension_module;

__attribute__((visibility("default"))) int InitializeInjectionNvtxExtension(extension_module *module);

int InitializeInjectionNvtxExtension(extension_module *module) {
    bool known = module && module->struct_size >= sizeof *module &&
                 module->module == NVTX_EXT_PAYLOAD_MODULEID && module->segment_count > 0;
    for (size_t i = 0; known && i < sizeof payload_hooks / sizeof payload_hooks[0]; i++) {
        if (payload_hooks[i].cbid < module->segments[0].slot_count) {
            module->segments[0].slots[payload_hooks[i].cbid] = (intptr_t)payload_hooks[i].function;
        }
    }
    preload_fork_delay_shorten(&first_call, READY_MS);
    return known;
}
