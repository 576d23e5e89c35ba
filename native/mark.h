/* An NVTX mark that describes the workload, i.e. the model's dimensions and the request, so that a trace identifies the
 * model without its configuration file. It is in the domain "run_native", apart from the ranges. docs/run_native.md
 * documents its text. */
#ifndef NATIVE_MARK_H
#define NATIVE_MARK_H

#include "native/options.h"
#include "native/request.h"
#include "native/torch.h"

/* Makes the mark of a request, of its name, image and lengths: "request=" and a JSON object. */
void native_mark_request(int64_t index, const native_request *request, int64_t new_tokens);

/* prompt_tokens and crops of -1: the requests of the run differ. Returns the text of the mark, at most a few kilobytes, which the caller frees with cJSON_free; NULL when memory is
 * exhausted. */
char *native_mark_text(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops);

/* Makes the mark; without effect when memory is exhausted, as nothing depends on it. */
void native_mark_model(const native_config *config, const native_options *options, native_dtype dtype,
                       int64_t prompt_tokens, int64_t crops);

#endif
