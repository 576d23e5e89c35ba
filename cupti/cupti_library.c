/* Finds and opens CUPTI. The target's own copy takes precedence: two copies in one process do not work together. */
#include "cupti/cupti_library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Loaded libraries whose folders may contain the matching CUPTI. */
typedef struct {
    char cupti[512];
    char runtime[512];
} loaded;

/* Whether the file is a library of this name: libNAME.so..., or with auditwheel's hash, libNAME-1a2b3c4d.so... */
static bool is_library_name(const char *file, const char *library) {
    size_t len = strlen(library);
    return strncmp(file, library, len) == 0 && (file[len] == '.' || file[len] == '-') &&
           strstr(file + len, ".so");
}

static int look_at_library(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    loaded *found = data;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;
    if (!found->cupti[0] && is_library_name(name, "libcupti")) {
        snprintf(found->cupti, sizeof found->cupti, "%s", info->dlpi_name);
    }
    if (!found->runtime[0] && is_library_name(name, "libcudart")) {
        snprintf(found->runtime, sizeof found->runtime, "%s", info->dlpi_name);
    }
    return 0;
}

static void *open_library_file(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* Near the CUDA runtime: in its folder (toolkit, CUDA 13 wheels) or in the neighbouring wheel (CUDA 12 wheels). */
static void *open_cupti_beside(const char *runtime) {
    static const char *const folders[] = {"", "../../cuda_cupti/lib/", "../extras/CUPTI/lib64/",
                                          "../../../extras/CUPTI/lib64/"};
    static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
                                        "libcupti.so.11.7", "libcupti.so"};
    const char *slash = strrchr(runtime, '/');
    if (!slash) {
        return NULL;
    }
    for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++) {
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            char path[1024];
            int len = snprintf(path, sizeof path, "%.*s/%s%s", (int)(slash - runtime), runtime, folders[f],
                               names[n]);
            void *handle = len > 0 && (size_t)len < sizeof path ? open_library_file(path) : NULL;
            if (handle) {
                return handle;
            }
        }
    }
    return NULL;
}

static void *open_system_cupti(void) {
    static const char *const paths[] = {"libcupti.so.13",
                                        "libcupti.so.12",
                                        "libcupti.so.11.8",
                                        "libcupti.so.11.7",
                                        "libcupti.so",
                                        "/usr/local/cuda/lib64/libcupti.so",
                                        "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        void *handle = open_library_file(paths[i]);
        if (handle) {
            return handle;
        }
    }
    return NULL;
}

static void *open_any_cupti(const char *wanted) {
    if (wanted) {
        return open_library_file(wanted);
    }
    loaded found = {.cupti = ""};
    dl_iterate_phdr(look_at_library, &found);
    void *handle = found.cupti[0] ? dlopen(found.cupti, RTLD_NOW | RTLD_NOLOAD) : NULL;
    if (!handle && found.runtime[0]) {
        handle = open_cupti_beside(found.runtime);
    }
    return handle ? handle : open_system_cupti();
}

/* Returns the problem with the version, or NULL. */
static const char *check_version(uint32_t version) {
    static char text[128];
    if ((version >= CUPTI_VERSION_OLDEST && version <= CUPTI_VERSION_LAST_12) ||
        (version >= CUPTI_VERSION_FIRST_13 && version < CUPTI_VERSION_BEYOND_13)) {
        return NULL;
    }
    snprintf(text, sizeof text, "libcupti has version %u; versions of CUDA 11.6 to 13 are supported",
             version);
    return text;
}

const char *cupti_library_open(cupti_library *lib, const char *wanted) {
    memset(lib, 0, sizeof *lib);
    lib->handle = open_any_cupti(wanted);
    if (!lib->handle) {
        return "libcupti was not found";
    }
#define CUPTI_LOOK_UP(member, symbol, required, parameters)                                                  \
    *(void **)&lib->member = dlsym(lib->handle, #symbol);                                                    \
    if (required && !lib->member) {                                                                          \
        return "libcupti lacks " #symbol " (too old?)";                                                      \
    }
    CUPTI_FUNCTIONS(CUPTI_LOOK_UP)
#undef CUPTI_LOOK_UP
    Dl_info info;
    if (dladdr(*(void **)&lib->get_version, &info) && info.dli_fname) {
        snprintf(lib->path, sizeof lib->path, "%s", info.dli_fname);
    }
    if (lib->get_version(&lib->version) != CUPTI_ABI_SUCCESS) {
        return "libcupti reports no version";
    }
    return check_version(lib->version);
}
