/* The functions of CUPTI that the recorder calls, looked up at run time. */
#ifndef CUPTI_CUPTI_LIBRARY_H
#define CUPTI_CUPTI_LIBRARY_H

#include "cupti/cupti_abi.h"

/* FUNCTION(member, symbol, required, parameters): one list makes the table and the look-up. A CUPTI without a
 * required function is not used; one without an optional function is used without its feature. */
#define CUPTI_FUNCTIONS(FUNCTION)                                                                            \
    FUNCTION(get_version, cuptiGetVersion, 1, (uint32_t *))                                                  \
    FUNCTION(get_result_string, cuptiGetResultString, 1, (cupti_result, const char **))                      \
    FUNCTION(subscribe, cuptiSubscribe, 1, (cupti_subscriber *, cupti_callback, void *))                     \
    FUNCTION(unsubscribe, cuptiUnsubscribe, 1, (cupti_subscriber))                                           \
    FUNCTION(enable_callback, cuptiEnableCallback, 1, (uint32_t, cupti_subscriber, int, uint32_t))           \
    FUNCTION(enable_domain, cuptiEnableDomain, 1, (uint32_t, cupti_subscriber, int))                         \
    FUNCTION(get_callback_name, cuptiGetCallbackName, 1, (int, uint32_t, const char **))                     \
    FUNCTION(activity_enable, cuptiActivityEnable, 1, (uint32_t))                                            \
    FUNCTION(activity_disable, cuptiActivityDisable, 1, (uint32_t))                                          \
    FUNCTION(register_buffers, cuptiActivityRegisterCallbacks, 1,                                            \
             (cupti_buffer_requested, cupti_buffer_completed))                                               \
    FUNCTION(flush_all, cuptiActivityFlushAll, 1, (uint32_t))                                                \
    FUNCTION(get_next_record, cuptiActivityGetNextRecord, 1, (uint8_t *, size_t, void **))                   \
    FUNCTION(get_dropped, cuptiActivityGetNumDroppedRecords, 1, (void *, uint32_t, size_t *))                \
    FUNCTION(get_timestamp, cuptiGetTimestamp, 1, (uint64_t *))                                              \
    FUNCTION(get_graph_id, cuptiGetGraphId, 0, (void *, uint32_t *))                                         \
    FUNCTION(get_graph_node_id, cuptiGetGraphNodeId, 0, (void *, uint64_t *))                                \
    FUNCTION(register_timestamp, cuptiActivityRegisterTimestampCallback, 0, (cupti_timestamp))

/* The results of cuptiGetVersion (CUPTI_API_VERSION in cupti_version.h) for the CUDA versions whose records cupti_abi.h
 * describes: 11.6 (earlier ones have no cuptiActivityRegisterTimestampCallback), the last of the small numbers, used up to
 * CUDA 12, and CUDA 13. */
#define CUPTI_VERSION_OLDEST    17u
#define CUPTI_VERSION_LAST_12   99u
#define CUPTI_VERSION_FIRST_13  130000u
#define CUPTI_VERSION_BEYOND_13 140000u

typedef struct {
    void *handle;
    char path[512]; /* of the file that was opened */
    uint32_t version;
#define CUPTI_MEMBER(member, symbol, required, parameters) cupti_result(*member) parameters;
    CUPTI_FUNCTIONS(CUPTI_MEMBER)
#undef CUPTI_MEMBER
} cupti_library;

/* Opens CUPTI: the file `wanted` unless it is NULL; else, in this order, the copy that the process has loaded, the one in the
 * directory of the process's CUDA runtime, or the system's. Returns NULL on success, else the reason (valid for the life of
 * the process), and *lib must not be used. A version with unknown record layouts is refused. */
const char *cupti_library_open(cupti_library *lib, const char *wanted);

#endif
