/* Options, rules, reading and output of the subcommands that print tables. */
#include "analysis/cli/cli_table_options.h"

#include "analysis/cli/cli_terminal.h"

#include <errno.h>

#define TOP_STANDARD 10

error_t cli_table_options_parse(int key, const char *arg, cli_table_options *tables) {
    int format;
    switch (key) {
    case 'f':
        format = cli_word("--format", arg, REPORT_FORMATS);
        if (format < 0) {
            return EINVAL;
        }
        tables->format = (report_format)format;
        tables->format_given = true;
        return 0;
    case 'r':
        tables->rules = arg;
        return 0;
    case CLI_KEY_DOMAINS:
        if (tables->domain_count == CLI_DOMAINS_MAX) {
            cli_error("--domains may be given %d times", CLI_DOMAINS_MAX);
            return EINVAL;
        }
        tables->domains[tables->domain_count++] = arg;
        return 0;
    case 't':
        return cli_number("--top", arg, 0, 1000000, &tables->top) ? 0 : EINVAL;
    case 'k':
        return cli_number("--k", arg, 0, 999999999, &tables->k) ? 0 : EINVAL;
    case 'J':
        return cli_number("--jobs", arg, 1, 1024, &tables->jobs) ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

size_t cli_table_top(const cli_table_options *tables) {
    bool programs = tables->format == REPORT_JSON || tables->format == REPORT_CSV;
    size_t standard = programs ? SIZE_MAX : TOP_STANDARD;
    return tables->top == BASE_NONE ? standard : tables->top;
}

error_t cli_one_trace(int key, const char *arg, const char *command, const char **trace) {
    switch (key) {
    case ARGP_KEY_ARG:
        if (*trace) {
            cli_error("%s takes one trace or directory, and got %s and %s", command, *trace, arg);
            return EINVAL;
        }
        *trace = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        cli_error("%s needs a trace, or the directory that `moetrace record` wrote (see moetrace %s --help)",
                  command, command);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool cli_rules(const cli_table_options *tables, names_rules *rules) {
    char error[TRACE_ERROR_BYTES];
    if (tables->rules && names_rules_load(rules, tables->rules, error) != 0) {
        cli_error("%s", error);
        return false;
    }
    return true;
}

static cli_pager pager; /* a command has one output */

void cli_output_begin(report_output *out, report_format format) {
    report_output_begin(out, format, format == REPORT_TEXT ? cli_pager_begin(&pager) : stdout);
    out->style = cli_terminal_style();
}

int cli_output_end(report_output *out, int status) {
    if (status != CLI_FAILED || out->count > 0) {
        report_output_end(out);
    } else {
        report_output_drop(out);
    }
    cli_pager_end(&pager);
    int flushed = cli_flush();
    return flushed != CLI_OK ? flushed : status;
}
