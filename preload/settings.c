/* Reads the MOETRACE_ variables; trace/settings.h lists them. */
#include "preload/settings.h"

#include "preload/program_name.h"
#include "trace/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"phases", "kernels", "full"};

const char *preload_level_name(preload_level level) {
    return level_names[level];
}

static const char *environment_or_default(const char *variable, const char *fallback) {
    const char *value = getenv(variable);
    return value && *value ? value : fallback;
}

/* The variables and their defaults, from trace/settings.h. */
#define SETTING(variable, option, argument, fallback, text) {variable, fallback},
static const struct { const char *variable, *fallback; } settings_list[] = {TRACE_SETTINGS(SETTING)};

static const char *setting_value(const char *variable) {
    for (size_t i = 0; i < sizeof settings_list / sizeof settings_list[0]; i++) {
        if (strcmp(settings_list[i].variable, variable) == 0) {
            return environment_or_default(variable, settings_list[i].fallback);
        }
    }
    return "";
}

__attribute__((format(printf, 2, 3))) static void add_complaint(preload_settings *s, const char *format,
                                                                ...) {
    size_t len = strlen(s->complaint);
    va_list args;
    va_start(args, format);
    if (len > 0) {
        len += (size_t)snprintf(s->complaint + len, sizeof s->complaint - len, "; ");
    }
    if (len < sizeof s->complaint) {
        vsnprintf(s->complaint + len, sizeof s->complaint - len, format, args);
    }
    va_end(args);
}

/* The index of the variable's value in `words`. An unknown value is reported, and the default's index returned. */
static int read_choice(preload_settings *s, const char *variable, const char *const *words, int count,
                       int fallback) {
    const char *wanted = setting_value(variable);
    char all[128] = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(wanted, words[i]) == 0) {
            return i;
        }
        strncat(all, i ? ", " : "", sizeof all - strlen(all) - 1);
        strncat(all, words[i], sizeof all - strlen(all) - 1);
    }
    add_complaint(s, "%s=%.40s: must be one of %s; using %s", variable, wanted, all, words[fallback]);
    return fallback;
}

static void read_memory_limit(preload_settings *s) {
    const char *wanted = setting_value("MOETRACE_MEMORY");
    char *end;
    errno = 0;
    unsigned long mib = strtoul(wanted, &end, 10);
    if (errno || *end || mib < 8 || mib > 65536) {
        mib = 64;
        add_complaint(s, "MOETRACE_MEMORY=%.40s: must be a number from 8 to 65536; using 64", wanted);
    }
    s->memory_bytes = mib << 20;
}

static void read_time_limit(preload_settings *s) {
    const char *wanted = setting_value("MOETRACE_TIME_LIMIT");
    char *end;
    double seconds = strtod(wanted, &end);
    if (*end || !(seconds >= 0 && seconds < 1e9)) {
        seconds = 0;
        add_complaint(s, "MOETRACE_TIME_LIMIT=%.40s: must be a number of seconds; using no limit", wanted);
    }
    s->time_limit_ns = (uint64_t)(seconds * 1e9);
}

static void read_output_directory(preload_settings *s) {
    char name[128];
    const char *wanted = setting_value("MOETRACE_OUTPUT");
    s->output_is_default = !*wanted;
    if (s->output_is_default) {
        snprintf(name, sizeof name, "moetrace-%.80s-%d", preload_program_file_name(), (int)getpid());
        wanted = name;
    }
    char here[2048] = "";
    if (*wanted != '/' && !getcwd(here, sizeof here)) {
        here[0] = 0;
    }
    snprintf(s->output, sizeof s->output, "%s%s%.2000s", here, *wanted == '/' ? "" : "/", wanted);
}

/* A misspelt variable would have no effect. */
static void check_unknown_variables(preload_settings *s) {
    for (char **entry = environ; entry && *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        if (strncmp(*entry, "MOETRACE_", 9) != 0 || strncmp(*entry, "MOETRACE_TORCH=", 15) == 0) {
            continue; /* the latter belongs to run_native */
        }
        bool known = false;
        for (size_t i = 0; i < sizeof settings_list / sizeof settings_list[0]; i++) {
            const char *variable = settings_list[i].variable;
            known = known || (strlen(variable) == len && strncmp(*entry, variable, len) == 0);
        }
        if (!known) {
            add_complaint(s, "%.*s is not a setting (moetrace record --help lists all)",
                          len < 40 ? (int)len : 40, *entry);
        }
    }
}

void preload_settings_after_fork(preload_settings *s) {
    char *name = strrchr(s->output, '/');
    if (s->output_is_default && name) {
        snprintf(name, sizeof s->output - (size_t)(name - s->output), "/moetrace-%.80s-%d",
                 preload_program_file_name(), (int)getpid());
    }
}

void preload_settings_read(preload_settings *s) {
    static const char *const modes[] = {"auto", "all", "alternate"};
    static const char *const starts[] = {"now", "paused"};
    static const char *const switches[] = {"off", "on"};
    static const char *const depths[] = {"auto", "off", "phase", "layer", "expert"};
    memset(s, 0, sizeof *s);
    s->annotate = depths[read_choice(s, "MOETRACE_ANNOTATE", depths, 5, 0)];
    s->level = (preload_level)read_choice(s, "MOETRACE_LEVEL", level_names, 3, PRELOAD_KERNELS);
    s->capture = (preload_capture_mode)read_choice(s, "MOETRACE_CAPTURE", modes, 3, PRELOAD_CAPTURE_AUTO);
    s->start_paused = read_choice(s, "MOETRACE_START", starts, 2, 0) == 1;
    s->redact = read_choice(s, "MOETRACE_REDACT", switches, 2, 0) == 1;
    read_memory_limit(s);
    read_time_limit(s);
    read_output_directory(s);
    snprintf(s->cupti, sizeof s->cupti, "%.4000s", setting_value("MOETRACE_CUPTI"));
    snprintf(s->request, sizeof s->request, "%.250s", setting_value("MOETRACE_REQUEST"));
    snprintf(s->capture_range, sizeof s->capture_range, "%.250s", setting_value("MOETRACE_CAPTURE_RANGE"));
    check_unknown_variables(s);
}
