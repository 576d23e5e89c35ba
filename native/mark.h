/* One NVTX mark that describes the workload: the model's shapes and the request. It stands in the domain
 * "run_native", so that it is no part of the ranges, and a profiler that keeps it knows the model without its
 * configuration. docs/run_native.md documents its text. */
#ifndef NATIVE_MARK_H
#define NATIVE_MARK_H

#include "native/options.h"
#include "native/torch.h"

/* The text of the mark, of at most a few kilobytes; the caller frees it with cJSON_free. NULL: no memory. */
char *native_mark_text(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops);

/* Makes the mark. Without memory for it there is none: nothing depends on it. */
void native_mark_model(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops);

#endif
