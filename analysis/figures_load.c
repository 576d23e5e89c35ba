/* The figure of how unevenly the experts are loaded. */
#include "analysis/figures.h"

#include "analysis/memory.h"
#include "analysis/report.h"

#include <math.h>
#include <stdlib.h>

static const analysis_load_row *pooled(const analysis_load *load, uint32_t k, analysis_phase phase) {
    for (size_t i = 0; i < load->row_count; i++) {
        if (load->rows[i].pooled && load->rows[i].k == k && load->rows[i].phase == phase) {
            return &load->rows[i];
        }
    }
    return NULL;
}

static void add_series(cJSON *figure, const analysis_load *load, const uint32_t *ks, size_t count,
                       analysis_phase phase, bool tokens) {
    char name[64];
    cJSON *series = NULL;
    snprintf(name, sizeof name, "%s, %s", tokens ? "tokens" : "GPU time",
             analysis_row_name((analysis_row_kind)phase));
    for (int pass = 0; pass < 2; pass++) { /* whether there is any, then all */
        for (size_t i = 0; i < count; i++) {
            const analysis_load_row *row = pooled(load, ks[i], phase);
            double value = row ? tokens ? row->tokens_max : row->time_max : NAN;
            if (pass == 0 && !series && !isnan(value)) {
                series = analysis_figure_series(figure, name);
            } else if (pass == 1 && series) {
                analysis_figure_put(series, "y", value);
            }
        }
    }
}

void analysis_figures_load(cJSON *list, const analysis_results *r) {
    const analysis_load *load = &r->load;
    uint32_t *ks = analysis_alloc(load->row_count, sizeof *ks);
    size_t count = 0;
    for (size_t i = 0; i < load->row_count; i++) { /* by k */
        if (load->rows[i].pooled && (count == 0 || ks[count - 1] != load->rows[i].k)) {
            ks[count++] = load->rows[i].k;
        }
    }
    if (count > 0) {
        cJSON *figure =
            analysis_figure_add(list, "Experts", "imbalance", "lines", "Load imbalance of the experts");
        cJSON_AddStringToObject(figure, "x", "k, experts per token");
        cJSON_AddStringToObject(figure, "y", "greatest / mean");
        for (size_t i = 0; i < count; i++) {
            analysis_figure_put(figure, "values", ks[i] == ANALYSIS_NONE ? NAN : ks[i]);
        }
        for (int phase = ANALYSIS_PREFILL; phase <= ANALYSIS_DECODE; phase++) {
            add_series(figure, load, ks, count, (analysis_phase)phase, true);
            if (r->gpu_records > 0) {
                add_series(figure, load, ks, count, (analysis_phase)phase, false);
            }
        }
        if (!cJSON_GetObjectItemCaseSensitive(figure, "series")) {
            cJSON_DeleteItemFromArray(list, cJSON_GetArraySize(list) - 1);
            free(ks);
            return;
        }
        cJSON *even = count > 1 ? analysis_figure_series(figure, "even") : NULL; /* one place is no line */
        if (even) {
            cJSON_AddTrueToObject(even, "ideal");
        }
        for (size_t i = 0; even && i < count; i++) {
            analysis_figure_put(even, "y", 1);
        }
        if (ks[0] != 0 && ks[count - 1] != ANALYSIS_NONE) {
            cJSON_AddItemToArray(cJSON_AddArrayToObject(figure, "log"), cJSON_CreateString("x"));
        }
        cJSON_AddStringToObject(
            figure, "note",
            "Over all pairs of layer and expert, sums over all requests; experts without a token count "
            "as 0. Where time is uneven and tokens are not, it is not the routing.");
    }
    free(ks);
}
