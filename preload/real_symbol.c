/* Finds the function that an interposed call would have reached: see real_symbol.h. */
#include "preload/real_symbol.h"

#include "preload/fork_gate.h"
#include "preload/lock.h"
#include "preload/symbol_version.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char marker; /* an address inside this library */

static const void *library_base(const void *address) {
    Dl_info info;
    return address && dladdr(address, &info) ? info.dli_fbase : NULL;
}

/* A function of this name in the library at `path` or its dependencies, unless it belongs to this library or to the
 * caller: a library that wraps the function itself arrives here through its wrapper. */
static void *find_in_library(const char *path, const char *name, const void *caller) {
    void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    void *f = handle ? dlsym(handle, name) : NULL;
    if (handle) {
        dlclose(handle); /* it was loaded before and stays loaded */
    }
    const void *base = library_base(f);
    return base == library_base(&marker) || base == library_base(caller) ? NULL : f;
}

#define RUNTIMES_MAX 4

typedef struct {
    char path[RUNTIMES_MAX][1024];
    int count;
} runtimes;

/* Collects names only: opening the libraries here would take the loader's locks in the wrong order. */
static int collect_runtime_path(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    runtimes *r = data;
    const char *slash = strrchr(info->dlpi_name, '/');
    if (strncmp(slash ? slash + 1 : info->dlpi_name, "libcudart", 9) == 0 && r->count < RUNTIMES_MAX) {
        snprintf(r->path[r->count++], sizeof r->path[0], "%s", info->dlpi_name);
    }
    return 0;
}

/* The function that the dynamic linker would have bound: the next definition in the global scope of the version that the
 * caller requests, possibly another tool's wrapper; else one in the caller's local scope (if opened with RTLD_LOCAL). A
 * caller that uses dlsym requests no version. */
static void *find_next_definition(const char *name, const void *caller) {
    Dl_info info;
    const char *version = preload_symbol_version(caller, name);
    void *f = dlsym(RTLD_NEXT, name);
    if (f && version && preload_symbol_is_versioned(f)) {
        f = dlvsym(RTLD_NEXT, name, version);
    }
    if (!f && dladdr(caller, &info) && info.dli_fname && *info.dli_fname) {
        f = find_in_library(info.dli_fname, name, caller);
    }
    if (!f && version) {
        f = dlsym(RTLD_NEXT, name);
    }
    if (!f) {
        runtimes r = {.count = 0};
        dl_iterate_phdr(collect_runtime_path, &r);
        for (int i = 0; i < r.count && !f; i++) {
            f = find_in_library(r.path[i], name, NULL);
        }
    }
    return f;
}

typedef struct {
    uintptr_t address, begin, end;
} library_range;

static int match_library_range(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    library_range *r = data;
    uintptr_t begin = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD) {
            uintptr_t from = info->dlpi_addr + segment->p_vaddr;
            begin = from < begin ? from : begin;
            end = from + segment->p_memsz > end ? from + segment->p_memsz : end;
        }
    }
    if (r->address < begin || r->address >= end) {
        return 0;
    }
    r->begin = begin;
    r->end = end;
    return 1;
}

/* Keeps the library of a cached function loaded: a target may close the plugin that loaded it, and another caller may be
 * mapped at the same addresses. */
static void pin_library(void *function) {
    Dl_info info;
    void *handle = dladdr(function, &info) && info.dli_fname
                       ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)
                       : NULL;
    if (handle) {
        dlclose(handle);
    }
}

/* The number of libraries that had been unloaded when the last one was loaded. */
static atomic_uint unloads;

static int get_unloads(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    *(unsigned *)data = (unsigned)info->dlpi_subs;
    return 1;
}

void preload_real_symbol_before_load(void) {
    unsigned now = 0;
    if (dl_iterate_phdr(get_unloads, &now)) {
        atomic_store(&unloads, now);
    }
}

/* The entry to write: an invalid one, or the next; PRELOAD_CALLERS if there is none. */
static unsigned free_entry(preload_real_symbol *o, unsigned count) {
    unsigned i = 0;
    while (i < count && atomic_load(&o->known[i].unloads) == atomic_load(&unloads)) {
        i++;
    }
    return i;
}

/* Caches the result for the caller's whole library. When the cache is full, further libraries are looked up in each call,
 * which is slow but correct. */
static void cache_symbol(preload_real_symbol *o, const void *caller, void *function) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    library_range r = {.address = (uintptr_t)caller};
    unsigned loaded = atomic_load(&unloads);
    if (!dl_iterate_phdr(match_library_range, &r)) {
        return;
    }
    if (pthread_mutex_trylock(&lock)) {
        return; /* the next call tries again; a fork's child never waits for a lock that stays held */
    }
    unsigned count = atomic_load(&o->count), at = free_entry(o, count);
    if (at < PRELOAD_CALLERS) {
        pin_library(function);
        atomic_fetch_add(&o->known[at].version, 1);
        atomic_store(&o->known[at].unloads, loaded);
        atomic_store(&o->known[at].begin, r.begin);
        atomic_store(&o->known[at].end, r.end);
        atomic_store(&o->known[at].function, function);
        atomic_fetch_add(&o->known[at].version, 1);
        atomic_store_explicit(&o->count, at == count ? count + 1 : count, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
}

/* The cached entry of the library at `caller`, or NULL. */
static void *find_cached(const preload_real_symbol *o, uintptr_t caller) {
    unsigned count = atomic_load_explicit(&o->count, memory_order_acquire);
    unsigned loaded = atomic_load_explicit(&unloads, memory_order_relaxed);
    for (unsigned i = 0; i < count; i++) {
        unsigned version = atomic_load_explicit(&o->known[i].version, memory_order_acquire);
        bool here = caller >= atomic_load_explicit(&o->known[i].begin, memory_order_acquire) &&
                    caller < atomic_load_explicit(&o->known[i].end, memory_order_acquire) &&
                    atomic_load_explicit(&o->known[i].unloads, memory_order_acquire) == loaded;
        void *function = atomic_load_explicit(&o->known[i].function, memory_order_acquire);
        if (here && version % 2 == 0 &&
            atomic_load_explicit(&o->known[i].version, memory_order_relaxed) == version) {
            return function;
        }
    }
    return NULL;
}

void *preload_real_symbol_find(preload_real_symbol *o, const char *name, const void *caller) {
    void *cached = find_cached(o, (uintptr_t)caller);
    if (cached) {
        return cached;
    }
    preload_hold(); /* a handler that interrupted this would wait for the dynamic linker's lock */
    preload_fork_delay delay = preload_fork_delay_begin(); /* and a fork's child could never get it */
    void *f = find_next_definition(name, caller);
    if (f) {
        cache_symbol(o, caller, f);
    }
    preload_fork_delay_end(&delay);
    preload_release();
    return f;
}
