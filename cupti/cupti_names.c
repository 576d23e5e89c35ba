/* The names of kernels: see cupti_names.h. */
#include "cupti/cupti_names.h"

#include "cupti/cupti_abi.h"

#include <dlfcn.h>
#include <stdatomic.h>

#define LAUNCHES    (1u << 16) /* number of stored launches whose records have not arrived, by correlation id */
#define NODE_BITS   13         /* size of the first table of nodes; each further one is twice as large */
#define NODE_BLOCKS 6u         /* half a million nodes in all */
#define PROBES      16u

typedef struct {
    atomic_uint correlation; /* 0 while the name is being changed */
    _Atomic(const char *) name;
} launch_slot;

typedef struct {
    atomic_uint_fast64_t id; /* 0: free */
    _Atomic(const char *) name;
    atomic_uint since; /* launches up to this one had the previous name; 0: none */
} node_slot;

static struct {
    cupti_names_hooks hooks;
    int (*get_node_parameters)(void *node, cupti_kernel_node *parameters);
    int (*get_function_name)(const char **name, void *function);
    int (*get_kernel_name)(const char **name, void *kernel);

    atomic_bool needed;
    atomic_uint first; /* launches up to this one get correct names from CUPTI */
    _Atomic(launch_slot *) launches;
    _Atomic(node_slot *) nodes[NODE_BLOCKS];
    atomic_bool nodes_incomplete; /* some nodes are missing in the tables */
    atomic_bool nodes_changed;
} names;

static void find_driver_function(void *library, const char *name, void *function) {
    *(void **)function = dlsym(library, name);
}

void cupti_names_init(const cupti_names_hooks *hooks) {
    names.hooks = *hooks;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (library) {
        find_driver_function(library, "cuGraphKernelNodeGetParams_v2", &names.get_node_parameters);
        find_driver_function(library, "cuFuncGetName", &names.get_function_name);
        find_driver_function(library, "cuKernelGetName", &names.get_kernel_name);
    }
}

void cupti_names_module_unloads(uint32_t latest) {
    if (atomic_load(&names.needed)) {
        return;
    }
    launch_slot *nobody = NULL, *table = names.hooks.allocate(LAUNCHES * sizeof *table);
    if (table) {
        atomic_compare_exchange_strong(&names.launches, &nobody,
                                       table); /* two threads may unload modules at the same time */
    }
    atomic_store(&names.first, latest);
    atomic_store(&names.needed, true);
}

bool cupti_names_needed(void) {
    return atomic_load_explicit(&names.needed, memory_order_acquire);
}

/* ---- launches ---- */

void cupti_names_launch(uint32_t correlation, const char *name) {
    launch_slot *table = atomic_load(&names.launches);
    const char *kept = table && name ? names.hooks.keep(name) : NULL;
    if (kept) {
        launch_slot *slot = &table[correlation & (LAUNCHES - 1)];
        atomic_store(&slot->correlation, 0);
        atomic_store(&slot->name, kept);
        atomic_store(&slot->correlation, correlation);
    }
}

static const char *name_of_launch(uint32_t correlation, const char *of_record) {
    launch_slot *table = atomic_load(&names.launches);
    if (table) {
        launch_slot *slot = &table[correlation & (LAUNCHES - 1)];
        bool before = atomic_load(&slot->correlation) == correlation;
        const char *name = atomic_load(&slot->name);
        if (before && atomic_load(&slot->correlation) == correlation) {
            return name;
        }
    }
    return (int32_t)(correlation - atomic_load(&names.first)) <= 0 ? of_record : NULL;
}

/* ---- nodes ---- */

static node_slot *probe_node(node_slot *table, uint32_t block, uint64_t id, uint32_t probe) {
    uint64_t hash = id * 0x9e3779b97f4a7c15u >> (64 - NODE_BITS - block);
    return &table[(hash + probe) & ((1u << (NODE_BITS + block)) - 1)];
}

