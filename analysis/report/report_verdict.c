/* The verdict: what k costs, what limits it, by how much, and what would help. */
#include "analysis/report/report_verdict.h"

#include "analysis/base/alloc.h"
#include "analysis/report/report_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#define LINE_R2      0.9  /* a fit whose R2 is less describes its samples poorly */
#define FREE_RATIO   1.05 /* a k whose latency is at most so many times that of the smallest costs nothing */
#define SAME_EXPERTS 1.01 /* ratio of active experts up to which k had no effect */
#define ROBUST_IDLE                                                                                          \
    (2.0 / 3)               /* idle share that says host even if profiling made the phase 1.5 times as long */
#define ONE_BY_ONE     0.5  /* enqueue calls for each kernel from which on kernels are launched singly */
#define MANY_LAUNCHES  20   /* enqueue calls of a token from which on a graph would save something */
#define GROWTH         1.2  /* ratio of kernels from which on they grow with k */
#define UNUSED_COMPUTE 0.25 /* share of peak FLOP/s below which a larger batch has room */

metrics_row_kind report_verdict_kind(const metrics_results *r) {
    static const metrics_row_kind order[] = {METRICS_ROW_TOKEN, METRICS_ROW_DECODE, METRICS_ROW_PREFILL,
                                             METRICS_ROW_MIXED, METRICS_ROW_VISION};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (report_verdict_top(r, order[i])) {
            return order[i];
        }
    }
    return METRICS_ROW_TOKEN;
}

const metrics_row *report_verdict_top(const metrics_results *r, metrics_row_kind kind) {
    const metrics_row *top = NULL;
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->kind == kind && (!top || row->k != BASE_NONE)) {
            top = row;
        }
    }
    return top;
}

/* The row of the smallest known k, if it is another than the top one. */
static const metrics_row *lower_row(const metrics_results *r, const metrics_row *top) {
    const metrics_row *base = top ? metrics_rows_base(&r->rows, top->kind) : NULL;
    return base && base->k != top->k ? base : NULL;
}

static const char *thing_of(metrics_row_kind kind) {
    switch (kind) {
    case METRICS_ROW_TOKEN:
        return "a decoded token";
    case METRICS_ROW_DECODE:
        return "a decode";
    case METRICS_ROW_PREFILL:
        return "a prefill";
    case METRICS_ROW_VISION:
        return "a vision phase";
    default:
        return "a step";
    }
}

static const char *phase_of(metrics_row_kind kind) {
    return kind == METRICS_ROW_TOKEN ? "decode" : metrics_row_name(kind);
}

/* ---- What k costs ---- */

static bool has_interval(const metrics_row *row) {
    return !isnan(row->p50_ci.low) && row->from != ATTRIBUTION_PARTLY_PROFILED;
}

/* Whether the latencies of two rows are of the same kind and have intervals. */
static bool comparable(const metrics_row *base, const metrics_row *row) {
    return base->from == row->from && has_interval(base) && has_interval(row);
}

bool report_verdict_same_experts(const metrics_row *base, const metrics_row *row) {
    return row->active <= base->active * SAME_EXPERTS;
}

