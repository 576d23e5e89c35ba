/* moetrace flops: what a model's phases cost by its shapes, without a run. */
#include "analysis/cli/cli_table_options.h"
#include "analysis/costmodel/model_flops.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 64, OPTION_CROPS = 256, OPTION_ACTIVE, OPTION_TYPE };

typedef struct {
    const char *config;
    uint32_t top_k[LIST_MAX];
    size_t count; /* 0: the usual ones */
    uint32_t prompt, tokens, crops, active;
    costmodel_dtype type;
    report_format format;
} arguments;

/* Reads "1,8,32". */
static bool read_list(const char *text, arguments *a) {
    char *copy = base_copy(text, strlen(text)), *rest = NULL;
    bool ok = true;
    a->count = 0;
    for (char *word = strtok_r(copy, ",", &rest); word && ok; word = strtok_r(NULL, ",", &rest)) {
        if (a->count == LIST_MAX) {
            cli_error("--top-k=%s: more than %d values", text, LIST_MAX);
            ok = false;
        } else {
            ok = cli_number("--top-k", word, 1, 1 << 24, &a->top_k[a->count]);
            a->count += ok;
        }
    }
    free(copy);
    if (ok && a->count == 0) {
        cli_error("--top-k=%s: give numbers of experts, such as 1,8,32", text);
        ok = false;
    }
    return ok;
}

static error_t check_flops(const arguments *a) {
    if (!a->config) {
        cli_error("flops needs a Molmo config.json, or molmoe-1b (see moetrace flops --help)");
        return EINVAL;
    }
    if (a->prompt == 0) {
        cli_error("flops needs --prompt-tokens, the tokens of the prompt with those of its image");
        return EINVAL;
    }
    return 0;
}

static error_t parse_flops(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    int type;
    switch (key) {
    case 'k':
        return read_list(arg, a) ? 0 : EINVAL;
    case 'p':
        return cli_number("--prompt-tokens", arg, 1, 1 << 24, &a->prompt) ? 0 : EINVAL;
    case 'n':
        return cli_number("--new-tokens", arg, 1, 1 << 24, &a->tokens) ? 0 : EINVAL;
    case OPTION_CROPS:
        return cli_number("--crops", arg, 0, 1 << 16, &a->crops) ? 0 : EINVAL;
    case OPTION_ACTIVE:
        return cli_number("--active", arg, 1, 1 << 24, &a->active) ? 0 : EINVAL;
    case OPTION_TYPE:
        type = cli_word("--dtype", arg, COSTMODEL_DTYPE_NAMES);
        a->type = type < 0 ? a->type : (costmodel_dtype)type;
        return type < 0 ? EINVAL : 0;
    case 'f':
        type = cli_word("--format", arg, REPORT_FORMATS);
        a->format = type < 0 ? a->format : (report_format)type;
        return type < 0 ? EINVAL : 0;
    case ARGP_KEY_ARG:
        if (a->config) {
            cli_error("flops takes one configuration, and got %s and %s", a->config, arg);
            return EINVAL;
        }
        a->config = arg;
        return 0;
    case ARGP_KEY_END:
        return check_flops(a);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"top-k", 'k', "LIST", 0,
     "experts per token, such as 1,8,32 (default: 1,2,4,8,16,32, up to the model's number of experts)", 0},
    {"prompt-tokens", 'p', "N", 0, "number of prompt tokens, including those of the image", 0},
    {"new-tokens", 'n', "M", 0,
     "number of tokens to generate (default 10): the first by prefill, each further one by a decode step", 0},
    {"crops", OPTION_CROPS, "N", 0, "number of image crops (default 2); 0: no vision", 0},
    {"active", OPTION_ACTIVE, "N", 0,
     "number of distinct active experts in a layer of prefill (default: the expected number under uniform "
     "routing)",
     0},
    {"dtype", OPTION_TYPE, COSTMODEL_DTYPE_NAMES, 0, "data type of weights and cache (default bf16)", 0},
    CLI_OPTION_FORMAT,
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_flops,
    "CONFIG",
    "Computes the cost of the phases of a Molmo mixture of experts from its shapes: floating-point "
    "operations of its matrix products, bytes of weights and bytes of the KV cache, for each k, phase and "
    "part of the model.\vCONFIG is a config.json like that of the public MolmoE, or molmoe-1b. Nothing is "
    "run.\n\n"
    "FLOPs are counted as by PyTorch's FlopCounterMode. Bytes are a lower bound of the traffic: each weight "
    "once per step, no activations.\n\n"
    "Examples:\n"
    "  moetrace flops --prompt-tokens 326 molmoe-1b\n"
    "  moetrace flops -p 1024 -n 100 --top-k 2,8 --format csv config.json\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

/* ---- Tables ---- */

typedef struct {
    uint32_t k;
    const char *name;
    bool one_step;         /* decode/token, of which decode is a multiple */
    double tokens, active; /* active: NaN where there are no experts */
    costmodel_phase_cost cost;
} phase;

static void put_cost(report_table *t, const costmodel_cost *cost) {
    double bytes = cost->weight_bytes + cost->kv_bytes;
    const double values[] = {cost->flops / 1e9, cost->weight_bytes / 1e6, cost->kv_bytes / 1e6};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        report_table_number(t, values[i], values[i] > 0 && values[i] < 1 ? 6 : 3);
    }
    report_table_number(t, bytes > 0 ? cost->flops / bytes : NAN, 2);
}

