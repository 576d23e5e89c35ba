/* The command line of run_native. */
#ifndef NATIVE_OPTIONS_H
#define NATIVE_OPTIONS_H

#include "native/error.h"
#include "native/moe.h"

enum { NATIVE_MAX_SWEEP = 64, NATIVE_MAX_REQUESTS = 256 };

typedef struct {
    const char *torch;                         /* --torch, or NULL */
    const char *checkpoint;                    /* --checkpoint, or NULL for random weights */
    const char *config;                        /* --config, or NULL */
    const char *requests[NATIVE_MAX_REQUESTS]; /* --request, in their order: files and directories */
    int request_count;                         /* 0: the default request */
    const char *top_k;                         /* --top-k, or NULL */
    const char *output_dir;                    /* --output-dir, or NULL */
    const char *dump;                          /* --dump-logits, or NULL */
    uint64_t seed;                             /* --random-weights */
    bool random;
    int64_t samples, warmup, rounds, new_tokens;
    native_device device;
    native_dtype dtype;
    native_moe_mode moe; /* dense if cuda_graph */
    bool stop_at_eos;    /* a request ends with an end-of-text token */
    bool cuda_graph;     /* requires warm-up requests, in which the graphs are captured */
} native_options;

/* Parses the command line. --help and --version print and end the program. On failure: false, status 2. */
bool native_options_parse(native_options *options, int argc, char **argv, native_error *error);

/* Parses the sweep's values of k, at most NATIVE_MAX_SWEEP: a list such as "1,2,8" of distinct values from 1 to `experts`.
 * NULL: those of 1,2,4,8,16,32 that are at most `experts`. On failure: false, status 2. */
bool native_options_top_k(const char *text, int64_t experts, int64_t *values, int *count,
                          native_error *error);

#endif
