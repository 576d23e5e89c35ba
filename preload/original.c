/* Finds what an interposed symbol would have called: see original.h. */
#include "preload/original.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

static char marker; /* an address inside this library */

/* A function of this name in the library at `path` or its dependencies, if it is not this library's own. */
static void *look_in(const char *path, const char *name) {
    void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    void *f = handle ? dlsym(handle, name) : NULL;
    if (handle) {
        dlclose(handle); /* it was loaded before and stays loaded */
    }
    Dl_info ours, found;
    if (f && dladdr(f, &found) && dladdr(&marker, &ours) && found.dli_fbase == ours.dli_fbase) {
        return NULL;
    }
    return f;
}

typedef struct {
    const char *name;
    void *function;
} search;

static int look_in_runtime(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    search *s = data;
    const char *slash = strrchr(info->dlpi_name, '/');
    if (strncmp(slash ? slash + 1 : info->dlpi_name, "libcudart", 9) == 0) {
        s->function = look_in(info->dlpi_name, s->name);
    }
    return s->function != NULL;
}

static void *find(const char *name, const void *caller) {
    Dl_info info;
    void *f = NULL;
    if (dladdr(caller, &info) && info.dli_fname && *info.dli_fname) {
        f = look_in(info.dli_fname, name);
    }
    if (!f) {
        f = dlsym(RTLD_NEXT, name); /* the caller is the program itself, or jumped here */
    }
    if (!f) {
        search s = {.name = name};
        dl_iterate_phdr(look_in_runtime, &s);
        f = s.function;
    }
    return f;
}

void *preload_original_find(preload_original *o, const char *name, const void *caller) {
    uint32_t slot = (uint32_t)((uintptr_t)caller >> 2) % PRELOAD_CALLERS;
    if (atomic_load_explicit(&o->known[slot].caller, memory_order_acquire) == caller) {
        /* The function of a caller is stored before the caller, and a slot is filled once: this is the
         * caller's. */
        return atomic_load_explicit(&o->known[slot].function, memory_order_relaxed);
    }
    void *f = find(name, caller);
    void *nobody = NULL;
    if (f && atomic_compare_exchange_strong(&o->known[slot].function, &nobody, f)) {
        atomic_store_explicit(&o->known[slot].caller, caller, memory_order_release);
    }
    return f;
}
