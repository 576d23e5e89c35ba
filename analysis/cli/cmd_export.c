/* moetrace export: traces in the formats of other tools. */
#include "analysis/base/alloc.h"
#include "analysis/cli/cli_options.h"
#include "analysis/export/export_chrome.h"
#include "analysis/export/export_nsys.h"
#include "analysis/export/export_perfetto.h"
#include "analysis/export/export_target.h"
#include "analysis/input/capture_path.h"
#include "analysis/input/capture_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    const char *name, *ending; /* of --format; of the files */
    bool strict;               /* readers take no other ending */
    export_writer *write;
} format;

static const format formats[] = {
    {"nsys-sqlite", ".sqlite", true, export_nsys},
    {"chrome", ".json", false, export_chrome},
    {"perfetto", ".pftrace", false, export_perfetto},
};
#define FORMAT_NAMES "nsys-sqlite|chrome|perfetto" /* in this order */

enum { OPTION_RANGE = 256, OPTION_FROM, OPTION_TO };

typedef struct {
    char **paths;
    size_t count, cap;
    const format *format;
    const char *output;
    base_outputs outputs;
    events_store_filter filter;
} arguments;

static bool parse_format(arguments *a, const char *name) {
    int i = cli_word("--format", name, FORMAT_NAMES);
    a->format = i < 0 ? NULL : &formats[i];
    return i >= 0;
}

/* A time from the start of the trace: a number, then s (also when nothing follows), ms, us or ns. */
static bool parse_time(const char *option, const char *text, uint64_t *ns) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double product = value * units[i].ns;
        if (strchr("0123456789.", *text) && end != text && errno == 0 && strcmp(end, units[i].unit) == 0 &&
            product >= 0 && product < 9e18) {
            *ns = (uint64_t)product;
            return true;
        }
    }
    cli_error("%s=%s: give a time from the start of the trace, such as 1.5s, 300ms, 20us or 100ns", option,
              text);
    return false;
}

static error_t check_export(const arguments *a) {
    if (a->count == 0) {
        cli_error("export needs a trace, or the directory that `moetrace record` wrote (see moetrace export "
                  "--help)");
    } else if (!a->format) {
        cli_error("export needs --format (see moetrace export --help)");
    } else if (!a->output) {
        cli_error("export needs --output FILE");
    } else if (a->filter.to != 0 && a->filter.to < a->filter.from) {
        cli_error("--to is before --from");
    } else {
        return 0;
    }
    return EINVAL;
}

static error_t parse_export(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'f':
        return parse_format(a, arg) ? 0 : EINVAL;
    case 'o':
        a->output = arg;
        return 0;
    case CLI_KEY_FORCE:
        a->outputs.force = true;
        return 0;
    case OPTION_RANGE:
        a->filter.range = arg;
        return 0;
    case OPTION_FROM:
        return parse_time("--from", arg, &a->filter.from) ? 0 : EINVAL;
    case OPTION_TO:
        return parse_time("--to", arg, &a->filter.to) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
        a->paths = base_grow(a->paths, &a->cap, a->count + 1, sizeof *a->paths);
        a->paths[a->count++] = arg;
        return 0;
    case ARGP_KEY_END:
        return check_export(a);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"format", 'f', FORMAT_NAMES, 0,
     "format of the file: Nsight Systems, Chrome (torch.profiler) or Perfetto", 0},
    {"output", 'o', "FILE", 0, "output file, or a directory that gets one file per trace", 0},
    CLI_OPTION_FORCE,
    {"range", OPTION_RANGE, "GLOB", 0,
     "only events in NVTX ranges with matching names (`sample.0`, `decode*`), and the ranges around them", 0},
    {"from", OPTION_FROM, "TIME", 0,
     "only events that end at or after TIME (1.5s, 300ms) from the start of the trace", 0},
    {"to", OPTION_TO, "TIME", 0, "only events that begin at or before TIME", 0},
    CLI_OPTIONS};

static const struct argp argp = {
    options,
    parse_export,
    "TRACE...",
    "Writes traces in the format of another tool.\vTRACE is a file *.moetrace, or a directory of them. "
    "Several traces, such as the ranks of one run, are written to one file with a common "
    "clock.\n\n" CLI_CAPTURES "Examples:\n"
    "  moetrace export --format nsys-sqlite -o run.sqlite run.moetrace\n"
    "  moetrace export --format perfetto --range 'decode*' -o run.pftrace traces\n\n" CLI_EXIT,
    NULL,
    NULL,
    NULL};

static void print_count(uint64_t count, const char *what, const char *separator) {
    printf("%s%" PRIu64 " %s%s", separator, count, what, count == 1 ? "" : "s");
}

