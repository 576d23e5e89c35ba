/* NVTX's payload extension: structures with a layout that the target registers (NCCL and cuDF do). The event gets the message
 * in such a structure, and its first number. */
#ifndef PRELOAD_NVTX_PAYLOAD_H
#define PRELOAD_NVTX_PAYLOAD_H

#include "preload/string_table.h"
#include "trace/trace.h"

#include <stdint.h>

/* Returns the string id of a registered string; 0 when there is none. */
typedef uint32_t (*preload_nvtx_string)(uint64_t handle);

/* Stores a layout (nvtxPayloadSchemaAttr_t) and returns its id; 0 when it is not supported, or no memory is available. Any
 * thread. */
uint64_t preload_nvtx_payload_register(const void *schema);
/* Sets message and number of the event from `count` payloads (nvtxPayloadData_t), as far as their layouts are known. `cache` is
 * the thread's. */
void preload_nvtx_payload_read(trace_host_event *e, const void *payloads, uint64_t count,
                               preload_string_cache *cache, preload_nvtx_string registered);
/* Returns the number of payloads with an unknown layout or without a number. */
uint64_t preload_nvtx_payload_skipped(void);

#endif
