/* What the environment asks of the recorder, read once when the process starts. */
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
    char capture_range[256]; /* glob of ranges to watch inside of; "" for everywhere */
    bool start_paused;
    const char *annotate;   /* how deep the Python helper goes: one of the words of trace/settings.h */
    uint64_t time_limit_ns; /* 0: none */
    size_t memory_bytes;    /* most memory that the recorder holds */
    char complaint[448];    /* one line about the variables that cannot be honoured; "" when all can */
} preload_settings;

/* Fills *s from the environment; what is not set, or cannot be honoured, gets its default. */
void preload_settings_read(preload_settings *s);
/* After fork in the child: the default output directory has the process's number in its name. What was set
 * stays, whatever became of the environment since. */
void preload_settings_after_fork(preload_settings *s);
/* The level's name, as it is written in the environment. */
const char *preload_level_name(preload_level level);

#endif
