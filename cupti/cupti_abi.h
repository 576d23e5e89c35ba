/* The part of CUPTI's binary interface that the recorder uses, declared here so that the recorder builds without a CUDA toolkit
 * and runs with the target's CUPTI. New versions extend activity records at their end only: the declarations are the common
 * beginnings of the records of CUDA 11.6 to 13. tests/unit/cupti/test_cupti_abi.c compares all offsets and constants with
 * NVIDIA's headers where these are installed. Times are ns, sizes bytes. */
#ifndef CUPTI_CUPTI_ABI_H
#define CUPTI_CUPTI_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int cupti_result; /* CUptiResult: 0 is success */

enum {
    CUPTI_ABI_SUCCESS = 0,
    CUPTI_ABI_ERROR_MAX_LIMIT_REACHED = 12,    /* no more records in a buffer */
    CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS = 39, /* another tool uses CUPTI */
    CUPTI_ABI_ERROR_INSUFFICIENT_PRIVILEGES = 35,
};

enum {
    CUPTI_ABI_KIND_MEMCPY = 1,
    CUPTI_ABI_KIND_MEMSET = 2,
    CUPTI_ABI_KIND_KERNEL = 3,
    CUPTI_ABI_KIND_CONCURRENT_KERNEL = 10,
    CUPTI_ABI_KIND_MEMCPY2 = 22, /* peer to peer */
};

enum { CUPTI_ABI_DOMAIN_DRIVER_API = 1, CUPTI_ABI_DOMAIN_RUNTIME_API = 2, CUPTI_ABI_DOMAIN_RESOURCE = 3 };
enum { /* callbacks of the resource domain */
       CUPTI_ABI_CONTEXT_CREATED = 1,
       CUPTI_ABI_MODULE_UNLOAD_STARTING = 7,
       CUPTI_ABI_GRAPH_CREATED = 9,
       CUPTI_ABI_GRAPHNODE_CREATED = 13,
       CUPTI_ABI_GRAPHNODE_DESTROYED = 14,
       CUPTI_ABI_GRAPHNODE_CLONED = 20,
       /* From CUDA 13: a node of an executable graph takes over the work of another node; its parameters are set. */
       CUPTI_ABI_GRAPHNODE_UPDATED = 22,
       CUPTI_ABI_GRAPHNODE_PARAMETERS = 23,
};
enum { CUPTI_ABI_SITE_ENTER = 0, CUPTI_ABI_SITE_EXIT = 1 };
enum { CUPTI_ABI_FLUSH_FORCED = 1 };
enum { CUPTI_ABI_NODE_KERNEL = 0 }; /* type of a graph's node */
enum { CUPTI_ABI_COPY_ASYNC = 1 };  /* flag of memcpy and memset records */

typedef void *cupti_subscriber;
typedef void (*cupti_callback)(void *userdata, int domain, uint32_t cbid, const void *data);
typedef void (*cupti_buffer_requested)(uint8_t **buffer, size_t *size, size_t *max_records);
typedef void (*cupti_buffer_completed)(void *context, uint32_t stream, uint8_t *buffer, size_t size,
                                       size_t valid);
typedef uint64_t (*cupti_timestamp)(void);

/* The data of a driver or runtime API callback (CUpti_CallbackData). */
typedef struct {
    int site;
    const char *function_name;
    const void *function_params;
    void *function_return;
    const char *symbol_name;
    void *context;
    uint32_t context_uid;
    uint64_t *correlation_data;
    uint32_t correlation;
} cupti_callback_data;

/* The parameters of cuGraphLaunch (cuGraphLaunch_params). */
typedef struct {
    void *graph, *stream;
} cupti_graph_launch_parameters;

/* The first parameters of cuGraphAddNode and cuGraphAddChildGraphNode. */
typedef struct {
    void *node, *graph;
} cupti_graph_add_parameters;

/* The data of a resource callback (CUpti_ResourceData), and its descriptor for graphs (CUpti_GraphData). */
typedef struct {
    void *context;
    void *stream;
    void *descriptor;
} cupti_resource_data;
typedef struct {
    void *graph, *original_graph, *node, *original_node;
    int node_type;
    void *dependency, *graph_exec;
} cupti_graph_data;

/* The driver's description of a graph's kernel node (CUDA_KERNEL_NODE_PARAMS_v2). */
typedef struct {
    void *function;
    unsigned grid[3], block[3], shared;
    void **arguments, **extra;
    void *kernel, *context;
} cupti_kernel_node;

/* CUpti_ActivityKernel4 and later, up to the graph's id. Activity records are aligned to 8 bytes. */
typedef struct {
    uint32_t kind;
    uint8_t cache_config;
    uint8_t shared_config;
    uint16_t registers_per_thread;
    uint32_t partitioned_requested, partitioned_executed;
    uint64_t start, end, completed;
    uint32_t device, context, stream;
    int32_t grid[3], block[3];
    int32_t static_shared, dynamic_shared;
    uint32_t local_per_thread, local_total;
    uint32_t correlation;
    int64_t grid_id;
    const char *name;
    void *reserved0;
    uint64_t queued, submitted;
    uint8_t launch_type;
    uint8_t carveout_requested, carveout;
    uint8_t padding;
    uint32_t shared_executed;
    uint64_t graph_node;
    uint32_t shared_limit_config;
    uint32_t graph;
} cupti_kernel;

/* CUpti_ActivityKernel8 and later, which add the cluster's size at the end. */
typedef struct {
    cupti_kernel base;
    void *access_policy_window;
    uint32_t channel, channel_type;
    uint32_t cluster[3];
    uint32_t cluster_policy;
    uint64_t local_total_v2;
} cupti_kernel_cluster;

/* CUpti_ActivityMemcpy4 and later. */
typedef struct {
    uint32_t kind;
    uint8_t copy_kind, src_kind, dst_kind, flags;
    uint64_t bytes, start, end;
    uint32_t device, context, stream;
    uint32_t correlation, runtime_correlation;
    uint32_t pad;
    void *reserved0;
    uint64_t graph_node;
    uint32_t graph;
} cupti_memcpy;

/* CUpti_ActivityMemcpyPtoP3 and later. */
typedef struct {
    uint32_t kind;
    uint8_t copy_kind, src_kind, dst_kind, flags;
    uint64_t bytes, start, end;
    uint32_t device, context, stream;
    uint32_t src_device, src_context, dst_device, dst_context;
    uint32_t correlation;
    void *reserved0;
    uint64_t graph_node;
    uint32_t graph;
} cupti_memcpy_peer;

/* CUpti_ActivityMemset3 and later. */
typedef struct {
    uint32_t kind;
    uint32_t value;
    uint64_t bytes, start, end;
    uint32_t device, context, stream;
    uint32_t correlation;
    uint16_t flags, memory_kind;
    uint32_t pad;
    void *reserved0;
    uint64_t graph_node;
    uint32_t graph;
} cupti_memset;

#endif
