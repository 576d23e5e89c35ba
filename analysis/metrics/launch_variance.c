#include "analysis/metrics/launch_variance.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The variance of the sum of n independent launches, from the launches themselves. */
static metrics_spread spread_of_launches(uint64_t count, uint64_t ns, double squares) {
    double n = (double)count, sum = (double)ns;
    if (count < 2) {
        return (metrics_spread){0, 0};
    }
    return (metrics_spread){fmax(0, squares - sum * sum / n) * n / (n - 1), n - 1};
}

static metrics_launch_sum *find_launch_sum(metrics_launch_sums *s, uint32_t row, uint32_t kernel) {
    uint64_t key = (uint64_t)row << 32 | kernel;
    uint32_t at = base_map_get(&s->by_kernel, key);
    if (at == BASE_NONE) {
        at = (uint32_t)s->count;
        s->list = base_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
        s->list[s->count++] = (metrics_launch_sum){.row = row};
        base_map_put(&s->by_kernel, key, at);
    }
    return &s->list[at];
}

void metrics_launch_sums_add(metrics_launch_sums *s, uint32_t row, uint32_t kernel, uint64_t count,
                             uint64_t ns, double squares, bool once) {
    metrics_launch_sum *sum = find_launch_sum(s, row, kernel);
    metrics_spread spread = spread_of_launches(count, ns, squares);
    if (!once && count > 1) {
        sum->repeated = metrics_spread_sum(sum->repeated, spread);
        sum->repeated_count += (double)count;
        return;
    }
    double n = (double)count, t = (double)ns;
    sum->single = spread;
    sum->ranges++;
    sum->count += n;
    sum->ns += t;
    sum->count_count += n * n;
    sum->count_ns += n * t;
    sum->ns_ns += t * t;
}

/* Of ranges that occurred once: how far the time in each is from what its number of launches would take at the mean. */
static metrics_spread spread_of_ranges(const metrics_launch_sum *sum) {
    if (sum->ranges < 2) {
        return sum->single;
    }
    double mean = sum->ns / sum->count;
    double squares = sum->ns_ns - 2 * mean * sum->count_ns + mean * mean * sum->count_count;
    return (metrics_spread){fmax(0, squares) * sum->ranges / (sum->ranges - 1), sum->ranges - 1};
}

/* A launch of which nothing is known (the only one of the kernel in a range that occurred once) is taken to differ as
 * the others do. */
void metrics_launch_sums_spread(const metrics_launch_sums *s, metrics_spread *spreads) {
    for (size_t i = 0; i < s->count; i++) {
        const metrics_launch_sum *sum = &s->list[i];
        metrics_spread once = spread_of_ranges(sum), both = metrics_spread_sum(sum->repeated, once);
        if (sum->repeated_count > 0 && sum->count > 0 && !(once.degrees > 0)) {
            both.variance *= (sum->repeated_count + sum->count) / sum->repeated_count;
        }
        spreads[sum->row] = metrics_spread_sum(spreads[sum->row], both);
    }
}

void metrics_launch_sums_free(metrics_launch_sums *s) {
    free(s->list);
    base_map_free(&s->by_kernel);
    memset(s, 0, sizeof *s);
}
