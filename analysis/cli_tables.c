/* Options, rules, reading and output of the subcommands that print tables. */
#include "analysis/cli_tables.h"

#include <errno.h>

error_t analysis_cli_tables_parse(int key, const char *arg, analysis_cli_tables *tables) {
    int format;
    switch (key) {
    case 'f':
        format = analysis_cli_word("--format", arg, ANALYSIS_FORMATS);
        if (format < 0) {
            return EINVAL;
        }
        tables->format = (analysis_format)format;
        return 0;
    case 'r':
        tables->rules = arg;
        return 0;
    case 't':
        return analysis_cli_number("--top", arg, 0, 1000000, &tables->top) ? 0 : EINVAL;
    case 'k':
        return analysis_cli_number("--k", arg, 0, 999999999, &tables->k) ? 0 : EINVAL;
    case 'J':
        return analysis_cli_number("--jobs", arg, 1, 1024, &tables->jobs) ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

error_t analysis_cli_one_trace(int key, const char *arg, const char *command, const char **trace) {
    switch (key) {
    case ARGP_KEY_ARG:
        if (*trace) {
            analysis_error("%s takes one trace or directory, and got %s and %s", command, *trace, arg);
            return EINVAL;
        }
        *trace = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        analysis_error(
            "%s needs a trace, or the directory that `moetrace record` wrote (see moetrace %s --help)",
            command, command);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool analysis_cli_rules(const analysis_cli_tables *tables, analysis_rules *rules) {
    char error[TRACE_ERROR_BYTES];
    if (tables->rules && analysis_rules_load(rules, tables->rules, error) != 0) {
        analysis_error("%s", error);
        return false;
    }
    return true;
}

int analysis_cli_output_end(analysis_output *out, int status) {
    if (status != ANALYSIS_FAILED || out->count > 0) {
        analysis_output_end(out);
    } else {
        analysis_output_drop(out);
    }
    int flushed = analysis_cli_flush();
    return flushed != ANALYSIS_OK ? flushed : status;
}
