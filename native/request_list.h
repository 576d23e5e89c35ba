/* The requests of a run: files, the files of directories, or the default one. */
#ifndef NATIVE_REQUEST_LIST_H
#define NATIVE_REQUEST_LIST_H

#include "native/options.h"
#include "native/request.h"

typedef struct {
    native_request *requests;
    int64_t count;
} native_request_list;

/* Loads the requests of --request in their order; of a directory, its files NAME.safetensors by name. Without --request: the default
 * request. Each must fit the model's positions together with its new tokens. On failure: false, status 2. */
bool native_request_list_load(native_request_list *list, const native_options *options,
                              const native_config *config, native_error *error);

void native_request_list_free(native_request_list *list);

/* Returns the number of prompt tokens, or of crops, that all requests share; -1 if they differ. */
int64_t native_request_list_tokens(const native_request_list *list);
int64_t native_request_list_crops(const native_request_list *list);

#endif
