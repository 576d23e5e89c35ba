/* What the environment asks of the recorder, read once when the process starts. */
#ifndef PRELOAD_SETTINGS_H
#define PRELOAD_SETTINGS_H

#include <stddef.h>

typedef enum { PRELOAD_PHASES, PRELOAD_KERNELS, PRELOAD_FULL } preload_level;

typedef struct {
    char output[4096]; /* directory of the traces, absolute */
    char cupti[4096];  /* CUPTI library to open; "" for the one that is found */
    preload_level level;
    size_t memory_bytes; /* most memory that the recorder holds */
    char complaint[256]; /* one line about a variable that cannot be honoured; "" when all can */
} preload_settings;

/* Fills *s from the environment; what is not set, or cannot be honoured, gets its default. */
void preload_settings_read(preload_settings *s);
/* The level's name, as it is written in the environment. */
const char *preload_level_name(preload_level level);

#endif
