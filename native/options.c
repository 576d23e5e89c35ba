/* The command line, by argp; see options.h. */
#include "native/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TORCH = 256,
    KEY_CHECKPOINT,
    KEY_RANDOM,
    KEY_CONFIG,
    KEY_REQUEST,
    KEY_TOP_K,
    KEY_SAMPLES,
    KEY_WARMUP,
    KEY_NEW_TOKENS,
    KEY_ROUNDS,
    KEY_DEVICE,
    KEY_DTYPE,
    KEY_MOE,
    KEY_GRAPH,
    KEY_STOP,
    KEY_OUTPUT,
    KEY_DUMP,
    KEY_HELP,
    KEY_VERSION
};

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "Model:", 1},
    {"checkpoint", KEY_CHECKPOINT, "DIR", 0, "a local directory with config.json and the weights of a MolmoE",
     1},
    {"random-weights", KEY_RANDOM, "SEED", 0, "generate random weights instead", 1},
    {"config", KEY_CONFIG, "FILE", 0,
     "model sizes for random weights: a config.json, molmoe-1b (full size, default) or small (for a CPU)", 1},
    {"torch", KEY_TORCH, "DIR", 0,
     "PyTorch package to use (default: MOETRACE_TORCH, else the one of python3 on the PATH)", 1},
    {NULL, 0, NULL, 0, "Sweep:", 2},
    {"request", KEY_REQUEST, "FILE|DIR", 0,
     "safetensors file with input_ids and, for an image, images, image_masks and image_input_idx, or a "
     "directory of such files; may be "
     "repeated (default: a blue image and a prompt to describe it)",
     2},
    {"top-k", KEY_TOP_K, "LIST", 0, "experts per token (default: 1,2,4,8,16,32)", 2},
    {"samples", KEY_SAMPLES, "N", 0, "measured requests for each k (default: 50)", 2},
    {"warmup", KEY_WARMUP, "N", 0, "warm-up requests in each round (default: 3)", 2},
    {"rounds", KEY_ROUNDS, "1|2", 0,
     "2 (default): the first half of each k's samples runs unprofiled, the second half profiled; 1: all "
     "samples "
     "of a k in one round",
     2},
    {"max-new-tokens", KEY_NEW_TOKENS, "N", 0, "tokens to generate in each request (default: 10)", 2},
    {"stop-at-eos", KEY_STOP, NULL, 0,
     "end a request at the end-of-text token that config.json names; off by default, so that every request "
     "does the same work",
     2},
    {NULL, 0, NULL, 0, "Execution:", 3},
    {"device", KEY_DEVICE, "auto|cpu|cuda", 0, "device (default: cuda if available)", 3},
    {"dtype", KEY_DTYPE, "bf16|fp16|fp32", 0,
     "data type of weights and activations (default: bf16 on cuda, fp32 on cpu)", 3},
    {"moe", KEY_MOE, "active|loop|dense", 0,
     "how experts run: active (only those with tokens, default), loop (search each expert's tokens on the "
     "device, as the PyTorch code does) or dense (every expert computes each decoded token)",
     3},
    {"cuda-graph", KEY_GRAPH, NULL, 0, "replay decode steps from CUDA graphs (implies --moe dense)", 3},
    {NULL, 0, NULL, 0, "Output:", 4},
    {"output-dir", KEY_OUTPUT, "DIR", 0, "write run_native_times.json there", 4},
    {"dump-logits", KEY_DUMP, "FILE", 0, "write logits, tokens and vision features to a safetensors file", 4},
    {"help", KEY_HELP, NULL, 0, "print this help", 5},
    {"version", KEY_VERSION, NULL, 0, "print the version", 5},
    {0}};

/* What the parser callback works on. */
typedef struct {
    native_options *options;
    native_error *error;
    int at; /* where argp stopped, if it did */
} parser_state;

static bool parse_integer_option(const char *name, const char *text, int64_t low, int64_t high, int64_t *out,
                                 native_error *error) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == ' ' || value < low || value > high) {
        return native_fail(error, NATIVE_EXIT_INPUT, "%s %.100s: it must be a whole number from %lld to %lld",
                           name, text, (long long)low, (long long)high);
    }
    *out = value;
    return true;
}

