/* Reads the MOETRACE_ variables; trace/settings.h lists them. */
#include "preload/settings.h"

#include "trace/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"phases", "kernels", "full"};

const char *preload_level_name(preload_level level) {
    return level_names[level];
}

static const char *value_of(const char *variable, const char *fallback) {
    const char *value = getenv(variable);
    return value && *value ? value : fallback;
}

/* The variables and their defaults, from the one list. */
#define SETTING(variable, option, argument, fallback, text) {variable, fallback},
static const struct { const char *variable, *fallback; } settings_list[] = {TRACE_SETTINGS(SETTING)};

static const char *setting(const char *variable) {
    for (size_t i = 0; i < sizeof settings_list / sizeof settings_list[0]; i++) {
        if (strcmp(settings_list[i].variable, variable) == 0) {
            return value_of(variable, settings_list[i].fallback);
        }
    }
    return "";
}

static void read_level(preload_settings *s) {
    const char *wanted = setting("MOETRACE_LEVEL");
    s->level = PRELOAD_KERNELS;
    for (int i = PRELOAD_PHASES; i <= PRELOAD_FULL; i++) {
        if (strcmp(wanted, level_names[i]) == 0) {
            s->level = (preload_level)i;
            return;
        }
    }
    snprintf(s->complaint, sizeof s->complaint,
             "MOETRACE_LEVEL=%.40s is none of phases, kernels, full; using kernels", wanted);
}

static void read_memory(preload_settings *s) {
    const char *wanted = setting("MOETRACE_MEMORY");
    char *end;
    errno = 0;
    unsigned long mib = strtoul(wanted, &end, 10);
    if (errno || *end || mib < 8 || mib > 65536) {
        mib = 64;
        snprintf(s->complaint, sizeof s->complaint,
                 "MOETRACE_MEMORY=%.40s is no number from 8 to 65536; using 64", wanted);
    }
    s->memory_bytes = mib << 20;
}

static void read_output(preload_settings *s) {
    char name[128];
    const char *wanted = setting("MOETRACE_OUTPUT");
    if (!*wanted) {
        snprintf(name, sizeof name, "moetrace-%.80s-%d", program_invocation_short_name, (int)getpid());
        wanted = name;
    }
    char here[2048] = "";
    if (*wanted != '/' && !getcwd(here, sizeof here)) {
        here[0] = 0;
    }
    snprintf(s->output, sizeof s->output, "%s%s%.2000s", here, *wanted == '/' ? "" : "/", wanted);
}

void preload_settings_read(preload_settings *s) {
    memset(s, 0, sizeof *s);
    read_level(s);
    read_memory(s);
    read_output(s);
    snprintf(s->cupti, sizeof s->cupti, "%.4000s", setting("MOETRACE_CUPTI"));
}
