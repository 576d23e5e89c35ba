/* Metadata of the run: see run_metadata.h. */
#include "preload/run_metadata.h"

#include "cupti/cupti_session.h"
#include "preload/clock.h"
#include "preload/confinement.h"
#include "preload/fork_gate.h"
#include "preload/metadata.h"
#include "preload/page_alloc.h"
#include "preload/program_name.h"
#include "preload/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static size_t read_proc_file(const char *path, char *to, size_t size) {
    int fd = preload_may_open() ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return 0;
    }
    ssize_t n = read(fd, to, size - 1);
    close(fd);
    to[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static void describe_command(void) {
    char line[4096];
    size_t len = read_proc_file("/proc/self/cmdline", line, sizeof line);
    for (size_t i = 0; i + 1 < len; i++) {
        line[i] = line[i] ? line[i] : ' ';
    }
    if (len > 0) {
        preload_metadata_set("command", line);
    }
}

static bool is_leap_year(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Formats seconds since 1970 as ISO 8601. gmtime_r takes a lock of the C library that a fork's child may find held forever. */
static void format_utc(char *text, size_t size, uint64_t seconds) {
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t days = seconds / 86400, rest = seconds % 86400;
    unsigned year = 1970, month = 0;
    for (; days >= 365u + is_leap_year(year); year++) {
        days -= 365u + is_leap_year(year);
    }
    for (; days >= (unsigned)(lengths[month] + (month == 1 && is_leap_year(year))); month++) {
        days -= lengths[month] + (month == 1 && is_leap_year(year));
    }
    snprintf(text, size, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month + 1, (unsigned)days + 1,
             (unsigned)(rest / 3600), (unsigned)(rest / 60 % 60), (unsigned)(rest % 60));
}

void preload_describe_run(const preload_settings *settings) {
    char text[1024];
    struct utsname os;
    preload_metadata_set("program", preload_program_name());
    if (!settings->redact) {
        describe_command();
    }
    format_utc(text, sizeof text, (uint64_t)time(NULL));
    preload_metadata_set("started", text);
    if (uname(&os) == 0) {
        if (!settings->redact) {
            preload_metadata_set("host", os.nodename);
        }
        snprintf(text, sizeof text, "%s %s %s", os.sysname, os.release, os.machine);
        preload_metadata_set("kernel", text);
    }
    if (!settings->redact && getcwd(text, sizeof text)) {
        preload_metadata_set("cwd", text);
    }
    preload_metadata_set("recorder", MOETRACE_VERSION);
    preload_metadata_set("level", preload_level_name(settings->level));
    preload_metadata_set("clock", preload_clock_name());
}

/* Device attributes of the driver API that readers of the trace need (numbers of CUdevice_attribute). */
static const struct {
    const char *key;
    int attribute;
} device_attributes[] = {
    {"multiprocessors", 16}, {"clock_khz", 13}, {"memory_clock_khz", 36}, {"memory_bus_bits", 37},
    {"l2_bytes", 38},        {"pci_bus", 33},   {"pci_device", 34},       {"pci_domain", 50},
};

/* Functions of CUDA; NULL where the library lacks one. */
#define CUDA_FUNCTIONS(FUNCTION)                                                                             \
    FUNCTION(driver, cuDriverGetVersion, (int *))                                                            \
    FUNCTION(driver, cuDeviceGetCount, (int *))                                                              \
    FUNCTION(driver, cuDeviceGet, (int *, int))                                                              \
    FUNCTION(driver, cuDeviceGetName, (char *, int, int))                                                    \
    FUNCTION(driver, cuDeviceGetAttribute, (int *, int, int))                                                \
    FUNCTION(driver, cuDeviceTotalMem_v2, (size_t *, int))                                                   \
    FUNCTION(runtime, cudaRuntimeGetVersion, (int *))
typedef struct {
    void *driver, *runtime; /* the libraries; NULL if not loaded */
#define CUDA_MEMBER(library, name, parameters) int(*name) parameters;
    CUDA_FUNCTIONS(CUDA_MEMBER)
#undef CUDA_MEMBER
} cuda_functions;

static void describe_capability(const cuda_functions *cuda, int device, int ordinal) {
    int major, minor;
    char key[64], value[64];
    if (!cuda->cuDeviceGetAttribute(&major, 75, device) && !cuda->cuDeviceGetAttribute(&minor, 76, device)) {
        snprintf(key, sizeof key, "device.%d.compute_capability", ordinal);
        snprintf(value, sizeof value, "%d.%d", major, minor);
        preload_metadata_set(key, value);
    }
}

static void describe_device(const cuda_functions *cuda, int ordinal) {
    int device;
    char key[64], value[256];
    if (!cuda->cuDeviceGet || cuda->cuDeviceGet(&device, ordinal)) {
        return;
    }
    if (cuda->cuDeviceGetName && !cuda->cuDeviceGetName(value, sizeof value, device)) {
        snprintf(key, sizeof key, "device.%d.name", ordinal);
        preload_metadata_set(key, value);
    }
    size_t bytes;
    if (cuda->cuDeviceTotalMem_v2 && !cuda->cuDeviceTotalMem_v2(&bytes, device)) {
        snprintf(key, sizeof key, "device.%d.memory_bytes", ordinal);
        snprintf(value, sizeof value, "%zu", bytes);
        preload_metadata_set(key, value);
    }
    if (!cuda->cuDeviceGetAttribute) {
        return;
    }
    for (size_t i = 0; i < sizeof device_attributes / sizeof device_attributes[0]; i++) {
        int number;
        if (!cuda->cuDeviceGetAttribute(&number, device_attributes[i].attribute, device)) {
            snprintf(key, sizeof key, "device.%d.%s", ordinal, device_attributes[i].key);
            snprintf(value, sizeof value, "%d", number);
            preload_metadata_set(key, value);
        }
    }
    describe_capability(cuda, device, ordinal);
}

/* Formats 13000 as 13.0. */
static void describe_version(const char *key, int version) {
    char value[32];
    snprintf(value, sizeof value, "%d.%d", version / 1000, version % 1000 / 10);
    preload_metadata_set(key, value);
}

#define RUNTIME_PATH 1024

/* The target's CUDA runtime if it is a shared library (it may be linked statically). */
static int match_runtime_library(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;
    /* auditwheel adds a hash to the name: libcudart-1a2b3c4d.so.13 */
    if (strncmp(name, "libcudart", 9) != 0 || (name[9] != '.' && name[9] != '-') || !strstr(name, ".so")) {
        return 0;
    }
    /* Collects the name only: opening the library here would take the loader's locks in the wrong order. */
    snprintf(data, RUNTIME_PATH, "%s", info->dlpi_name);
    return 1;
}

static void open_cuda_libraries(cuda_functions *cuda) {
    char path[RUNTIME_PATH] = "";
    preload_fork_gate_enter();
    dl_iterate_phdr(match_runtime_library, path);
    cuda->runtime = path[0] ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    cuda->driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
#define CUDA_LOOK_UP(library, name, parameters)                                                              \
    if (cuda->library) {                                                                                     \
        *(void **)&cuda->name = dlsym(cuda->library, #name);                                                 \
    }
    CUDA_FUNCTIONS(CUDA_LOOK_UP)
#undef CUDA_LOOK_UP
    preload_fork_gate_leave();
}

static void close_cuda_libraries(const cuda_functions *cuda) {
    preload_fork_gate_enter();
    if (cuda->runtime) {
        dlclose(cuda->runtime);
    }
    if (cuda->driver) {
        dlclose(cuda->driver);
    }
    preload_fork_gate_leave();
}

static void describe_cupti(void) {
    const cupti_library *lib = cupti_session_library();
    char value[32];
    snprintf(value, sizeof value, "%u", lib->version);
    preload_metadata_set("cupti.version", value);
    preload_metadata_set("cupti.library", lib->path);
}

static void describe_cuda(const cuda_functions *cuda) {
    int number;
    if (cuda->cudaRuntimeGetVersion && !cuda->cudaRuntimeGetVersion(&number)) {
        describe_version("cuda.runtime", number);
    }
    if (cuda->cuDriverGetVersion && !cuda->cuDriverGetVersion(&number)) {
        describe_version("cuda.driver", number);
    }
    if (cuda->cuDeviceGetCount && !cuda->cuDeviceGetCount(&number)) {
        for (int i = 0; i < number; i++) {
            describe_device(cuda, i);
        }
    }
}

void preload_describe_devices(void) {
    /* CUPTI reports these calls, too, at level full; they are not the target's. */
    preload_thread *t = preload_thread_self();
    if (t) {
        t->ours = true;
    }
    cuda_functions cuda = {.driver = NULL};
    describe_cupti();
    if (preload_may_open()) { /* the dynamic linker might open it */
        open_cuda_libraries(&cuda);
        describe_cuda(&cuda);
        close_cuda_libraries(&cuda);
    }
    if (t) {
        t->ours = false;
    }
}

void preload_describe_thread(uint32_t tid, char *name, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%u/comm", tid);
    size_t len = read_proc_file(path, name, size);
    if (len > 0 && name[len - 1] == '\n') {
        name[len - 1] = 0;
    }
}

bool preload_describe_left_alone(void) {
    char text[1024];
    unsigned count = 0;
    if (read_proc_file("/proc/self/stat", text, sizeof text) == 0) {
        return false;
    }
    /* The main thread's state follows the second field, which is in parentheses; the 20th field is the number of threads. */
    const char *p = strrchr(text, ')');
    bool main_ended = p && p[1] == ' ' && p[2] == 'Z';
    for (int field = 2; p && field < 20; field++) {
        p = strchr(p + 1, ' ');
    }
    while (p && *++p >= '0' && *p <= '9') {
        count = count * 10 + (unsigned)(*p - '0');
    }
    return main_ended && count == 2;
}

uint64_t preload_describe_cost(uint64_t events) {
    /* Measures the cost of an event for a target's thread: two readings of the clock and one append, in a stream that has
     * no thread and is not written. */
    static double event_ns = -1;
    enum { TRIES = 500 };
    if (event_ns < 0) {
        static preload_thread scratch;
        scratch.fill = scratch.drain = preload_page_alloc_map(PRELOAD_SEGMENT_BYTES);
        if (!scratch.fill) {
            return 0;
        }
        scratch.fill->capacity = PRELOAD_SEGMENT_EVENTS(PRELOAD_SEGMENT_BYTES);
        trace_host_event e = {.kind = TRACE_HOST_API, .name = 1};
        uint64_t begin = preload_now();
        for (int i = 0; i < TRIES; i++) {
            e.time = preload_now();
            e.duration = preload_now() - e.time;
            preload_thread_append(&scratch, &e);
        }
        event_ns = (double)(preload_now() - begin) / TRIES;
    }
    return (uint64_t)(event_ns * (double)events);
}
