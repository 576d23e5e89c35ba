/* Segmented regression with one break. All points of a stratum have the same x, so that its number of points
 * and their mean are all that a fit needs. */
#include "analysis/stats/segmented_fit.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The strata: where they are, how many points they have, and their mean. */
typedef struct {
    const double *x;
    double *weight, *mean;
    size_t count;
} means;

typedef struct {
    double at, a, before, after;
    double rss; /* between the means and the fit; what points differ from their mean comes to every fit */
} pieces;

/* The weighted line through the strata [from, to); returns its residual sum of squares. */
static double fit_weighted_line(const means *m, size_t from, size_t to, double *a, double *b) {
    double w = 0, mx = 0, my = 0, sxx = 0, sxy = 0, rss = 0;
    for (size_t i = from; i < to; i++) {
        w += m->weight[i];
        mx += m->weight[i] * m->x[i];
        my += m->weight[i] * m->mean[i];
    }
    mx /= w;
    my /= w;
    for (size_t i = from; i < to; i++) {
        sxx += m->weight[i] * (m->x[i] - mx) * (m->x[i] - mx);
        sxy += m->weight[i] * (m->x[i] - mx) * (m->mean[i] - my);
    }
    *b = sxy / sxx;
    *a = my - *b * mx;
    for (size_t i = from; i < to; i++) {
        double rest = m->mean[i] - *a - *b * m->x[i];
        rss += m->weight[i] * rest * rest;
    }
    return rss;
}

/* Two pieces that meet at stratum `knot`: mean = level + before min(x - at, 0) + after max(x - at, 0). The
 * two slopes share no stratum, so that only the level ties them. */
static pieces fit_pieces_at(const means *m, size_t knot) {
    double at = m->x[knot], w = 0, wy = 0, left[2] = {0, 0}, right[2] = {0, 0}, leftx = 0, rightx = 0;
    for (size_t i = 0; i < m->count; i++) {
        double d = m->x[i] - at, *side = d < 0 ? left : right;
        w += m->weight[i];
        wy += m->weight[i] * m->mean[i];
        side[0] += m->weight[i] * d * d;
        side[1] += m->weight[i] * d * m->mean[i];
        *(d < 0 ? &leftx : &rightx) += m->weight[i] * d;
    }
    /* Normal equations, the slopes eliminated: before = (left[1] - leftx level) / left[0], and so on. */
    double level = (wy - leftx * left[1] / left[0] - rightx * right[1] / right[0]) /
                   (w - leftx * leftx / left[0] - rightx * rightx / right[0]);
    pieces p = {.at = at,
                .before = (left[1] - leftx * level) / left[0],
                .after = (right[1] - rightx * level) / right[0]};
    p.a = level - p.before * at;
    for (size_t i = 0; i < m->count; i++) {
        double d = m->x[i] - at, rest = m->mean[i] - level - (d < 0 ? p.before : p.after) * d;
        p.rss += m->weight[i] * rest * rest;
    }
    return p;
}

/* The best two pieces: they meet at a stratum, or between two where the lines on either side cross. */
static pieces best_pieces(const means *m) {
    pieces found = {.rss = INFINITY};
    for (size_t i = 1; i + 1 < m->count; i++) {
        pieces p = fit_pieces_at(m, i);
        found = p.rss < found.rss ? p : found;
        double a, after;
        if (i + 2 < m->count) {
            p.rss = fit_weighted_line(m, 0, i + 1, &p.a, &p.before) +
                    fit_weighted_line(m, i + 1, m->count, &a, &after);
            p.after = after;
            p.at = (a - p.a) / (p.before - after);
            if (p.at > m->x[i] && p.at < m->x[i + 1] && p.rss < found.rss) {
                found = p;
            }
        }
    }
    return found;
}

static void take_means(means *m, const double *y, const size_t *strata) {
    for (size_t i = 0; i < m->count; i++) {
        double sum = 0;
        for (size_t j = strata[i]; j < strata[i + 1]; j++) {
            sum += y[j];
        }
        m->weight[i] = (double)(strata[i + 1] - strata[i]);
        m->mean[i] = sum / m->weight[i];
    }
}

