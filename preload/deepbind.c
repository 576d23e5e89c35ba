/* See deepbind.h. */
#include "preload/deepbind.h"

#include "preload/symbol_version.h"
#include "preload/warn_once.h"

#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static atomic_bool deepbind_seen;

void preload_deepbind_seen(void) {
    atomic_store(&deepbind_seen, true);
}

/* NVTX and the CUDA driver look up their tools in these variables. */
static bool asks_for_tools(const struct dl_phdr_info *info) {
    static const char what[] = "_INJECTION64_PATH";
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & (PF_R | PF_W)) == PF_R &&
            memmem((const void *)(uintptr_t)(info->dlpi_addr + segment->p_vaddr), segment->p_filesz, what,
                   sizeof what - 1)) {
            return true;
        }
    }
    return false;
}

typedef struct {
    const void *own_getenv;
    char path[1024];
} deep_library;

/* Whether the library would have called a getenv other than the recorder's. */
static int match_deep_library(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    deep_library *found = data;
    const void *bound = preload_symbol_bound(info, "getenv");
    if (!bound || bound == found->own_getenv || !asks_for_tools(info)) {
        return 0;
    }
    snprintf(found->path, sizeof found->path, "%s", info->dlpi_name);
    return 1;
}

void preload_deepbind_check(void) {
    extern char *getenv(const char *name);
    deep_library found = {.own_getenv = (const void *)(uintptr_t)&getenv};
    if (atomic_load(&deepbind_seen) && dl_iterate_phdr(match_deep_library, &found)) {
        preload_warn_once("deepbind",
                          "%s was opened with RTLD_DEEPBIND, which bypasses preloaded libraries: its NVTX "
                          "ranges and CUDA calls "
                          "are not recorded",
                          found.path);
    }
}