/* The index of `text` among `words`. */
static bool parse_keyword_option(const char *name, const char *text, const char *const *words,
                                 const char *all, int *out, native_error *error) {
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return native_fail(error, NATIVE_EXIT_INPUT, "%s %.100s: it must be one of %s", name, text, all);
}

static bool set_keyword_option(native_options *o, int key, const char *text, native_error *error) {
    static const char *const devices[] = {"auto", "cpu", "cuda", NULL};
    static const char *const dtypes[] = {"bf16", "fp16", "fp32", NULL};
    static const char *const modes[] = {"active", "loop", "dense", NULL};
    int index = 0;
    bool ok;
    if (key == KEY_DEVICE) {
        ok = parse_keyword_option("--device", text, devices, "auto, cpu, cuda", &index, error);
        o->device = (native_device)(NATIVE_AUTO + index);
    } else if (key == KEY_DTYPE) {
        ok = parse_keyword_option("--dtype", text, dtypes, "bf16, fp16, fp32", &index, error);
        o->dtype = (native_dtype)(NATIVE_BF16 + index);
    } else {
        ok = parse_keyword_option("--moe", text, modes, "active, loop, dense", &index, error);
        o->moe = (native_moe_mode)(NATIVE_MOE_ACTIVE + index);
    }
    return ok;
}

static bool set_integer_option(native_options *o, int key, const char *text, native_error *error) {
    int64_t seed = 0;
    switch (key) {
    case KEY_SAMPLES:
        return parse_integer_option("--samples", text, 1, 1000000, &o->samples, error);
    case KEY_WARMUP:
        return parse_integer_option("--warmup", text, 0, 1000000, &o->warmup, error);
    case KEY_ROUNDS:
        return parse_integer_option("--rounds", text, 1, 2, &o->rounds, error);
    case KEY_NEW_TOKENS:
        return parse_integer_option("--max-new-tokens", text, 1, 4096, &o->new_tokens, error);
    default:
        o->random = true;
        if (!parse_integer_option("--random-weights", text, 0, INT64_MAX, &seed, error)) {
            return false;
        }
        o->seed = (uint64_t)seed;
        return true;
    }
}

static const char **string_option_field(native_options *o, int key) {
    switch (key) {
    case KEY_TORCH:
        return &o->torch;
    case KEY_CHECKPOINT:
        return &o->checkpoint;
    case KEY_CONFIG:
        return &o->config;
    case KEY_TOP_K:
        return &o->top_k;
    case KEY_OUTPUT:
        return &o->output_dir;
    case KEY_DUMP:
        return &o->dump;
    default:
        return NULL;
    }
}

/* argp's own --help and --version print nothing under ARGP_NO_ERRS. */
static void print_and_exit(int key, const struct argp_state *state) {
    static char name[] = "run_native";
    if (key == KEY_VERSION) {
        puts(argp_program_version != NULL ? argp_program_version : name);
    } else {
        argp_help(state->root_argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "run_native: standard output could not be written: %s\n", strerror(errno));
        exit(NATIVE_EXIT_FAILED);
    }
    exit(0);
}

static error_t parse_native_option(int key, char *text, struct argp_state *state) {
    parser_state *p = state->input;
    if (key == KEY_HELP || key == KEY_VERSION) {
        print_and_exit(key, state);
    }
    const char **path = string_option_field(p->options, key);
    bool ok = true;
    if (key == KEY_REQUEST) {
        if (p->options->request_count == NATIVE_MAX_REQUESTS) {
            native_fail(p->error, NATIVE_EXIT_INPUT,
                        "--request is given more than %d times: give a directory", NATIVE_MAX_REQUESTS);
            return EINVAL;
        }
        path = &p->options->requests[p->options->request_count++];
    }
    if (path != NULL) {
        *path = text;
        ok = text[0] != '\0' ||
             native_fail(p->error, NATIVE_EXIT_INPUT, "%s needs a value: see run_native --help",
                         state->argv[state->next - 1]);
    } else if (key == KEY_DEVICE || key == KEY_DTYPE || key == KEY_MOE) {
        ok = set_keyword_option(p->options, key, text, p->error);
    } else if (key == KEY_SAMPLES || key == KEY_WARMUP || key == KEY_ROUNDS || key == KEY_NEW_TOKENS ||
               key == KEY_RANDOM) {
        ok = set_integer_option(p->options, key, text, p->error);
    } else if (key == KEY_GRAPH) {
        p->options->cuda_graph = true;
    } else if (key == KEY_STOP) {
        p->options->stop_at_eos = true;
    } else if (key == ARGP_KEY_ARG) {
        ok = native_fail(p->error, NATIVE_EXIT_INPUT, "unexpected argument %.200s: see run_native --help",
                         text);
    } else {
        p->at = key == ARGP_KEY_ERROR ? state->next - 1 : p->at;
        return ARGP_ERR_UNKNOWN;
    }
    return ok ? 0 : EINVAL;
}

