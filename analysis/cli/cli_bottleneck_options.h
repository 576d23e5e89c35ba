/* The options that describe workload and device, for the bottleneck analysis. */
#ifndef CLI_CLI_BOTTLENECK_OPTIONS_H
#define CLI_CLI_BOTTLENECK_OPTIONS_H

#include "analysis/cli/cli_options.h"
#include "analysis/costmodel/workload.h"

enum { CLI_KEY_MODEL = 512, CLI_KEY_DTYPE, CLI_KEY_PROMPT, CLI_KEY_CROPS, CLI_KEY_MOE, CLI_KEY_PEAKS };

#define CLI_MOE_NAMES "active|dense"

/* Entries of an argp option table, for cli_bottleneck_options_parse. */
#define CLI_OPTIONS_BOTTLENECK                                                                               \
    {"model",                                                                                                \
     CLI_KEY_MODEL,                                                                                          \
     "CONFIG",                                                                                               \
     0,                                                                                                      \
     "shapes of the model: a Molmo config.json, or molmoe-1b (default: the model that the trace names)",     \
     0},                                                                                                     \
        {"dtype", CLI_KEY_DTYPE, COSTMODEL_DTYPE_NAMES, 0, "data type of weights and activations", 0},       \
        {"prompt-tokens",                                                                                    \
         CLI_KEY_PROMPT,                                                                                     \
         "N",                                                                                                \
         0,                                                                                                  \
         "number of prompt tokens (default: counted from the experts' ranges)",                              \
         0},                                                                                                 \
        {"crops", CLI_KEY_CROPS, "N", 0, "number of image crops per request", 0},                            \
        {"moe",                                                                                              \
         CLI_KEY_MOE,                                                                                        \
         CLI_MOE_NAMES,                                                                                      \
         0,                                                                                                  \
         "experts that compute a decoded token: the routed ones, or all (default: as the trace "             \
         "says)",                                                                                            \
         0},                                                                                                 \
    {                                                                                                        \
        "peaks", CLI_KEY_PEAKS, "FILE", 0,                                                                   \
            "peaks of the device, measured by `moetrace peaks` (default: its data sheet)", 0                 \
    }

typedef struct {
    const char *model_file, *peaks_file; /* or NULL */
    costmodel_workload workload;
    costmodel_peaks peaks; /* of peaks_file */
} cli_bottleneck_options;

/* Initialises *bounds without options. */
void cli_bottleneck_options_init(cli_bottleneck_options *bounds);

/* Parses one of the options above, as an argp parser: returns 0, EINVAL after an error line, or ARGP_ERR_UNKNOWN for
 * other keys. */
error_t cli_bottleneck_options_parse(int key, const char *arg, cli_bottleneck_options *bounds);

/* Reads the files named by the options; false after an error line. */
bool cli_bottleneck_options_load(cli_bottleneck_options *bounds);

#endif
