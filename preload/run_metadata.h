/* What the trace says about the run besides its events: program, host, versions, devices, and what recording
 * costs. */
#ifndef PRELOAD_RUN_METADATA_H
#define PRELOAD_RUN_METADATA_H

#include "preload/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Program, command line, host, time and level, as META pairs. */
void preload_describe_run(const preload_settings *settings);
/* Driver, CUPTI and device properties, as META pairs. CUDA must have been initialised by the target. */
void preload_describe_devices(void);
/* The operating system's name of a thread; "" when it is gone. */
void preload_describe_thread(uint32_t tid, char *name, size_t size);
/* Whether the main thread has ended and, beside it and the caller, no other thread is left. */
bool preload_describe_left_alone(void);
/* Time that recording `events` host events took the target's threads, in ns: their number times what one
 * takes, which is measured here once. It leaves out what CUPTI itself does. 0 when not measured. */
uint64_t preload_describe_cost(uint64_t events);

#endif
