/* moetrace verify: proof from the trace that the k that was asked for is the k that ran. */
#include "analysis/cli/cli_table_options.h"
#include "analysis/metrics/routing_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VIOLATED 1 /* exit status: some layer did not get k experts a token */

typedef struct {
    const char *trace;
    uint32_t prompt_tokens;
    bool any_prompt;
    cli_table_options tables;
} arguments;

static error_t parse_verify(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'p':
        a->any_prompt = strcmp(arg, "any") == 0;
        if (a->any_prompt) {
            return 0;
        }
        return cli_number("--prompt-tokens", arg, 1, 1000000000, &a->prompt_tokens) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
    case ARGP_KEY_NO_ARGS:
        return cli_one_trace(key, arg, "verify", &a->trace);
    default:
        return cli_table_options_parse(key, arg, &a->tables);
    }
}

static const struct argp_option options[] = {
    {"prompt-tokens", 'p', "N", 0,
     "number of tokens of every prefill (default: from the program's mark, else any number that is the same "
     "in all layers and at every k; any: it may differ between values of k)",
     0},
    CLI_OPTION_FORMAT,
    CLI_OPTION_RULES,
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_verify,
    "TRACE",
    "Checks that k was applied: in every layer of every prefill and decode step, including warm-up, the "
    "tokens in the payloads of the experts' ranges add up to k times the tokens, no expert got more tokens "
    "than there are, and at most min(experts, k x tokens) experts were active.\vTRACE is a file *.moetrace, "
    "or a directory of them, each of which is checked.\n\n" CLI_CAPTURES "Examples:\n"
    "  moetrace verify traces\n"
    "  moetrace verify traces/run_native-4242.moetrace\n"
    "  moetrace verify --prompt-tokens 326 --format json run.moetrace\n\n"
    "Exit status: 0 when every check passes; 1 on a violation (the first one is printed); 2 after one line "
    "on standard error, also when there is nothing to check.",
    NULL,
    NULL,
    NULL};

static void put_range(report_table *t, uint64_t from, uint64_t to) {
    if (from == to) {
        report_table_count(t, from);
    } else {
        report_table_cell(t, "%" PRIu64 "..%" PRIu64, from, to);
    }
}

static void put_checks(const metrics_routing_check *v, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"layer_calls", "layer calls", 'r'},
                                            {"routed_tokens", "routed tokens", 'r'},
                                            {"tokens", "tokens", 'r'},
                                            {"active_experts", "active experts", 'r'},
                                            {"limit", "limit", 'r'},
                                            {"violations", "violations", 'r'}};
    report_table t;
    report_table_begin(&t, "routing", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Routed tokens per call of an MoE layer");
    for (size_t i = 0; i < v->count; i++) {
        const metrics_routing_row *row = &v->rows[i];
        bool decode = row->phase == ATTRIBUTION_DECODE;
        uint64_t low = decode || row->k == 0 ? row->step_least : row->tokens_least / row->k;
        uint64_t high = decode || row->k == 0 ? row->step_most : row->tokens_most / row->k;
        uint64_t slots = row->k * high;
        report_table_count(&t, row->k);
        report_table_cell(&t, "%s", attribution_phase_name(row->phase));
        report_table_count(&t, row->visits);
        put_range(&t, row->tokens_least, row->tokens_most);
        put_range(&t, low, high);
        put_range(&t, row->active_least, row->active_most);
        report_table_count(&t, slots < v->experts ? slots : v->experts);
        report_table_count(&t, row->wrong);
    }
    report_table_note(&t,
                      "tokens: in decode 1, or as the step says; in prefill routed tokens / k. limit: "
                      "min(experts, k x tokens), "
                      "with %u experts, the largest number in the trace.",
                      v->experts);
    if (v->uncounted > 0) {
        report_table_note(&t,
                          "%" PRIu64 " layer calls were not checked: their ranges carry no number of tokens.",
                          v->uncounted);
    }
    if (v->outside > 0) {
        report_table_note(&t, "%" PRIu64 " layer calls outside of top_k=K or of a phase were not checked.",
                          v->outside);
    }
    if (v->silent > 0) {
        report_table_note(&t,
                          "%" PRIu64
                          " phases have no expert ranges, as in a replayed graph; k was not checked in them.",
                          v->silent);
    }
    if (v->unfinished > 0) {
        report_table_note(
            &t, "%" PRIu64 " layer calls were cut off by the end of the trace and were not checked.",
            v->unfinished);
    }
    if (v->lost > 0 && v->violation[0]) {
        report_table_note(&t, "Parts of the trace are lost; the violation may come from missing records.");
    }
    if (!v->prompt_known) {
        report_table_note(&t, "The length of the prompts is not known (--prompt-tokens): in prefill, routed "
                              "tokens / k is compared between the values of k.");
    }
    bool judged = v->uncounted == 0 && v->outside == 0 && v->unfinished == 0 && v->silent == 0;
    if (v->violation[0]) {
        report_table_note(&t, "Violation: %s", v->violation);
    } else {
        report_table_note(&t, "%s", judged ? "All checks passed." : "All checks that could be made passed.");
    }
    report_output_table(out, &t);
}

/* One process: CLI_OK, VIOLATED or, after an error line, CLI_FAILED. One without anything to check
 * is left out. */
static int verify(const arguments *a, const names_rules *rules, const char *path, report_output *out,
                  size_t *checked) {
    char error[TRACE_ERROR_BYTES];
    metrics_routing_check v;
    int status = CLI_OK;
    if (metrics_routing_check_read(&v, path, rules, a->prompt_tokens, a->any_prompt, error) != 0) {
        status = cli_error("%s", error);
    } else if (v.count > 0) {
        report_output_report(out, path);
        put_checks(&v, out);
        status = v.violation[0] ? VIOLATED : CLI_OK;
        ++*checked;
    }
    metrics_routing_check_free(&v);
    return status;
}

/* All processes of `a->trace`: the worst of their statuses. */
static int verify_all(const arguments *a, const names_rules *rules, report_output *out) {
    char **traces;
    size_t count = cli_traces(a->trace, false, &traces), checked = 0;
    int status = count > 0 ? CLI_OK : CLI_FAILED;
    for (size_t i = 0; i < count && status != CLI_FAILED; i++) {
        int one = verify(a, rules, traces[i], out, &checked);
        status = one > status ? one : status;
    }
    if (status == CLI_OK && checked == 0) {
        status = cli_error("%s: no expert's range with a number of tokens lies in a phase under top_k=K; see "
                           "docs/attribution.md for the names",
                           a->trace);
    }
    cli_free_traces(traces, count);
    return status;
}

int cli_cmd_verify(int argc, char **argv) {
    arguments a = {.tables = CLI_TABLES_STANDARD};
    names_rules rules = {0};
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!cli_rules(&a.tables, &rules)) {
        return CLI_FAILED;
    }
    report_output out;
    cli_output_begin(&out, a.tables.format);
    status = cli_output_end(&out, verify_all(&a, &rules, &out));
    names_rules_free(&rules);
    return status;
}
