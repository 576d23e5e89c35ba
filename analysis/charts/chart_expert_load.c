/* The figure of expert load imbalance.*/
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const metrics_load_row *pooled(const metrics_load *load, uint32_t k, attribution_phase phase) {
    size_t from = 0, to = load->row_count; /* rows are by k and phase, the pooled one first */
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const metrics_load_row *row = &load->rows[middle];
        if (row->k < k || (row->k == k && row->phase < phase)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    const metrics_load_row *row = from < load->row_count ? &load->rows[from] : NULL;
    return row && row->pooled && row->k == k && row->phase == phase ? row : NULL;
}

static void add_series(cJSON *figure, const metrics_load *load, const uint32_t *ks, size_t count,
                       attribution_phase phase, bool tokens) {
    char name[64];
    cJSON *series = NULL;
    snprintf(name, sizeof name, "%s, %s", tokens ? "tokens" : "GPU time",
             metrics_row_name((metrics_row_kind)phase));
    for (int pass = 0; pass < 2; pass++) { /* whether there is any, then all */
        for (size_t i = 0; i < count; i++) {
            const metrics_load_row *row = pooled(load, ks[i], phase);
            double value = NAN;
            if (row) {
                value = tokens ? row->tokens_max : row->time_max;
            }
            if (pass == 0 && !series && !isnan(value)) {
                series = charts_add_series(figure, name);
            } else if (pass == 1 && series) {
                charts_append(series, "y", value);
            }
        }
    }
}

void charts_expert_load(cJSON *list, const metrics_results *r) {
    const metrics_load *load = &r->load;
    uint32_t *ks = base_alloc(load->row_count, sizeof *ks);
    size_t count = 0;
    for (size_t i = 0; i < load->row_count; i++) { /* by k */
        if (load->rows[i].pooled && (count == 0 || ks[count - 1] != load->rows[i].k)) {
            ks[count++] = load->rows[i].k;
        }
    }
    if (count > 0) {
        cJSON *figure = charts_add_figure(list, "Experts", "imbalance", "lines", "Expert load imbalance");
        cJSON_AddStringToObject(figure, "x", "k, experts per token");
        cJSON_AddStringToObject(figure, "y", "maximum / mean");
        for (size_t i = 0; i < count; i++) {
            charts_append(figure, "values", ks[i] == BASE_NONE ? NAN : ks[i]);
        }
        for (int phase = ATTRIBUTION_PREFILL; phase <= ATTRIBUTION_DECODE; phase++) {
            add_series(figure, load, ks, count, (attribution_phase)phase, true);
            if (r->gpu_records > 0) {
                add_series(figure, load, ks, count, (attribution_phase)phase, false);
            }
        }
        if (!cJSON_GetObjectItemCaseSensitive(figure, "series")) {
            cJSON_DeleteItemFromArray(list, cJSON_GetArraySize(list) - 1);
            free(ks);
            return;
        }
        cJSON *even = count > 1 ? charts_add_series(figure, "even") : NULL; /* one place is no line */
        if (even) {
            cJSON_AddTrueToObject(even, "ideal");
        }
        for (size_t i = 0; even && i < count; i++) {
            charts_append(even, "y", 1);
        }
        if (ks[0] != 0 && ks[count - 1] != BASE_NONE) {
            cJSON_AddItemToArray(cJSON_AddArrayToObject(figure, "log"), cJSON_CreateString("x"));
        }
        cJSON_AddStringToObject(
            figure, "note",
            "Over all pairs of layer and expert, sums over all requests; an expert without tokens counts as "
            "0. If time is uneven and tokens are not, routing is not the cause.");
    }
    free(ks);
}
