/* Our declarations of CUPTI's interface against NVIDIA's own headers, of a toolkit or of the wheel.
 * tests/e2e/recorder_cupti.sh builds it with the headers of other CUDA versions, and the names of their
 * records. */
#include "cupti/cupti_abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#if __has_include(<cupti.h>)
#define HAVE_CUPTI_HEADERS 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <cupti.h>
#pragma GCC diagnostic pop
#endif

#ifndef KERNEL
#define KERNEL CUpti_ActivityKernel10
#define MEMCPY CUpti_ActivityMemcpy6
#endif

#ifdef HAVE_CUPTI_HEADERS
#define SAME(ours, our_field, theirs, their_field)                                                           \
    assert_int_equal(offsetof(ours, our_field), offsetof(theirs, their_field));                              \
    assert_int_equal(sizeof(((ours *)0)->our_field), sizeof(((theirs *)0)->their_field))

static void constants(void **state) {
    (void)state;
    assert_int_equal(CUPTI_ABI_ERROR_MAX_LIMIT_REACHED, CUPTI_ERROR_MAX_LIMIT_REACHED);
    assert_int_equal(CUPTI_ABI_ERROR_MULTIPLE_SUBSCRIBERS, CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
    assert_int_equal(CUPTI_ABI_ERROR_INSUFFICIENT_PRIVILEGES, CUPTI_ERROR_INSUFFICIENT_PRIVILEGES);
    assert_int_equal(CUPTI_ABI_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMCPY);
    assert_int_equal(CUPTI_ABI_KIND_MEMSET, CUPTI_ACTIVITY_KIND_MEMSET);
    assert_int_equal(CUPTI_ABI_KIND_KERNEL, CUPTI_ACTIVITY_KIND_KERNEL);
    assert_int_equal(CUPTI_ABI_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    assert_int_equal(CUPTI_ABI_KIND_MEMCPY2, CUPTI_ACTIVITY_KIND_MEMCPY2);
    assert_int_equal(CUPTI_ABI_DOMAIN_DRIVER_API, CUPTI_CB_DOMAIN_DRIVER_API);
    assert_int_equal(CUPTI_ABI_DOMAIN_RUNTIME_API, CUPTI_CB_DOMAIN_RUNTIME_API);
    assert_int_equal(CUPTI_ABI_DOMAIN_RESOURCE, CUPTI_CB_DOMAIN_RESOURCE);
    assert_int_equal(CUPTI_ABI_CONTEXT_CREATED, CUPTI_CBID_RESOURCE_CONTEXT_CREATED);
    assert_int_equal(CUPTI_ABI_MODULE_UNLOAD_STARTING, CUPTI_CBID_RESOURCE_MODULE_UNLOAD_STARTING);
    assert_int_equal(CUPTI_ABI_NODE_KERNEL, CU_GRAPH_NODE_TYPE_KERNEL);
    assert_int_equal(CUPTI_ABI_GRAPH_CREATED, CUPTI_CBID_RESOURCE_GRAPH_CREATED);
    assert_int_equal(CUPTI_ABI_GRAPHNODE_CREATED, CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED);
    assert_int_equal(CUPTI_ABI_GRAPHNODE_CLONED, CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED);
    assert_int_equal(CUPTI_ABI_SITE_ENTER, CUPTI_API_ENTER);
    assert_int_equal(CUPTI_ABI_SITE_EXIT, CUPTI_API_EXIT);
    assert_int_equal(CUPTI_ABI_FLUSH_FORCED, CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    assert_int_equal(CUPTI_ABI_COPY_ASYNC, CUPTI_ACTIVITY_FLAG_MEMCPY_ASYNC);
    assert_int_equal(CUPTI_ABI_COPY_ASYNC, CUPTI_ACTIVITY_FLAG_MEMSET_ASYNC);
}

static void kernel_node(void **state) {
    (void)state;
    SAME(cupti_graph_launch_parameters, graph, cuGraphLaunch_params, hGraph);
    SAME(cupti_graph_launch_parameters, stream, cuGraphLaunch_params, hStream);
#if CUDA_VERSION >= 12000
    SAME(cupti_kernel_node, function, CUDA_KERNEL_NODE_PARAMS_v2, func);
    SAME(cupti_kernel_node, shared, CUDA_KERNEL_NODE_PARAMS_v2, sharedMemBytes);
    SAME(cupti_kernel_node, kernel, CUDA_KERNEL_NODE_PARAMS_v2, kern);
    SAME(cupti_kernel_node, context, CUDA_KERNEL_NODE_PARAMS_v2, ctx);
    assert_int_equal(sizeof(cupti_kernel_node), sizeof(CUDA_KERNEL_NODE_PARAMS_v2));
#endif
}

static void callback_data(void **state) {
    (void)state;
    SAME(cupti_callback_data, site, CUpti_CallbackData, callbackSite);
    SAME(cupti_callback_data, function_name, CUpti_CallbackData, functionName);
    SAME(cupti_callback_data, context_uid, CUpti_CallbackData, contextUid);
    SAME(cupti_callback_data, correlation_data, CUpti_CallbackData, correlationData);
    SAME(cupti_callback_data, correlation, CUpti_CallbackData, correlationId);
}

static void graph_data(void **state) {
    (void)state;
    SAME(cupti_resource_data, descriptor, CUpti_ResourceData, resourceDescriptor);
    SAME(cupti_graph_data, graph, CUpti_GraphData, graph);
    SAME(cupti_graph_data, node, CUpti_GraphData, node);
    SAME(cupti_graph_data, original_node, CUpti_GraphData, originalNode);
}

static void kernel(void **state) {
    (void)state;
#define K(ours, theirs) SAME(cupti_kernel, ours, KERNEL, theirs)
    K(kind, kind);
    K(cache_config, cacheConfig);
    K(registers_per_thread, registersPerThread);
    K(start, start);
    K(end, end);
    K(device, deviceId);
    K(context, contextId);
    K(stream, streamId);
    K(grid[0], gridX);
    K(grid[2], gridZ);
    K(block[0], blockX);
    K(block[2], blockZ);
    K(static_shared, staticSharedMemory);
    K(dynamic_shared, dynamicSharedMemory);
    K(local_per_thread, localMemoryPerThread);
    K(local_total, localMemoryTotal);
    K(correlation, correlationId);
    K(grid_id, gridId);
    K(name, name);
    K(launch_type, launchType);
    K(shared_executed, sharedMemoryExecuted);
    K(graph_node, graphNodeId);
    K(shared_limit_config, shmemLimitConfig);
    K(graph, graphId);
#if CUPTI_API_VERSION >= 18
    SAME(cupti_kernel_cluster, cluster[0], KERNEL, clusterX);
    SAME(cupti_kernel_cluster, cluster[2], KERNEL, clusterZ);
    SAME(cupti_kernel_cluster, local_total_v2, KERNEL, localMemoryTotal_v2);
#endif
}

static void copies(void **state) {
    (void)state;
    SAME(cupti_memcpy, copy_kind, MEMCPY, copyKind);
    SAME(cupti_memcpy, src_kind, MEMCPY, srcKind);
    SAME(cupti_memcpy, dst_kind, MEMCPY, dstKind);
    SAME(cupti_memcpy, flags, MEMCPY, flags);
    SAME(cupti_memcpy, bytes, MEMCPY, bytes);
    SAME(cupti_memcpy, start, MEMCPY, start);
    SAME(cupti_memcpy, end, MEMCPY, end);
    SAME(cupti_memcpy, device, MEMCPY, deviceId);
    SAME(cupti_memcpy, stream, MEMCPY, streamId);
    SAME(cupti_memcpy, correlation, MEMCPY, correlationId);
    SAME(cupti_memcpy, graph_node, MEMCPY, graphNodeId);
    SAME(cupti_memcpy, graph, MEMCPY, graphId);
    SAME(cupti_memcpy_peer, bytes, CUpti_ActivityMemcpyPtoP4, bytes);
    SAME(cupti_memcpy_peer, stream, CUpti_ActivityMemcpyPtoP4, streamId);
    SAME(cupti_memcpy_peer, correlation, CUpti_ActivityMemcpyPtoP4, correlationId);
    SAME(cupti_memcpy_peer, graph_node, CUpti_ActivityMemcpyPtoP4, graphNodeId);
    SAME(cupti_memcpy_peer, graph, CUpti_ActivityMemcpyPtoP4, graphId);
    SAME(cupti_memset, value, CUpti_ActivityMemset4, value);
    SAME(cupti_memset, bytes, CUpti_ActivityMemset4, bytes);
    SAME(cupti_memset, stream, CUpti_ActivityMemset4, streamId);
    SAME(cupti_memset, correlation, CUpti_ActivityMemset4, correlationId);
    SAME(cupti_memset, flags, CUpti_ActivityMemset4, flags);
    SAME(cupti_memset, memory_kind, CUpti_ActivityMemset4, memoryKind);
    SAME(cupti_memset, graph_node, CUpti_ActivityMemset4, graphNodeId);
    SAME(cupti_memset, graph, CUpti_ActivityMemset4, graphId);
}
#else
static void no_headers(void **state) {
    (void)state;
    skip();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef HAVE_CUPTI_HEADERS
        cmocka_unit_test(constants),  cmocka_unit_test(kernel_node), cmocka_unit_test(callback_data),
        cmocka_unit_test(graph_data), cmocka_unit_test(kernel),      cmocka_unit_test(copies),
#else
        cmocka_unit_test(no_headers),
#endif
    };
    return cmocka_run_group_tests_name("cupti_abi", tests, NULL, NULL);
}
