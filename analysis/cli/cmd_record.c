/* moetrace record: runs a command with the recorder preloaded, and says at the end what was recorded. The options
 * are those of trace/settings.h, so what the recorder understands and what can be given here is one list. */
#include "analysis/cli/cli_child.h"
#include "analysis/cli/cli_options.h"
#include "analysis/cli/cli_record_end.h"
#include "analysis/cli/cli_recorder.h"
#include "trace/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *variable, *option, *argument, *standard, *help;
} setting;

static const setting settings[] = {
#define SETTING(variable, option, argument, standard, help) {variable, option, argument, standard, help},
    TRACE_SETTINGS(SETTING)
#undef SETTING
};
#define SETTINGS  (sizeof settings / sizeof *settings)
#define FIRST_KEY 0x100 /* of the settings' options: no letter */

#define OUTPUT_VARIABLE "MOETRACE_OUTPUT"

typedef struct {
    char **command;
    const char *output; /* of --output, or NULL */
} record_arguments;

/* Sets a variable to a path that holds wherever the command goes. False with errno. */
static bool set_path(const char *variable, const char *path) {
    char cwd[PATH_MAX], *joined;
    if (*path == '/') {
        return setenv(variable, path, 1) == 0;
    }
    if (!getcwd(cwd, sizeof cwd) || asprintf(&joined, "%s/%s", cwd, path) < 0) {
        return false;
    }
    bool good = setenv(variable, joined, 1) == 0;
    free(joined);
    return good;
}

static bool is_seconds(const char *option, const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    bool good = *end == '\0' && seconds >= 0 && seconds < 1e9;
    if (!good) {
        cli_error("%s=%s: give a number of seconds, such as 1.5; 0 is no limit", option, text);
    }
    return good;
}

/* What the recorder would complain about, and do otherwise, is refused here. */
static error_t set(const setting *s, const char *value) {
    char name[32];
    uint32_t number;
    snprintf(name, sizeof name, "--%s", s->option);
    bool is_word = strchr(s->argument, '|') != NULL;
    if (is_word && cli_word(name, value, s->argument) < 0) {
        return EINVAL;
    }
    if (strcmp(s->option, "memory") == 0 && !cli_number(name, value, 8, 65536, &number)) {
        return EINVAL;
    }
    if (strcmp(s->option, "time-limit") == 0 && !is_seconds(name, value)) {
        return EINVAL;
    }
    if (strcmp(s->option, "cupti") == 0 && access(value, R_OK) != 0) {
        cli_error("--cupti=%s: %s; give a libcupti.so that can be read", value, strerror(errno));
        return EINVAL;
    }
    bool is_path = strcmp(s->option, "cupti") == 0;
    if (is_path ? !set_path(s->variable, value) : setenv(s->variable, value, 1) != 0) {
        cli_error("%s could not be set: %s", s->variable, strerror(errno));
        return EINVAL;
    }
    return 0;
}

static int key_of(size_t i) {
    return strcmp(settings[i].option, "output") == 0 ? 'o' : FIRST_KEY + (int)i;
}

static error_t parse_record(int key, char *arg, struct argp_state *state) {
    record_arguments *a = state->input;
    if (key == 'o') {
        a->output = arg;
        return 0;
    }
    for (size_t i = 0; i < SETTINGS; i++) {
        if (key == key_of(i)) {
            return set(&settings[i], arg);
        }
    }
    switch (key) {
    case ARGP_KEY_ARG: /* the command: what follows is its own */
        a->command = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        cli_error("record needs a command: moetrace record [OPTION...] -- CMD [ARG...]");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char help_texts[SETTINGS][512];

/* The option table, from the list of settings. */
static void make_options(struct argp_option options[SETTINGS + 3]) {
    static const struct argp_option common[] = {CLI_OPTIONS};
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *s = &settings[i];
        snprintf(help_texts[i], sizeof help_texts[i], "%s%s%s%s [%s]", s->help,
                 *s->standard ? " (default " : "", s->standard, *s->standard ? ")" : "", s->variable);
        options[i] = (struct argp_option){s->option, key_of(i), s->argument, 0, help_texts[i], 0};
    }
    memcpy(options + SETTINGS, common, sizeof common);
}

/* ---- Where the traces go ---- */

/* Processes that a launcher starts, each with a recorder of its own, write into one directory. */
static bool is_one_of_several_ranks(void) {
    static const char *const sizes[] = {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                        "SLURM_STEP_NUM_TASKS"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *size = getenv(sizes[i]);
        if (size && strtol(size, NULL, 10) > 1) {
            return true;
        }
    }
    return false;
}

/* A name for this run: that which the recorder would choose. */
static char *standard_directory(const char *command) {
    char *name;
    const char *slash = strrchr(command, '/');
    if (asprintf(&name, "moetrace-%.80s-%d", slash ? slash + 1 : command, (int)getpid()) < 0) {
        return NULL;
    }
    for (char *c = name; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '_';
        }
    }
    return name;
}