/* What --cuda-graph requires of the other options. */
static bool apply_cuda_graph_option(native_options *o, native_error *error) {
    if (!o->cuda_graph) {
        return true;
    }
    if (o->device == NATIVE_CPU) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "--cuda-graph needs a GPU and cannot be combined with --device cpu");
    }
    if (o->moe == NATIVE_MOE_LOOP) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "--cuda-graph implies --moe dense and cannot be combined with --moe loop");
    }
    o->moe = NATIVE_MOE_DENSE;
    o->warmup = o->warmup > 0 ? o->warmup : 1;
    return true;
}

bool native_options_parse(native_options *options, int argc, char **argv, native_error *error) {
    static const struct argp argp = {
        .options = table,
        .parser = parse_native_option,
        .doc = "MolmoE in C on libtorch's C functions: measures vision, prefill and decode latency of "
               "requests for each number of experts per token, under NVTX ranges."
               "Examples:\n"
               "  run_native --random-weights 1\n"
               "  run_native --random-weights 1 --config small --device cpu --samples 5\n"
               "  run_native --checkpoint molmoe-1b --top-k 4,8 --output-dir results\n\n"
               "Exit status: 0 success, 1 a failure while running, 2 unusable input."};
    memset(options, 0, sizeof *options);
    options->samples = 50;
    options->warmup = 3;
    options->rounds = 2;
    options->new_tokens = 10;
    parser_state parsing = {options, error, 0};
    /* Without argp's own messages: each failure here is one line. */
    error_t status = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &parsing);
    if (status != 0) {
        const char *near = parsing.at > 0 && parsing.at < argc ? argv[parsing.at] : "the end";
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "unknown option or missing value at %.200s: see run_native --help", near);
    }
    if (options->random == (options->checkpoint != NULL)) {
        return native_fail(error, NATIVE_EXIT_INPUT, "give either --checkpoint DIR or --random-weights SEED");
    }
    if (options->checkpoint != NULL &&
        (strncmp(options->checkpoint, "hf:", 3) == 0 || strstr(options->checkpoint, "://") != NULL)) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "--checkpoint %.300s: a local directory is needed: download the checkpoint and "
                           "give its directory",
                           options->checkpoint);
    }
    return apply_cuda_graph_option(options, error);
}

static bool add_top_k_value(const char *text, int64_t experts, int64_t *values, int *count,
                            native_error *error) {
    int64_t value = 0;
    if (!parse_integer_option("--top-k", text, 1, experts, &value, error)) {
        return false;
    }
    for (int i = 0; i < *count; i++) {
        if (values[i] == value) {
            return native_fail(error, NATIVE_EXIT_INPUT, "--top-k lists %lld twice", (long long)value);
        }
    }
    if (*count == NATIVE_MAX_SWEEP) {
        return native_fail(error, NATIVE_EXIT_INPUT, "--top-k lists more than %d values", NATIVE_MAX_SWEEP);
    }
    values[(*count)++] = value;
    return true;
}

bool native_options_top_k(const char *text, int64_t experts, int64_t *values, int *count,
                          native_error *error) {
    *count = 0;
    if (text == NULL) {
        for (int64_t k = 1; k <= 32 && k <= experts; k *= 2) {
            values[(*count)++] = k;
        }
        return true;
    }
    char *copy = strdup(text), *rest = copy;
    bool ok = copy != NULL || native_fail(error, NATIVE_EXIT_FAILED, "out of memory");
    for (char *item; ok && (item = strsep(&rest, ",")) != NULL;) {
        ok = add_top_k_value(item, experts, values, count, error);
    }
    free(copy);
    return ok;
}
