/* Tests of differences, and their adjustment for many of them. */
#include "analysis/stats/hypothesis_tests.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdlib.h>

/* The continued fraction 8.17.22 of the incomplete beta function, evaluated by Lentz's method. */
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), value;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    value = d;
    for (int m = 1; m < 300; m++) {
        double terms[] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double change = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            c = 1 + terms[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            value *= change;
        }
        if (fabs(change - 1) < 1e-14) {
            break;
        }
    }
    return value;
}

/* The regularised incomplete beta function I_x(a, b). */
static double incomplete_beta(double a, double b, double x) {
    if (!(x > 0) || !(x < 1)) {
        return x > 0 ? 1 : 0;
    }
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_student_p(double t, double degrees) {
    return isinf(t) ? 0 : incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double stats_rank_sum_p(const double *x, size_t nx, const double *y, size_t ny) {
    size_t i = 0, j = 0;
    double n = (double)(nx + ny), ranks = 0, ties = 0; /* ranks: sum of those of x */
    if (nx == 0 || ny == 0) {
        return NAN;
    }
    while (i < nx || j < ny) {
        double value = j == ny || (i < nx && x[i] <= y[j]) ? x[i] : y[j];
        size_t from_x = i, from_y = j;
        for (; i < nx && x[i] == value; i++) {
        }
        for (; j < ny && y[j] == value; j++) {
        }
        double same = (double)(i - from_x + j - from_y), first = (double)(from_x + from_y) + 1;
        ranks += (double)(i - from_x) * (first + (same - 1) / 2);
        ties += same * same * same - same;
    }
    double u = ranks - (double)nx * ((double)nx + 1) / 2, expected = (double)nx * (double)ny / 2;
    double variance = expected / 6 * (n + 1 - ties / (n * (n - 1)));
    double away = fabs(u - expected) - 0.5;
    return away > 0 && variance > 0 ? 2 * stats_normal_share(-away / sqrt(variance)) : 1;
}

stats_ci stats_ratio_test(stats_estimate x, stats_estimate y, double *p) {
    *p = NAN;
    if (!(x.mean > 0) || !(y.mean > 0) || x.degrees < STATS_DEGREES_MIN || y.degrees < STATS_DEGREES_MIN) {
        return (stats_ci){NAN, NAN};
    }
    double vx = x.variance / (x.mean * x.mean), vy = y.variance / (y.mean * y.mean), v = vx + vy;
    double parts = vx * vx / x.degrees + vy * vy / y.degrees;
    double degrees = parts > 0 ? v * v / parts : x.degrees + y.degrees, ratio = x.mean / y.mean;
    double away = stats_student_quantile((size_t)degrees) * sqrt(v);
    if (v > 0) {
        *p = stats_student_p(log(ratio) / sqrt(v), degrees);
    } else {
        *p = ratio == 1 ? 1 : 0;
    }
    return (stats_ci){ratio * exp(-away), ratio * exp(away)};
}

static int by_p(const void *a, const void *b) {
    double x = **(double *const *)a, y = **(double *const *)b;
    return (x > y) - (x < y);
}

void stats_adjust_p(double *first, size_t n, size_t stride) {
    double **order = base_alloc(n, sizeof *order), least = 0;
    size_t known = 0;
    for (size_t i = 0; i < n; i++) {
        double *p = first + i * (stride / sizeof *first);
        if (!isnan(*p)) {
            order[known++] = p;
        }
    }
    if (known > 0) {
        qsort(order, known, sizeof *order, by_p);
    }
    for (size_t i = 0; i < known; i++) {
        least = fmax(least, fmin(1, *order[i] * (double)(known - i)));
        *order[i] = least;
    }
    free(order);
}