/* The means of points that are drawn anew; `mean` holds those of the points themselves. */
static void resample_means(means *m, const double *mean, const double *y, const size_t *strata,
                           uint64_t *state) {
    for (size_t i = 0; i < m->count; i++) {
        size_t n = strata[i + 1] - strata[i];
        double away = 0;
        for (size_t j = 0; j < n; j++) {
            away += y[strata[i] + stats_bootstrap_draw(state, n)] - mean[i];
        }
        m->mean[i] = mean[i] + stats_bootstrap_widening(n) * away / (double)n;
    }
}

static void add_intervals(stats_breakpoint *b, means *m, const double *y, const size_t *strata) {
    size_t rounds = stats_bootstrap_rounds(b->n);
    uint64_t state = STATS_BOOTSTRAP_SEED;
    double *values[4], *mean = base_alloc(m->count, sizeof *mean);
    memcpy(mean, m->mean, m->count * sizeof *mean);
    for (int i = 0; i < 4; i++) {
        values[i] = base_alloc(rounds, sizeof **values);
    }
    for (size_t round = 0; round < rounds; round++) {
        resample_means(m, mean, y, strata, &state);
        pieces p = best_pieces(m);
        values[0][round] = p.at;
        values[1][round] = p.before;
        values[2][round] = p.after;
        values[3][round] = p.after - p.before;
    }
    stats_ci *const intervals[] = {&b->at_ci, &b->before_ci, &b->after_ci, &b->change_ci};
    for (int i = 0; i < 4; i++) {
        *intervals[i] = stats_bootstrap_middle(values[i], rounds);
        free(values[i]);
    }
    free(mean);
}

/* Sums of squares: of the points around the means of their strata, and around the mean of all. */
static void sum_squares(const means *m, const double *y, const size_t *strata, double *within, double *all) {
    double mean = 0, n = (double)strata[m->count];
    *within = *all = 0;
    for (size_t i = 0; i < m->count; i++) {
        mean += m->mean[i] * m->weight[i] / n;
    }
    for (size_t i = 0; i < m->count; i++) {
        for (size_t j = strata[i]; j < strata[i + 1]; j++) {
            *within += (y[j] - m->mean[i]) * (y[j] - m->mean[i]);
            *all += (y[j] - mean) * (y[j] - mean);
        }
    }
}

stats_breakpoint stats_find_breakpoint(const double *x, const double *y, const size_t *strata, size_t count) {
    const stats_ci missing = {NAN, NAN};
    size_t n = strata[count];
    stats_breakpoint b = {.distinct = count,
                          .n = n,
                          .tested = count >= STATS_BREAKPOINT_X && stats_bootstrap_enough(strata, count),
                          .at = NAN,
                          .a = NAN,
                          .before = NAN,
                          .after = NAN,
                          .bic = NAN,
                          .r2 = NAN,
                          .at_ci = missing,
                          .before_ci = missing,
                          .after_ci = missing,
                          .change_ci = missing};
    if (!b.tested) {
        return b;
    }
    means m = {.x = x, .count = count};
    m.weight = base_alloc(count, sizeof *m.weight);
    m.mean = base_alloc(count, sizeof *m.mean);
    take_means(&m, y, strata);
    double within, all, a, slope;
    sum_squares(&m, y, strata, &within, &all);
    pieces p = best_pieces(&m);
    /* Points without any noise leave rounding errors only: they count as nothing. */
    double least = 1e-20 * (all + 1), two = fmax(within + p.rss, least);
    double one = fmax(within + fit_weighted_line(&m, 0, count, &a, &slope), least);
    b.at = p.at;
    b.a = p.a;
    b.before = p.before;
    b.after = p.after;
    b.bic = (double)n * log(one / two) - 2 * log((double)n);
    b.r2 = all > 0 ? 1 - two / all : NAN;
    add_intervals(&b, &m, y, strata);
    b.changes = b.bic > STATS_BREAKPOINT_BIC && (b.change_ci.low > 0 || b.change_ci.high < 0);
    free(m.weight);
    free(m.mean);
    return b;
}
