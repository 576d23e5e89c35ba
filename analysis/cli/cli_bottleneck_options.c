/* Options that say what was run and what the device can do. */
#include "analysis/cli/cli_bottleneck_options.h"

#include <errno.h>
#include <string.h>

void cli_bottleneck_options_init(cli_bottleneck_options *bounds) {
    memset(bounds, 0, sizeof *bounds);
    costmodel_workload_init(&bounds->workload);
}

static error_t take_number(const char *option, const char *arg, double *to) {
    uint32_t value;
    if (!cli_number(option, arg, 1, 1 << 24, &value)) {
        return EINVAL;
    }
    *to = value;
    return 0;
}

error_t cli_bottleneck_options_parse(int key, const char *arg, cli_bottleneck_options *bounds) {
    int type, moe;
    switch (key) {
    case CLI_KEY_MODEL:
        bounds->model_file = arg;
        return 0;
    case CLI_KEY_PEAKS:
        bounds->peaks_file = arg;
        return 0;
    case CLI_KEY_PROMPT:
        return take_number("--prompt-tokens", arg, &bounds->workload.prompt);
    case CLI_KEY_CROPS:
        return take_number("--crops", arg, &bounds->workload.crops);
    case CLI_KEY_MOE:
        moe = cli_word("--moe", arg, CLI_MOE_NAMES);
        bounds->workload.has_moe = moe >= 0;
        bounds->workload.dense = moe == 1;
        return moe >= 0 ? 0 : EINVAL;
    case CLI_KEY_DTYPE:
        type = cli_word("--dtype", arg, COSTMODEL_DTYPE_NAMES);
        bounds->workload.has_type = type >= 0;
        bounds->workload.type = type >= 0 ? (costmodel_dtype)type : COSTMODEL_BF16;
        return type >= 0 ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool cli_bottleneck_options_load(cli_bottleneck_options *bounds) {
    char error[TRACE_ERROR_BYTES];
    if (bounds->model_file) {
        bounds->workload.has_model = true;
        if (costmodel_model_load(&bounds->workload.model, bounds->model_file, error) != 0) {
            cli_error("%s", error);
            return false;
        }
    }
    if (bounds->peaks_file && costmodel_peaks_load(&bounds->peaks, bounds->peaks_file, error) != 0) {
        cli_error("%s", error);
        return false;
    }
    return true;
}
