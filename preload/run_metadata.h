/* Metadata of the run: program, host, versions, devices, and the cost of recording. */
#ifndef PRELOAD_RUN_METADATA_H
#define PRELOAD_RUN_METADATA_H

#include "preload/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets META entries for program, command line, host, time and level. */
void preload_describe_run(const preload_settings *settings);
/* Sets META entries for driver, CUPTI and device properties. The target must have initialised CUDA. */
void preload_describe_devices(void);
/* Stores the operating system's name of a thread; "" when the thread has ended. */
void preload_describe_thread(uint32_t tid, char *name, size_t size);
/* Returns whether the main thread has ended and the caller is the only other thread. */
bool preload_describe_left_alone(void);
/* Returns the time that recording `events` host events cost the target's threads, in ns: their number times the cost of one,
 * which is measured once. CUPTI's own cost is not included. 0: not measured. */
uint64_t preload_describe_cost(uint64_t events);

#endif
