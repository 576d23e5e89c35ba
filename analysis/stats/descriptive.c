/* Quantiles, mean and deviation. */
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdlib.h>

double stats_quantile(const double *sorted, size_t n, double q) {
    double at = q * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n) {
        return sorted[n - 1];
    }
    double t = at - (double)below, step = sorted[below + 1] - sorted[below];
    /* From the nearer end: the result then never leaves the two values' interval. */
    return t < 0.5 ? sorted[below] + step * t : sorted[below + 1] - step * (1 - t);
}

/* C. A. R. Hoare, "Algorithm 65: Find", Communications of the ACM 4 (7), 1961. */
void stats_select(double *values, size_t n, size_t place) {
    size_t left = 0, right = n - 1;
    while (left < right) {
        double pivot = values[left + (right - left) / 2];
        size_t i = left, j = right;
        for (;;) {
            while (values[i] < pivot) {
                i++;
            }
            while (values[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            double swapped = values[i];
            values[i++] = values[j];
            values[j--] = swapped;
        }
        if (place <= j) {
            right = j;
        } else {
            left = j + 1;
        }
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

stats_summary stats_summarize(double *values, size_t n) {
    stats_summary s = {.n = n};
    if (n == 0) {
        return s;
    }
    qsort(values, n, sizeof *values, by_value);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        squares += (values[i] - s.mean) * (values[i] - s.mean);
    }
    s.std = sqrt(squares / (double)n);
    s.p50 = stats_quantile(values, n, 0.50);
    s.p95 = stats_quantile(values, n, 0.95);
    s.p99 = stats_quantile(values, n, 0.99);
    s.min = values[0];
    s.max = values[n - 1];
    return s;
}

double stats_normal_share(double z) {
    return 0.5 * erfc(-z / sqrt(2));
}

double stats_normal_quantile(double p) {
    double low = -40, high = 40;
    for (int i = 0; i < 64; i++) {
        double middle = (low + high) / 2;
        *(stats_normal_share(middle) < p ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

double stats_student_quantile(size_t degrees) {
    const double z = 1.959963985, z2 = z * z, n = (double)degrees;
    double first = z * (z2 + 1) / 4, second = z * ((5 * z2 + 16) * z2 + 3) / 96;
    double third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
    return z + (first + (second + third / n) / n) / n;
}
