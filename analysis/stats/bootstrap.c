/* Samples drawn with replacement, and what they say of a statistic. */
#include "analysis/stats/bootstrap.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 2000
#define ROUNDS_MIN 200
#define DRAWS_MAX  20000000 /* beyond so many draws in all there are fewer rounds */

static const stats_ci missing = {NAN, NAN};

/* splitmix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t stats_bootstrap_draw(uint64_t *state, size_t n) {
    return (size_t)((next_random(state) >> 32) * n >> 32);
}

size_t stats_bootstrap_rounds(size_t n) {
    size_t rounds = DRAWS_MAX / (n ? n : 1);
    rounds = rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
    return rounds < ROUNDS_MIN ? ROUNDS_MIN : rounds;
}

/* The quantile of values in no order, which it changes. */
static double unsorted_quantile(double *values, size_t n, double q) {
    size_t below = (size_t)(q * (double)(n - 1));
    stats_select(values, n, below);
    if (below + 1 < n) {
        stats_select(values + below + 1, n - below - 1, 0);
    }
    return stats_quantile(values, n, q);
}

stats_ci stats_bootstrap_middle(double *values, size_t n) {
    double low = unsorted_quantile(values, n, 0.025);
    return (stats_ci){low, unsorted_quantile(values, n, 0.975)};
}

static double resampled_mean(const double *sorted, size_t n, uint64_t *state) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += sorted[stats_bootstrap_draw(state, n)];
    }
    return sum / (double)n;
}

/* The median of n draws; `times` has room for n counts. Counting how often each value was drawn spares the
 * sorting. */
static double resampled_p50(const double *sorted, size_t n, uint32_t *times, uint64_t *state) {
    memset(times, 0, n * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        times[stats_bootstrap_draw(state, n)]++;
    }
    size_t seen = 0, lower = (n - 1) / 2, upper = n / 2, at = 0;
    while (seen + times[at] <= lower) {
        seen += times[at++];
    }
    double low = sorted[at];
    while (seen + times[at] <= upper) {
        seen += times[at++];
    }
    return low + (sorted[at] - low) / 2;
}

/* The share of drawn means below which the interval ends that a normal distribution would have at z. */
static double corrected_share(double z, double bias, double acceleration) {
    double w = bias + z, below = 1 - acceleration * w;
    if (below > 0) {
        return stats_normal_share(bias + w / below);
    }
    return z > 0 ? 1 : 0;
}