static void summary(const events_store *rows, const char *path) {
    uint64_t untimed = 0, twice = 0, damaged = 0;
    for (size_t i = 0; i < rows->source_count; i++) {
        untimed += rows->sources[i].untimed;
        twice += rows->sources[i].twice;
        damaged += rows->sources[i].damaged + rows->sources[i].cut;
    }
    printf("%s:", path);
    print_count(base_sorter_count(rows->ranges), "range", " ");
    print_count(base_sorter_count(rows->calls), "call", ", ");
    print_count(rows->kernels, "kernel", ", ");
    printf(", %" PRIu64 " copies and memsets\n", rows->copies + rows->memsets);
    if (untimed > 0) {
        printf("  left out: %" PRIu64 " GPU records without a time\n", untimed);
    }
    if (twice > 0) {
        printf("  without a link to GPU work: %" PRIu64 " calls with a repeated correlation id\n", twice);
    }
    if (damaged > 0) {
        printf("  not complete: the input is truncated or damaged\n");
    }
}

static int write_export(events_store *rows, const arguments *a, const char *path) {
    char error[TRACE_ERROR_BYTES] = "";
    base_output_file file;
    if (!base_output_begin(&file, &a->outputs, path, &export_output_kind, error)) {
        return cli_error("%s", error);
    }
    bool good = a->format->write(rows, file.temporary, error) == 0;
    if (good && (base_sorter_failed(rows->ranges) || base_sorter_failed(rows->calls) ||
                 base_sorter_failed(rows->gpu) || base_sorter_failed(rows->nodes) ||
                 base_sorter_failed(rows->syncs) || base_sorter_failed(rows->overheads))) {
        snprintf(error, sizeof error, "a temporary file could not be written: make room, or set TMPDIR");
        good = false;
    }
    if (base_output_finish(&file, good, error) == 0) {
        summary(rows, path);
        return cli_flush();
    }
    return cli_error("%s", error);
}

static int export(arguments *a, char *const *traces, size_t count, const char *path) {
    char error[TRACE_ERROR_BYTES];
    events_store rows;
    if (!base_outputs_allow(&a->outputs, path, &export_output_kind, error)) {
        return cli_error("%s", error);
    }
    cli_progress progress = {.path = traces[0]};
    int rc = events_store_read(&rows, traces, count, &a->filter, cli_show_progress, &progress, error);
    cli_hide_progress(&progress);
    int status = rc != 0 ? cli_error("%s", error) : write_export(&rows, a, path);
    events_store_free(&rows);
    return status;
}

/* The file that the trace gets in the directory: named after it, and after its process when it is one of
 * several. */
static char *each_path(const arguments *a, const char *trace) {
    uint64_t process;
    size_t whole = input_capture_file(trace, &process);
    char number[32] = "", *file = base_copy(trace, whole), *path;
    if (trace[whole] != '\0') {
        snprintf(number, sizeof number, "-%" PRIu64, process);
    }
    const char *base = strrchr(file, '/');
    base = base ? base + 1 : file;
    const char *dot = strrchr(base, '.');
    int len = dot && dot != base ? (int)(dot - base) : (int)strlen(base);
    if (asprintf(&path, "%s/%.*s%s%s", a->output, len, base, number, a->format->ending) < 0) {
        path = base_copy("", 0);
    }
    free(file);
    return path;
}

/* One file for each trace. */
static int export_each(arguments *a, char *const *traces, size_t count) {
    int status = CLI_OK;
    char **paths = base_alloc(count, sizeof *paths);
    for (size_t i = 0; i < count; i++) {
        paths[i] = each_path(a, traces[i]);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(paths[i], paths[j]) == 0) {
                status = cli_error("%s and %s would both become %s; export them one by one, or into one file",
                                   traces[j], traces[i], paths[i]);
            }
        }
    }
    for (size_t i = 0, done = status == CLI_OK ? count : 0; i < done; i++) {
        int rc = export(a, &traces[i], 1, paths[i]);
        status = rc != CLI_OK ? rc : status;
    }
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    free(paths);
    return status;
}

static int export_traces(arguments *a, char *const *traces, size_t count) {
    struct stat st;
    size_t len = strlen(a->output), n = strlen(a->format->ending);
    if (stat(a->output, &st) == 0 && S_ISDIR(st.st_mode)) {
        return export_each(a, traces, count);
    }
    if (a->format->strict && (len <= n || strcmp(a->output + len - n, a->format->ending) != 0)) {
        return cli_error("%s: give a name that ends in %s: tools that read %s accept no other", a->output,
                         a->format->ending, a->format->name);
    }
    return export(a, traces, count, a->output);
}

int cli_cmd_export(int argc, char **argv) {
    arguments a = {0};
    int status;
    char **all = NULL;
    size_t count = 0, cap = 0;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        free(a.paths);
        return status;
    }
    status = CLI_OK;
    for (size_t i = 0; i < a.count && status == CLI_OK; i++) {
        char **traces;
        size_t n = cli_traces(a.paths[i], false, &traces);
        all = base_grow(all, &cap, count + n, sizeof *all);
        for (size_t j = 0; j < n; j++) {
            all[count++] = traces[j];
        }
        free(traces);
        status = n == 0 ? CLI_FAILED : status;
    }
    if (status == CLI_OK && count > 0) {
        cli_protect_traces(&a.outputs, all, count);
        status = export_traces(&a, all, count);
    }
    base_outputs_free(&a.outputs);
    cli_free_traces(all, count);
    free(a.paths);
    return status;
}
