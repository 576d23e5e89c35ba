/* moetrace record: runs a command with the recorder preloaded. The options are those of trace/settings.h, so
 * what the recorder understands and what can be given here is one list. */
#include "analysis/cli/cli_options.h"
#include "trace/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDER "libmoetrace.so"

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
    bool is_path = strcmp(s->option, "output") == 0 || strcmp(s->option, "cupti") == 0;
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
    char ***command = state->input;
    for (size_t i = 0; i < SETTINGS; i++) {
        if (key == key_of(i)) {
            return set(&settings[i], arg);
        }
    }
    switch (key) {
    case ARGP_KEY_ARG: /* the command: what follows is its own */
        *command = &state->argv[state->next - 1];
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

/* Finds the recorder near this program: in the build folder beside it, installed in ../lib or
 * ../lib/moetrace. */
static bool find_recorder(char path[PATH_MAX]) {
    static const char *const places[] = {RECORDER, "../lib/" RECORDER, "../lib/moetrace/" RECORDER};
    char self[PATH_MAX], candidate[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        cli_error("/proc/self/exe: %s; " RECORDER " is looked for beside it", strerror(errno));
        return false;
    }
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(candidate, sizeof candidate, "%s/%s", self, places[i]);
        if (access(candidate, R_OK) == 0 && realpath(candidate, path)) {
            if (strpbrk(path, " :")) {
                cli_error("%s: the loader cannot preload a path with a space or a colon; install moetrace "
                          "elsewhere",
                          path);
                return false;
            }
            return true;
        }
    }
    cli_error(RECORDER " is not in %s, nor in ../lib or ../lib/moetrace from there: build it with make",
              self);
    return false;
}

static bool preload(const char *recorder) {
    const char *others = getenv("LD_PRELOAD");
    char *value = NULL;
    int rc =
        others && *others ? asprintf(&value, "%s:%s", others, recorder) : asprintf(&value, "%s", recorder);
    bool good = rc >= 0 && setenv("LD_PRELOAD", value, 1) == 0;
    if (!good) {
        cli_error("LD_PRELOAD could not be set: %s", strerror(errno));
    }
    if (rc >= 0) {
        free(value);
    }
    return good;
}

int cli_cmd_record(int argc, char **argv) {
    struct argp_option options[SETTINGS + 3];
    char **command = NULL, recorder[PATH_MAX];
    make_options(options);
    struct argp argp = {options,
                        parse_record,
                        "[--] CMD [ARG...]",
                        "Runs CMD under the recorder, which writes one trace for each process.\vOutput and "
                        "signals of the command are unchanged. Each option sets the environment variable in "
                        "brackets; a variable that is already set is used unless its option is given.\n\n"
                        "Examples:\n"
                        "  moetrace record -o traces -- python3 serve.py --port 8000\n"
                        "  moetrace record --level full --capture-range decode ./run_native\n\n"
                        "Exit status: that of the command; 127 when it is not found, 126 when it cannot be "
                        "run; 2 when an option is wrong or " RECORDER " is missing.",
                        NULL,
                        NULL,
                        NULL};
    int status;
    if (cli_parse(&argp, argc, argv, &command, &status) != 0) {
        return status;
    }
    if (!find_recorder(recorder) || !preload(recorder)) {
        return CLI_FAILED;
    }
    fflush(stdout);
    execvp(command[0], command);
    int why = errno;
    cli_error("%s: %s", command[0], strerror(why));
    return why == ENOENT ? 127 : 126;
}