stats_ci stats_bootstrap_mean(const double *sorted, size_t n) {
    double mean = 0, squares = 0, cubes = 0, below = 0;
    if (n < STATS_BOOTSTRAP_SAMPLES) {
        return missing;
    }
    if (!(sorted[n - 1] > sorted[0])) {
        return (stats_ci){sorted[0], sorted[0]};
    }
    for (size_t i = 0; i < n; i++) {
        mean += sorted[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double away = sorted[i] - mean;
        squares += away * away;
        cubes += away * away * away;
    }
    uint64_t state = STATS_BOOTSTRAP_SEED;
    size_t rounds = stats_bootstrap_rounds(n);
    double *values = base_alloc(rounds, sizeof *values), least = 1e-12 * sqrt(squares);
    for (size_t i = 0; i < rounds; i++) {
        values[i] = resampled_mean(sorted, n, &state);
        double away = values[i] - mean;
        if (away < -least) {
            below += 1;
        } else if (away <= least) {
            below += 0.5;
        }
    }
    double bias = stats_normal_quantile(fmin(fmax(below, 0.5), (double)rounds - 0.5) / (double)rounds);
    double acceleration = cubes / (6 * squares * sqrt(squares));
    double z = stats_student_quantile(n - 1) * sqrt((double)n / (double)(n - 1));
    stats_ci c = {.low = unsorted_quantile(values, rounds, corrected_share(-z, bias, acceleration))};
    c.high = unsorted_quantile(values, rounds, corrected_share(z, bias, acceleration));
    free(values);
    return c;
}

stats_ci stats_bootstrap_p50(const double *sorted, size_t n) {
    if (n < STATS_BOOTSTRAP_SAMPLES) {
        return missing;
    }
    uint64_t state = STATS_BOOTSTRAP_SEED;
    size_t rounds = stats_bootstrap_rounds(n);
    double *values = base_alloc(rounds, sizeof *values);
    uint32_t *times = base_alloc(n, sizeof *times);
    for (size_t i = 0; i < rounds; i++) {
        values[i] = resampled_p50(sorted, n, times, &state);
    }
    stats_ci c = stats_bootstrap_middle(values, rounds);
    free(values);
    free(times);
    return c;
}

stats_ci stats_bootstrap_ratio(const double *x, size_t nx, const double *y, size_t ny) {
    if (nx < STATS_BOOTSTRAP_SAMPLES || ny < STATS_BOOTSTRAP_SAMPLES) {
        return missing;
    }
    uint64_t state = STATS_BOOTSTRAP_SEED;
    size_t rounds = stats_bootstrap_rounds(nx + ny);
    double *values = base_alloc(rounds, sizeof *values);
    uint32_t *times = base_alloc(nx > ny ? nx : ny, sizeof *times);
    for (size_t i = 0; i < rounds; i++) {
        double above = resampled_p50(x, nx, times, &state);
        values[i] = above / resampled_p50(y, ny, times, &state);
    }
    stats_ci c = stats_bootstrap_middle(values, rounds);
    free(values);
    free(times);
    return c;
}

/* ---- Lines ---- */

/* Least squares; false when x takes one value only. */
static bool fit_least_squares(const double *x, const double *y, size_t n, double *a, double *b) {
    double mx = 0, my = 0, sxx = 0, sxy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i];
        my += y[i];
    }
    mx /= (double)n;
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double dx = x[i] - mx;
        sxx += dx * dx;
        sxy += dx * (y[i] - my);
    }
    if (!(sxx > 1e-12 * (1 + mx * mx))) {
        return false;
    }
    *b = sxy / sxx;
    *a = my - *b * mx;
    return true;
}

static double explained_share(const stats_fit *fit, const double *x, const double *y) {
    double mean = 0, left = 0, all = 0;
    for (size_t i = 0; i < fit->n; i++) {
        mean += y[i] / (double)fit->n;
    }
    for (size_t i = 0; i < fit->n; i++) {
        double rest = y[i] - fit->a - fit->b * x[i];
        left += rest * rest;
        all += (y[i] - mean) * (y[i] - mean);
    }
    return all > 0 ? 1 - left / all : NAN;
}

double stats_bootstrap_widening(size_t n) {
    return n > 1 ? sqrt((double)n / (double)(n - 1)) : 1;
}

/* Points in strata, and room for others that are drawn from them. Of coordinate c, value[c] are those of the
 * points, wide[c] the same farther from the mean of their stratum, and drawn[c] what becomes of them. */
enum { COORDINATES_MAX = 3 };
typedef struct {
    const double *value[COORDINATES_MAX];
    double *wide[COORDINATES_MAX], *drawn[COORDINATES_MAX];
    bool same[COORDINATES_MAX]; /* all points of a stratum have the same: it need not be drawn again */
    size_t coordinates;
    const size_t *strata;
    size_t count;
} points;

static void points_init(points *p, const size_t *strata, size_t count) {
    p->strata = strata;
    p->count = count;
    for (size_t c = 0; c < p->coordinates; c++) {
        p->wide[c] = base_alloc(strata[count], sizeof *p->wide[c]);
        p->drawn[c] = base_alloc(strata[count], sizeof *p->drawn[c]);
        p->same[c] = true;
        for (size_t s = 0; s < count; s++) {
            size_t n = strata[s + 1] - strata[s];
            double mean = 0, wider = stats_bootstrap_widening(n);
            for (size_t i = strata[s]; i < strata[s + 1]; i++) {
                mean += p->value[c][i] / (double)n;
            }
            for (size_t i = strata[s]; i < strata[s + 1]; i++) {
                p->wide[c][i] = p->drawn[c][i] = mean + wider * (p->value[c][i] - mean);
                p->same[c] = p->same[c] && p->value[c][i] == p->value[c][strata[s]];
            }
        }
    }
}

