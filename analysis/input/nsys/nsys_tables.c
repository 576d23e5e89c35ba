/* The tables and columns of an export that are read. */
#include "analysis/input/nsys/nsys_tables.h"

#include <limits.h>
#include <string.h>

static const char *const kernel_columns[] = {"start",
                                             "end",
                                             "deviceId",
                                             "contextId",
                                             "streamId",
                                             "correlationId",
                                             "globalPid",
                                             "graphNodeId",
                                             "mangledName",
                                             "demangledName",
                                             "shortName",
                                             "gridX",
                                             "gridY",
                                             "gridZ",
                                             "blockX",
                                             "blockY",
                                             "blockZ",
                                             "registersPerThread",
                                             "staticSharedMemory",
                                             "dynamicSharedMemory",
                                             "sharedMemoryExecuted",
                                             "localMemoryPerThread",
                                             "cacheConfig",
                                             "launchType",
                                             "sharedMemoryLimitConfig",
                                             "localMemoryTotal",
                                             NULL};
static const char *const copy_columns[] = {
    "start",       "end",          "deviceId",    "contextId",    "streamId", "correlationId",
    "globalPid",   "graphNodeId",  "bytes",       "copyKind",     "srcKind",  "dstKind",
    "srcDeviceId", "srcContextId", "dstDeviceId", "dstContextId", NULL};
static const char *const memset_columns[] = {"start",    "end",           "deviceId",  "contextId",
                                             "streamId", "correlationId", "globalPid", "graphNodeId",
                                             "bytes",    "value",         "memKind",   NULL};
static const char *const graph_trace_columns[] = {
    "start", "end", "deviceId", "contextId", "streamId", "correlationId", "globalPid", "graphId", NULL};
static const char *const call_columns[] = {"start",  "end",         "globalTid", "correlationId",
                                           "nameId", "returnValue", NULL};
static const char *const sync_columns[] = {"start",    "end",           "deviceId",           "contextId",
                                           "streamId", "correlationId", "globalPid",          "syncType",
                                           "eventId",  "eventSyncId",   "deprecatedSyncType", NULL};
static const char *const overhead_columns[] = {"start", "end", "globalTid", "nameId", "returnValue", NULL};
static const char *const node_columns[] = {"start", "end", "globalTid", "graphNodeId", "originalGraphNodeId",
                                           NULL};
static const char *const graph_columns[] = {"start",           "end",         "globalTid", "graphId",
                                            "originalGraphId", "graphExecId", NULL};
static const char *const range_columns[] = {
    "start",      "end",         "globalTid",   "eventType",    "text",       "textId",
    "domainId",   "rangeId",     "category",    "endGlobalTid", "color",      "uint64Value",
    "int64Value", "doubleValue", "uint32Value", "int32Value",   "floatValue", NULL};

void input_nsys_tables(input_nsys_table tables[INPUT_NSYS_TABLES]) {
/* Numbers of columns that are scanned and that a report needs, and the indices of the process, the correlation id and the
 * event type. */
#define TABLE(n, p, c, s, r, ...)                                                                            \
    {                                                                                                        \
        .name = n, .process = p, .columns = c, .scanned = s, .reported = r, .places = {__VA_ARGS__},         \
        .layout = {                                                                                          \
            -1,                                                                                              \
            INT_MAX                                                                                          \
        }                                                                                                    \
    }
    enum { ALL = INPUT_NSYS_CELLS };
    static const input_nsys_table all[INPUT_NSYS_TABLES] = {
        TABLE("CUPTI_ACTIVITY_KIND_SYNCHRONIZATION", "globalPid", sync_columns, 2, ALL, -1, -1, -1),
        TABLE("PROFILER_OVERHEAD", "globalTid", overhead_columns, 2, ALL, -1, -1, -1),
        TABLE("CUPTI_ACTIVITY_KIND_KERNEL", "globalPid", kernel_columns, 7, 11, 6, 5, -1),
        TABLE("CUPTI_ACTIVITY_KIND_MEMCPY", "globalPid", copy_columns, 7, 8, 6, 5, -1),
        TABLE("CUPTI_ACTIVITY_KIND_MEMSET", "globalPid", memset_columns, 7, 8, 6, 5, -1),
        TABLE("CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "globalPid", graph_trace_columns, 7, ALL, 6, 5, -1),
        TABLE("CUDA_GRAPH_NODE_EVENTS", "globalTid", node_columns, 3, ALL, 2, -1, -1),
        TABLE("CUDA_GRAPH_EVENTS", "globalTid", graph_columns, 3, ALL, 2, -1, -1),
        TABLE("CUPTI_ACTIVITY_KIND_RUNTIME", "globalTid", call_columns, 4, 5, 2, 3, -1),
        TABLE("NVTX_EVENTS", "globalTid", range_columns, 7, ALL, 2, -1, 3)};
#undef TABLE
    memcpy(tables, all, sizeof all);
    tables[INPUT_NSYS_RANGES].layout.text = 4;
    tables[INPUT_NSYS_KERNELS].layout.shaped = 8;
}
