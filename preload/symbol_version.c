/* Reads relocations and version requirements of a library: see symbol_version.h. */
#include "preload/symbol_version.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VERSION_MASK 0x7fffu /* mask of a version index; the remaining bit marks hidden symbols */

/* Addresses from the dynamic section of a library; missing members are NULL or 0. */
typedef struct {
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Half) * versions; /* of each symbol: an index */
    const ElfW(Verneed) * needed;
    const ElfW(Rela) * relocations[2]; /* of data, and of the procedure linkage table */
    size_t relocation_bytes[2];
} library_symbols;

/* Some C libraries replace the addresses by those in memory, others leave them relative. */
static const void *loaded_address(ElfW(Addr) base, ElfW(Addr) address) {
    return (const void *)(uintptr_t)(address < base ? address + base : address);
}

static library_symbols read_dynamic_section(ElfW(Addr) base, const ElfW(Dyn) * dynamic) {
    library_symbols s = {.symbols = NULL};
    for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++) {
        const void *at = loaded_address(base, d->d_un.d_ptr);
        switch (d->d_tag) {
        case DT_SYMTAB:
            s.symbols = at;
            break;
        case DT_STRTAB:
            s.strings = at;
            break;
        case DT_VERSYM:
            s.versions = at;
            break;
        case DT_VERNEED:
            s.needed = at;
            break;
        case DT_RELA:
            s.relocations[0] = at;
            break;
        case DT_RELASZ:
            s.relocation_bytes[0] = d->d_un.d_val;
            break;
        case DT_JMPREL:
            s.relocations[1] = at;
            break;
        case DT_PLTRELSZ:
            s.relocation_bytes[1] = d->d_un.d_val;
            break;
        default:
            break;
        }
    }
    return s;
}

/* The library's relocation for the symbol `name`, or NULL. */
static const ElfW(Rela) * find_relocation(const library_symbols *s, const char *name) {
    for (int table = 0; table < 2; table++) {
        size_t count = s->relocations[table] ? s->relocation_bytes[table] / sizeof(ElfW(Rela)) : 0;
        for (size_t i = 0; i < count; i++) {
            size_t symbol = ELF64_R_SYM(s->relocations[table][i].r_info);
            if (symbol != 0 && strcmp(s->strings + s->symbols[symbol].st_name, name) == 0) {
                return &s->relocations[table][i];
            }
        }
    }
    return NULL;
}

static const char *find_needed_version(const library_symbols *s, unsigned index) {
    const char *need = (const char *)s->needed;
    for (bool more = true; more;) {
        const ElfW(Verneed) *library = (const void *)need;
        const char *aux = need + library->vn_aux;
        for (unsigned i = 0; i < library->vn_cnt; i++) {
            const ElfW(Vernaux) *version = (const void *)aux;
            if ((version->vna_other & VERSION_MASK) == index) {
                return s->strings + version->vna_name;
            }
            aux += version->vna_next;
        }
        more = library->vn_next != 0;
        need += library->vn_next;
    }
    return NULL;
}

const char *preload_symbol_version(const void *caller, const char *name) {
    Dl_info info;
    void *map = NULL;
    if (!dladdr1(caller, &info, &map, RTLD_DL_LINKMAP) || !map || !((struct link_map *)map)->l_ld) {
        return NULL;
    }
    const struct link_map *library = map;
    library_symbols s = read_dynamic_section(library->l_addr, library->l_ld);
    if (!s.symbols || !s.strings || !s.versions || !s.needed) {
        return NULL;
    }
    const ElfW(Rela) *relocation = find_relocation(&s, name);
    return relocation ? find_needed_version(&s, s.versions[ELF64_R_SYM(relocation->r_info)] & VERSION_MASK)
                      : NULL;
}

const void *preload_symbol_bound(const struct dl_phdr_info *library, const char *name) {
    ElfW(Addr) base = library->dlpi_addr, end = base;
    const ElfW(Dyn) *dynamic = NULL;
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
        if (segment->p_type == PT_DYNAMIC) {
            dynamic = (const void *)(uintptr_t)(base + segment->p_vaddr);
        } else if (segment->p_type == PT_LOAD && base + segment->p_vaddr + segment->p_memsz > end) {
            end = base + segment->p_vaddr + segment->p_memsz;
        }
    }
    library_symbols s = {.symbols = NULL};
    if (dynamic) {
        s = read_dynamic_section(base, dynamic);
    }
    const ElfW(Rela) *relocation = s.symbols && s.strings ? find_relocation(&s, name) : NULL;
    uintptr_t bound = relocation ? *(const uintptr_t *)(uintptr_t)(base + relocation->r_offset) : 0;
    return bound < base || bound >= end ? (const void *)bound : NULL; /* inside the library: not yet bound */
}

bool preload_symbol_is_versioned(const void *function) {
    Dl_info info;
    void *map = NULL, *symbol = NULL;
    if (!dladdr1(function, &info, &map, RTLD_DL_LINKMAP) || !map || !((struct link_map *)map)->l_ld ||
        !dladdr1(function, &info, &symbol, RTLD_DL_SYMENT) || !symbol) {
        return false;
    }
    const struct link_map *library = map;
    library_symbols s = read_dynamic_section(library->l_addr, library->l_ld);
    const ElfW(Sym) *definition = symbol;
    return s.versions && s.symbols && (s.versions[definition - s.symbols] & VERSION_MASK) > 1;
}