/* Returns the table of this number, allocated at first use; NULL without memory. */
static node_slot *node_table(uint32_t block) {
    node_slot *table = atomic_load(&names.nodes[block]);
    if (!table) {
        node_slot *made = names.hooks.allocate(sizeof *made << (NODE_BITS + block));
        if (made && atomic_compare_exchange_strong(&names.nodes[block], &table, made)) {
            table = made;
        }
    }
    return table;
}

static bool put_node(uint64_t id, const char *name, uint32_t since) {
    for (uint32_t block = 0; block < NODE_BLOCKS; block++) {
        node_slot *table = node_table(block);
        for (uint32_t probe = 0; table && probe < PROBES; probe++) {
            node_slot *slot = probe_node(table, block, id, probe);
            uint_fast64_t owner = 0;
            if (atomic_compare_exchange_strong(&slot->id, &owner, id) || owner == id) {
                atomic_store(&slot->since, since); /* a reader that sees the new name also sees this */
                atomic_store(&slot->name, name);
                return true;
            }
        }
    }
    return false;
}

static node_slot *find_node(uint64_t id) {
    for (uint32_t block = 0; block < NODE_BLOCKS; block++) {
        node_slot *table = atomic_load(&names.nodes[block]);
        for (uint32_t probe = 0; table && probe < PROBES; probe++) {
            node_slot *slot = probe_node(table, block, id, probe);
            if (atomic_load(&slot->id) == id) {
                return slot;
            }
        }
    }
    return NULL;
}

/* Returns the name of a kernel node. Records of loops and branches have no correlation id: such nodes use the name that
 * they always had. */
static const char *name_of_node(uint64_t id, uint32_t correlation, const char *of_record) {
    if (atomic_load(&names.nodes_changed)) {
        return NULL;
    }
    node_slot *slot = find_node(id);
    if (slot) {
        const char *name = atomic_load(&slot->name);
        uint32_t since = atomic_load(&slot->since);
        return since == 0 || (correlation != 0 && (int32_t)(correlation - since) > 0) ? name : NULL;
    }
    return atomic_load(&names.nodes_incomplete) ? NULL : of_record; /* created before any unload */
}

static const char *name_of_handle(void *node) {
    cupti_kernel_node p = {0};
    const char *name = NULL;
    if (node && names.get_node_parameters && names.get_node_parameters(node, &p) == 0) {
        if (p.function && names.get_function_name) {
            names.get_function_name(&name, p.function);
        } else if (p.kernel && names.get_kernel_name) {
            names.get_kernel_name(&name, p.kernel);
        }
    }
    return name;
}

void cupti_names_node(void *node, uint64_t id, uint32_t since) {
    const char *name = name_of_handle(node);
    if (!put_node(id, name ? names.hooks.keep(name) : NULL, since)) {
        atomic_store(&names.nodes_incomplete, true);
    }
}

void cupti_names_node_moves(uint64_t from, uint64_t to) {
    node_slot *slot = find_node(from);
    if (slot && !put_node(to, atomic_load(&slot->name), atomic_load(&slot->since))) {
        atomic_store(&names.nodes_incomplete, true);
    }
}

void cupti_names_node_changes(void) {
    atomic_store(&names.nodes_changed, true);
}

/* ---- records ---- */

void cupti_names_record(void *record) {
    cupti_kernel *k = record;
    if (k->kind != CUPTI_ABI_KIND_KERNEL && k->kind != CUPTI_ABI_KIND_CONCURRENT_KERNEL) {
        return;
    }
    k->name = k->graph ? name_of_node(k->graph_node, k->correlation, k->name)
                       : name_of_launch(k->correlation, k->name);
}

void cupti_names_forget(void) {
    atomic_store(&names.needed, false);
    atomic_store(&names.nodes_changed, false);
    atomic_store(&names.nodes_incomplete, false);
}
