/* NVTX's payload extension: structures whose layout the target registers (NCCL and cuDF do). An event keeps the
 * message that such a structure holds, and its first number. */
#ifndef PRELOAD_NVTX_PAYLOAD_H
#define PRELOAD_NVTX_PAYLOAD_H

#include "preload/string_table.h"
#include "trace/trace.h"

#include <stdint.h>

/* A registered string's name; 0 when it was never given. */
typedef uint32_t (*preload_nvtx_string)(uint64_t handle);

/* Remembers a layout (nvtxPayloadSchemaAttr_t) and gives its id; 0 when it cannot be kept. Any thread. */
uint64_t preload_nvtx_payload_register(const void *schema);
/* Copies what is known of `count` payloads (nvtxPayloadData_t) to the event. */
void preload_nvtx_payload_read(trace_host_event *e, const void *payloads, uint64_t count,
                               preload_string_cache *cache, preload_nvtx_string registered);
/* How many payloads were of an unknown layout, or held no number. */
uint64_t preload_nvtx_payload_skipped(void);

#endif
