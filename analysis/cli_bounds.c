/* Options that say what was run and what the device can do. */
#include "analysis/cli_bounds.h"

#include <errno.h>
#include <string.h>

void analysis_cli_bounds_init(analysis_cli_bounds *bounds) {
    memset(bounds, 0, sizeof *bounds);
    analysis_workload_init(&bounds->workload);
}

static error_t take_number(const char *option, const char *arg, double *to) {
    uint32_t value;
    if (!analysis_cli_number(option, arg, 1, 1 << 24, &value)) {
        return EINVAL;
    }
    *to = value;
    return 0;
}

error_t analysis_cli_bounds_parse(int key, const char *arg, analysis_cli_bounds *bounds) {
    int type, moe;
    switch (key) {
    case ANALYSIS_KEY_MODEL:
        bounds->model_file = arg;
        return 0;
    case ANALYSIS_KEY_PEAKS:
        bounds->peaks_file = arg;
        return 0;
    case ANALYSIS_KEY_PROMPT:
        return take_number("--prompt-tokens", arg, &bounds->workload.prompt);
    case ANALYSIS_KEY_CROPS:
        return take_number("--crops", arg, &bounds->workload.crops);
    case ANALYSIS_KEY_MOE:
        moe = analysis_cli_word("--moe", arg, ANALYSIS_MOE_NAMES);
        bounds->workload.has_moe = moe >= 0;
        bounds->workload.dense = moe == 1;
        return moe >= 0 ? 0 : EINVAL;
    case ANALYSIS_KEY_DTYPE:
        type = analysis_cli_word("--dtype", arg, ANALYSIS_TYPE_NAMES);
        bounds->workload.has_type = type >= 0;
        bounds->workload.type = type >= 0 ? (analysis_type)type : ANALYSIS_BF16;
        return type >= 0 ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool analysis_cli_bounds_load(analysis_cli_bounds *bounds) {
    char error[TRACE_ERROR_BYTES];
    if (bounds->model_file) {
        bounds->workload.has_model = true;
        if (analysis_model_load(&bounds->workload.model, bounds->model_file, error) != 0) {
            analysis_error("%s", error);
            return false;
        }
    }
    if (bounds->peaks_file && analysis_peaks_load(&bounds->peaks, bounds->peaks_file, error) != 0) {
        analysis_error("%s", error);
        return false;
    }
    return true;
}