static void put_flops(const phase *list, size_t count, bool expected, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"tokens", "tokens", 'r'},
                                            {"experts_per_layer", "experts/layer", 'r'},
                                            {"gflop", "GFLOP", 'r'},
                                            {"weights_mbyte", "weights MB", 'r'},
                                            {"kv_mbyte", "KV MB", 'r'},
                                            {"flop_per_byte", "FLOP/byte", 'r'}};
    report_table t;
    report_table_begin(&t, "flops_phases", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Phases");
    for (size_t i = 0; i < count; i++) {
        report_table_count(&t, list[i].k);
        report_table_cell(&t, "%s", list[i].name);
        report_table_number(&t, list[i].tokens, 0);
        report_table_number(&t, list[i].active, 2);
        put_cost(&t, &list[i].cost.all);
    }
    report_table_note(&t, "GFLOP: 1e9 operations of matrix products; a multiply-add counts as two. MB: 1e6 "
                          "bytes; each weight once per step, without activations.");
    if (expected) {
        report_table_note(
            &t,
            "experts/layer: in prefill the expected number under uniform routing; --active sets another.");
    }
    report_output_table(out, &t);
}

static void put_parts(const phase *list, size_t count, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"part", "part", 'l'},
                                            {"gflop", "GFLOP", 'r'},
                                            {"weights_mbyte", "weights MB", 'r'},
                                            {"kv_mbyte", "KV MB", 'r'},
                                            {"flop_per_byte", "FLOP/byte", 'r'}};
    report_table t;
    report_table_begin(&t, "flops_parts", REPORT_COLUMNS(columns), 2);
    report_table_title(&t, "Parts of the model");
    for (size_t i = 0; i < count; i++) {
        for (int part = 0; part < NAMES_PARTS; part++) {
            const costmodel_cost *cost = &list[i].cost.parts[part];
            if (!list[i].one_step && (cost->flops > 0 || cost->weight_bytes > 0)) {
                report_table_count(&t, list[i].k);
                report_table_cell(&t, "%s", list[i].name);
                report_table_cell(&t, "%s", names_part_name((names_part)part));
                put_cost(&t, cost);
            }
        }
    }
    report_output_table(out, &t);
}

/* The phases at `k`; returns how many. */
static size_t make_phases(const arguments *a, const costmodel_model *m, uint32_t k, phase list[4]) {
    double bytes = costmodel_dtype_bytes(a->type), prompt = a->prompt, steps = a->tokens - 1;
    double active = a->active ? a->active : costmodel_model_active(m, k, prompt);
    size_t n = 0;
    memset(list, 0, 4 * sizeof *list);
    if (m->vision.present && a->crops > 0) {
        list[n] = (phase){.k = k, .name = "vision", .tokens = a->crops * m->vision.positions, .active = NAN};
        costmodel_model_vision(m, a->crops, bytes, &list[n++].cost);
    }
    list[n] = (phase){.k = k, .name = "prefill", .tokens = prompt, .active = active};
    costmodel_model_step(m, prompt, 0, prompt * k, active, bytes, &list[n++].cost);
    if (steps > 0) {
        list[n] = (phase){.k = k, .name = "decode", .tokens = steps, .active = k};
        costmodel_model_decode(m, steps, prompt, k, k, bytes, &list[n++].cost);
        list[n] = (phase){.k = k, .name = "decode/token", .one_step = true, .tokens = 1, .active = k};
        costmodel_model_decode(m, 1, prompt + (steps - 1) / 2, k, k, bytes, &list[n++].cost);
    }
    return n;
}

static int report_flops(const arguments *a, const costmodel_model *m) {
    phase *list = base_alloc(LIST_MAX, 4 * sizeof *list);
    report_output out;
    char title[256];
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++) {
        n += make_phases(a, m, a->top_k[i], &list[n]);
    }
    snprintf(title, sizeof title, "%s, %s: %u prompt tokens, %u new, %u crops", m->name,
             costmodel_dtype_name(a->type), a->prompt, a->tokens, m->vision.present ? a->crops : 0);
    cli_output_begin(&out, a->format);
    report_output_report(&out, title);
    report_output_line(&out, title);
    put_flops(list, n, a->active == 0, &out);
    put_parts(list, n, &out);
    free(list);
    return cli_output_end(&out, CLI_OK);
}

/* Checks the values of k against the model, or takes the usual ones. */
static bool settle_top_k(arguments *a, const costmodel_model *m) {
    bool given = a->count > 0;
    for (size_t i = 0; i < a->count; i++) {
        if (a->top_k[i] > m->experts) {
            cli_error("--top-k: %u, but %s has %.0f experts", a->top_k[i], m->name, m->experts);
            return false;
        }
    }
    if (a->active > m->experts) {
        cli_error("--active=%u, but %s has %.0f experts", a->active, m->name, m->experts);
        return false;
    }
    for (uint32_t k = 1; !given && k <= 32 && k <= m->experts; k *= 2) {
        a->top_k[a->count++] = k;
    }
    return true;
}

int cli_cmd_flops(int argc, char **argv) {
    arguments a = {.tokens = 10, .crops = 2, .type = COSTMODEL_BF16};
    costmodel_model model;
    char error[TRACE_ERROR_BYTES];
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (costmodel_model_load(&model, a.config, error) != 0) {
        return cli_error("%s", error);
    }
    return settle_top_k(&a, &model) ? report_flops(&a, &model) : CLI_FAILED;
}
