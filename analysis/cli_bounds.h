/* The options that say what was run and what the device can do, for verdicts of what binds a phase. */
#ifndef ANALYSIS_CLI_BOUNDS_H
#define ANALYSIS_CLI_BOUNDS_H

#include "analysis/cli.h"
#include "analysis/workload.h"

enum {
    ANALYSIS_KEY_MODEL = 512,
    ANALYSIS_KEY_DTYPE,
    ANALYSIS_KEY_PROMPT,
    ANALYSIS_KEY_CROPS,
    ANALYSIS_KEY_MOE,
    ANALYSIS_KEY_PEAKS
};

#define ANALYSIS_MOE_NAMES "active|dense"

/* Lines of an option table; analysis_cli_bounds_parse answers them. */
#define ANALYSIS_OPTIONS_BOUNDS                                                                              \
    {"model",                                                                                                \
     ANALYSIS_KEY_MODEL,                                                                                     \
     "CONFIG",                                                                                               \
     0,                                                                                                      \
     "the model's shapes: a Molmo config.json, or molmoe-1b (default: what the trace says)",                 \
     0},                                                                                                     \
        {"dtype", ANALYSIS_KEY_DTYPE, ANALYSIS_TYPE_NAMES, 0, "the type of its numbers", 0},                 \
        {"prompt-tokens",                                                                                    \
         ANALYSIS_KEY_PROMPT,                                                                                \
         "N",                                                                                                \
         0,                                                                                                  \
         "tokens of the prompt, where the experts' ranges do not tell them",                                 \
         0},                                                                                                 \
        {"crops", ANALYSIS_KEY_CROPS, "N", 0, "crops of the image of a request", 0},                         \
        {"moe",                                                                                              \
         ANALYSIS_KEY_MOE,                                                                                   \
         ANALYSIS_MOE_NAMES,                                                                                 \
         0,                                                                                                  \
         "which experts compute a decoded token: those it is routed to, or every one (default: what the "    \
         "trace says)",                                                                                      \
         0},                                                                                                 \
    {                                                                                                        \
        "peaks", ANALYSIS_KEY_PEAKS, "FILE", 0,                                                              \
            "what the device can do, as `moetrace peaks` measured it (default: its data sheet)", 0           \
    }

typedef struct {
    const char *model_file, *peaks_file; /* or NULL */
    analysis_workload workload;
    analysis_peaks peaks; /* of peaks_file */
} analysis_cli_bounds;

/* Makes one without options. */
void analysis_cli_bounds_init(analysis_cli_bounds *bounds);

/* Takes one of the options above, as the parser of an argp does: 0, EINVAL after an error line, or
 * ARGP_ERR_UNKNOWN when the key is another. */
error_t analysis_cli_bounds_parse(int key, const char *arg, analysis_cli_bounds *bounds);

/* Reads the files that the options name; false after an error line. */
bool analysis_cli_bounds_load(analysis_cli_bounds *bounds);

#endif