static void points_free(points *p) {
    for (size_t c = 0; c < p->coordinates; c++) {
        free(p->wide[c]);
        free(p->drawn[c]);
    }
}

/* Draws the points of every stratum anew, with the same numbers for each of their coordinates, around the
 * mean of their stratum. */
static void redraw_points(const points *p, uint64_t *state) {
    for (size_t s = 0; s < p->count; s++) {
        size_t from = p->strata[s], n = p->strata[s + 1] - from;
        for (size_t i = from; i < from + n; i++) {
            size_t at = from + stats_bootstrap_draw(state, n);
            for (size_t c = 0; c < p->coordinates; c++) {
                if (!p->same[c]) {
                    p->drawn[c][i] = p->wide[c][at];
                }
            }
        }
    }
}

bool stats_bootstrap_enough(const size_t *strata, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strata[i + 1] - strata[i] < STATS_BOOTSTRAP_SAMPLES) {
            return false;
        }
    }
    return true;
}

bool stats_fit_line(stats_fit *fit, const double *x, const double *y, const size_t *strata, size_t count) {
    size_t n = strata[count], rounds = stats_bootstrap_rounds(n), good = 0;
    uint64_t state = STATS_BOOTSTRAP_SEED;
    *fit = (stats_fit){.n = n, .a_ci = missing, .b_ci = missing};
    if (n < 2 || !fit_least_squares(x, y, n, &fit->a, &fit->b)) {
        return false;
    }
    fit->r2 = explained_share(fit, x, y);
    if (!stats_bootstrap_enough(strata, count)) {
        return true;
    }
    points p = {.value = {x, y}, .coordinates = 2};
    points_init(&p, strata, count);
    double *as = base_alloc(rounds, sizeof *as), *bs = base_alloc(rounds, sizeof *bs);
    for (size_t round = 0; round < rounds; round++) {
        redraw_points(&p, &state);
        good += fit_least_squares(p.drawn[0], p.drawn[1], n, &as[good], &bs[good]);
    }
    if (good > 0) {
        fit->a_ci = stats_bootstrap_middle(as, good);
        fit->b_ci = stats_bootstrap_middle(bs, good);
    }
    free(as);
    free(bs);
    points_free(&p);
    return true;
}

/* The residual sum of squares of the line over x, of the points' own when x takes one value only. */
static double residual_squares(const double *x, const double *y, size_t n) {
    double a = 0, b = 0, rss = 0;
    if (!fit_least_squares(x, y, n, &a, &b)) {
        for (size_t i = 0; i < n; i++) {
            a += y[i] / (double)n;
        }
    }
    for (size_t i = 0; i < n; i++) {
        rss += (y[i] - a - b * x[i]) * (y[i] - a - b * x[i]);
    }
    return rss;
}

double stats_fit_preferred(const double *x, const double *z, const double *y, const size_t *strata,
                           size_t count) {
    size_t n = strata[count], rounds = stats_bootstrap_rounds(n);
    uint64_t state = STATS_BOOTSTRAP_SEED;
    double share = 0;
    if (n == 0 || !stats_bootstrap_enough(strata, count)) {
        return NAN;
    }
    points p = {.value = {x, z, y}, .coordinates = 3};
    points_init(&p, strata, count);
    for (size_t round = 0; round < rounds; round++) {
        redraw_points(&p, &state);
        double by_x = residual_squares(p.drawn[0], p.drawn[2], n),
               by_z = residual_squares(p.drawn[1], p.drawn[2], n);
        bool same = fabs(by_x - by_z) <= 1e-9 * (by_x + by_z);
        share += (same ? 0.5 : by_x < by_z) / (double)rounds;
    }
    points_free(&p);
    return share;
}
