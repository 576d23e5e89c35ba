/* The recorder's settings (trace/settings.h), read from the environment once when the process starts. */
#ifndef PRELOAD_SETTINGS_H
#define PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { PRELOAD_PHASES, PRELOAD_KERNELS, PRELOAD_FULL } preload_level;
typedef enum { PRELOAD_CAPTURE_AUTO, PRELOAD_CAPTURE_ALL, PRELOAD_CAPTURE_ALTERNATE } preload_capture_mode;

typedef struct {
    char output[4096]; /* directory of the traces, absolute */
    char cupti[4096];  /* CUPTI library to open; "" for the one that is found */
    bool output_is_default;
    preload_level level;
    preload_capture_mode capture;
    char request[256];       /* glob of ranges that are requests */
    char capture_range[256]; /* glob of ranges inside which to profile; "": everywhere */
    bool start_paused;
    bool redact;            /* leave out what tells about the user: see preload_describe_run */
    const char *annotate;   /* how deep the Python helper goes: one of the words of trace/settings.h */
    uint64_t time_limit_ns; /* 0: none */
    size_t memory_bytes;    /* most memory that the recorder holds */
    char complaint[448];    /* one line about variables with invalid values; "" if there are none */
} preload_settings;

/* Sets *s from the environment; a variable that is unset or invalid gets its default. */
void preload_settings_read(preload_settings *s);
/* After fork in the child: updates the process id in the default output directory. Other settings stay, even if the
 * environment has changed since. */
void preload_settings_after_fork(preload_settings *s);
/* Returns the level's name, as in MOETRACE_LEVEL. */
const char *preload_level_name(preload_level level);

#endif