/* The directory of this run, also for the recorder in all its processes; *made when it was made for it. NULL
 * after an error line. The caller frees it. */
static char *choose_directory(const record_arguments *a, bool *made) {
    const char *set_before = getenv(OUTPUT_VARIABLE);
    char *directory = NULL;
    if (a->output && !is_one_of_several_ranks()) {
        directory = cli_runs_reserve(a->output, made);
    } else if (a->output) {
        directory = base_copy(a->output, strlen(a->output));
    } else if (set_before && *set_before) {
        return base_copy(set_before, strlen(set_before));
    } else {
        directory = standard_directory(a->command[0]);
    }
    if (!directory || !set_path(OUTPUT_VARIABLE, directory)) {
        cli_error("%s could not be set: %s", OUTPUT_VARIABLE, strerror(errno));
        free(directory);
        return NULL;
    }
    return directory;
}

/* ---- The run ---- */

static int run_recorded(char **command, const char *directory, bool made) {
    cli_files before;
    int status;
    cli_files_list(&before, directory, ".moetrace");
    fflush(stdout);
    int why = cli_child_run(command, &status);
    if (why != 0) {
        cli_error("%s: %s; nothing was recorded", command[0], strerror(why));
    } else {
        cli_record_end(command[0], directory, &before);
    }
    cli_files_free(&before);
    if (made) {
        rmdir(directory); /* it stays when there is anything in it */
    }
    if (why != 0) {
        return why == ENOENT ? 127 : 126;
    }
    return cli_child_end(status);
}

int cli_cmd_record(int argc, char **argv) {
    struct argp_option options[SETTINGS + 3];
    char recorder[PATH_MAX], why[PATH_MAX + 256];
    record_arguments a = {0};
    make_options(options);
    struct argp argp = {
        options,
        parse_record,
        "[--] CMD [ARG...]",
        "Runs CMD under the recorder, which writes one trace for each process, and prints a summary "
        "of the recording.\vOutput and signals of the command are unchanged; messages of moetrace "
        "go to standard error. Each option sets the environment variable in brackets; a "
        "variable that is already set is used unless its option is given. When the directory of "
        "--output holds the traces of an earlier run, this one goes into DIR/run-2, DIR/run-3 "
        "and so on, unless a launcher such as mpirun started several ranks.\n\n"
        "Examples:\n"
        "  moetrace record -o traces -- python3 serve.py --port 8000\n"
        "  moetrace record --level full --capture-range decode ./run_native\n\n"
        "Exit status: that of the command; 127 when it is not found, 126 when it cannot be "
        "run; 2 when an option is wrong or " CLI_RECORDER " is missing.",
        NULL,
        NULL,
        NULL};
    int status;
    if (cli_parse(&argp, argc, argv, &a, &status) != 0) {
        return status;
    }
    if (!cli_recorder_find(recorder, why)) {
        return cli_error("%s", why);
    }
    if (!cli_recorder_preload(recorder)) {
        return cli_error("LD_PRELOAD could not be set: %s", strerror(errno));
    }
    bool made = false;
    char *directory = choose_directory(&a, &made);
    status = directory ? run_recorded(a.command, directory, made) : CLI_FAILED;
    free(directory);
    return status;
}