static void append(FILE *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(FILE *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(text, format, args);
    va_end(args);
}

/* The line through the samples, where it describes them and has a positive fixed cost, as a cost without any expert. */
static void say_slope(const metrics_scaling *s, FILE *text) {
    char b[32], at[32];
    if (!s->has_k || isnan(s->by_k.b_ci.low)) {
        return;
    }
    if (s->bend.changes) {
        append(text, "; above k = %.1f the slope changes, from %s ms for each expert to %s ms", s->bend.at,
               report_format_ms(b, s->bend.before), report_format_ms(at, s->bend.after));
    } else if (s->by_k.a > 0 && s->by_k.r2 >= LINE_R2 && s->by_k.b_ci.low > 0) {
        append(text, "; each additional expert costs %s ms", report_format_ms(b, s->by_k.b));
    }
}

static bool say_cost(const metrics_results *r, const metrics_row *base, const metrics_row *top, FILE *text) {
    char high[32], low[32];
    if (!base || !comparable(base, top) || report_verdict_same_experts(base, top) ||
        top->p50_ci.low <= base->p50_ci.high) {
        return false;
    }
    append(text, "%s takes %s ms at k = %u, %.2f times the %s ms at k = %u", thing_of(top->kind),
           report_format_ms(high, top->latency.p50), top->k, metrics_row_ratio(top, base),
           report_format_ms(low, base->latency.p50), base->k);
    say_slope(&r->fits.of[top->kind], text);
    return true;
}

bool report_verdict_is_free(const metrics_row *base, const metrics_row *row) {
    return comparable(base, row) && !base->drifts && !row->drifts &&
           !report_verdict_same_experts(base, row) && row->p50_ci.high <= FREE_RATIO * base->p50_ci.low &&
           row->p50_ci.high >= base->p50_ci.low;
}

/* The largest k up to which no k costs more than a little. */
static bool say_free(const metrics_results *r, const metrics_row *base, const metrics_row *top, FILE *text) {
    const metrics_row *best = NULL;
    double most = 1;
    (void)r;
    for (const metrics_row *row = base; base && row <= top; row++) {
        if (row->kind != base->kind || row == base) {
            continue;
        }
        if (!report_verdict_is_free(base, row)) {
            break;
        }
        most = fmax(most, row->p50_ci.high / base->p50_ci.low);
        best = row;
    }
    if (best) {
        append(text,
               "%s k up to %u is free: %s takes at most %.1f %% longer than at k = %u (95 %% confidence)",
               best == top ? "every" : "a", best->k, thing_of(base->kind), 100 * (most - 1), base->k);
    }
    return best != NULL;
}

/* ---- What limits it ---- */

static const metrics_bottleneck *bottleneck_of(const metrics_results *r, const metrics_row *row) {
    return metrics_bottlenecks_find(&r->bottlenecks, row->k,
                                    row->kind == METRICS_ROW_TOKEN ? METRICS_ROW_DECODE : row->kind);
}

metrics_verdict report_verdict_of(const metrics_results *r, const metrics_row *row) {
    const metrics_bottleneck *b = row ? bottleneck_of(r, row) : NULL;
    if (!b || (b->verdict == METRICS_BOTTLENECK_HOST && row->from != ATTRIBUTION_UNPROFILED &&
               b->idle <= ROBUST_IDLE)) {
        return METRICS_BOTTLENECK_UNKNOWN;
    }
    return b->verdict;
}

static const char *limit_name(metrics_verdict verdict) {
    static const char *const names[] = {"", "the host", "memory bandwidth", "compute",
                                        "neither host nor a peak"};
    return names[verdict];
}

static void say_at(const metrics_row *row, FILE *text) {
    if (row->k != BASE_NONE) {
        append(text, " at k = %u", row->k);
    }
}

static void say_peak(const metrics_bottleneck *b, double share, const char *unit, FILE *text) {
    append(text, ": while busy the GPU reaches %.0f %% of its peak %s, by the model's shapes", 100 * share,
           unit);
    if (b->least < b->time) {
        char least[32], time[32];
        append(text, "; at the peak the phase would take %s of its %s ms", report_format_ms(least, b->least),
               report_format_ms(time, b->time));
    }
}

static bool say_limit(const metrics_results *r, const metrics_row *base, const metrics_row *top, FILE *text) {
    metrics_verdict verdict = report_verdict_of(r, top), lower = report_verdict_of(r, base);
    const metrics_bottleneck *b = top ? bottleneck_of(r, top) : NULL;
    char busy[32], time[32];
    if (verdict == METRICS_BOTTLENECK_UNKNOWN) {
        return false;
    }
    append(text, "%s limits %s", limit_name(verdict), phase_of(top->kind));
    say_at(top, text);
    switch (verdict) {
    case METRICS_BOTTLENECK_HOST:
        append(text, ": the GPU is idle for %.0f %% of the time; its work takes %s of the %s ms of %s",
               100 * b->idle, report_format_ms(busy, top->busy), report_format_ms(time, top->latency.p50),
               thing_of(top->kind));
        break;
    case METRICS_BOTTLENECK_MEMORY:
        say_peak(b, b->whole.of_memory, "bandwidth", text);
        break;
    case METRICS_BOTTLENECK_COMPUTE:
        say_peak(b, b->whole.of_flops, "FLOP/s", text);
        break;
    default:
        append(
            text,
            ": the GPU is busy for %.0f %% of the time, at %.0f %% of its peak bandwidth and %.0f %% of its "
            "peak FLOP/s",
            100 * (1 - b->idle), 100 * b->whole.of_memory, 100 * b->whole.of_flops);
    }
    if (lower != METRICS_BOTTLENECK_UNKNOWN && lower != verdict) {
        append(text, "; at k = %u it is %s", base->k, limit_name(lower));
    }
    return true;
}

/* ---- What would help ---- */

static bool experts_have_kernels(const metrics_results *r) {
    for (size_t i = 0; i < r->costs.layer_count; i++) {
        if (r->costs.layers[i].parts[NAMES_PART_EXPERT].count > 0) {
            return true;
        }
    }
    return false;
}

/* Each additional expert launches kernels of its own. */
static bool say_grouped(const metrics_results *r, const metrics_row *base, const metrics_row *top,
                        FILE *text) {
    double each = base ? (top->kernels - base->kernels) / (top->k - base->k) : NAN;
    if (!(each >= 1) || !(top->kernels >= GROWTH * base->kernels) || !experts_have_kernels(r)) {
        return false;
    }
    append(text, "grouped experts, as each additional expert launches %.0f more kernels in %s", each,
           thing_of(top->kind));
    return true;
}

static bool say_graphs(const metrics_row *top, FILE *text) {
    bool decodes = top->kind == METRICS_ROW_TOKEN || top->kind == METRICS_ROW_DECODE;
    if (!decodes || !(top->enqueues >= MANY_LAUNCHES)) {
        return false;
    }
    append(text, "CUDA graphs, as %s takes %.0f calls that each enqueue one piece of work",
           thing_of(top->kind), top->enqueues);
    if (top->syncs >= 2) {
        append(text, " (%.0f synchronizing calls would have to go first)", top->syncs);
    }
    return true;
}

static bool say_host_help(const metrics_results *r, const metrics_row *base, const metrics_row *top,
                          FILE *text) {
    char ms[32];
    if (top->idle_sync > top->idle / 2) {
        append(text, "fewer synchronizing calls, in which the GPU is idle for %s ms of %s",
               report_format_ms(ms, top->idle_sync), thing_of(top->kind));
        return true;
    }
    if (!(top->enqueues >= ONE_BY_ONE * top->kernels)) {
        return false; /* graphs are in use, or the calls are not in the trace */
    }
    bool graphs = say_graphs(top, text);
    if (graphs && base && experts_have_kernels(r) && top->kernels >= GROWTH * base->kernels) {
        append(text, "; ");
    }
    return say_grouped(r, base, top, text) || graphs;
}

static bool say_help(const metrics_results *r, const metrics_row *base, const metrics_row *top, FILE *text) {
    const metrics_bottleneck *b = top ? bottleneck_of(r, top) : NULL;
    switch (report_verdict_of(r, top)) {
    case METRICS_BOTTLENECK_HOST:
        return say_host_help(r, base, top, text);
    case METRICS_BOTTLENECK_NEITHER:
        return say_grouped(r, base, top, text);
    case METRICS_BOTTLENECK_MEMORY:
        if (!(b->whole.of_flops < UNUSED_COMPUTE)) {
            return false;
        }
        append(text, "a larger batch, as the weights that are read are used at %.0f %% of the peak FLOP/s",
               100 * b->whole.of_flops);
        return true;
    default:
        return false;
    }
}

/* ---- The table ---- */

typedef bool sentence(const metrics_results *, const metrics_row *, const metrics_row *, FILE *);

static void put_sentence(const metrics_results *r, const metrics_row *base, const metrics_row *top,
                         report_table *t, const char *key, const char *label, sentence *say) {
    char *line = NULL;
    size_t len;
    FILE *text = open_memstream(&line, &len);
    bool said = text && say(r, base, top, text);
    if (text && fclose(text) == 0 && said && line[0]) {
        line[0] = (char)(line[0] >= 'a' && line[0] <= 'z' ? line[0] - 'a' + 'A' : line[0]);
        report_table_fieldf(t, key, label, "%s.", line);
    }
    free(line);
}

void report_verdict_table(const metrics_results *r, report_table *t) {
    const metrics_row *top = report_verdict_top(r, report_verdict_kind(r)), *base = lower_row(r, top);
    report_table_begin_fields(t, "verdict", "Verdict");
    put_sentence(r, base, top, t, "cost", "cost of k", say_cost);
    put_sentence(r, base, top, t, "free", "free k", say_free);
    put_sentence(r, base, top, t, "limit", "bottleneck", say_limit);
    put_sentence(r, base, top, t, "help", "would help", say_help);
}
