/* The recorder's settings: one list, from which the recorder's parser, `moetrace record` and its help, and
 * the table in docs/recording.md are made. Each line is SETTING(variable, option, argument, default, what it
 * means); an empty default means that the text says what happens. `moetrace record --option=ARG` sets the
 * variable for the target. */
#ifndef TRACE_SETTINGS_H
#define TRACE_SETTINGS_H

#define TRACE_SETTINGS(SETTING)                                                                              \
    SETTING("MOETRACE_OUTPUT", "output", "DIR", "",                                                          \
            "directory for the traces, one file per process; made when missing (default "                    \
            "./moetrace-PROGRAM-PID)")                                                                       \
    SETTING("MOETRACE_LEVEL", "level", "LEVEL", "kernels",                                                   \
            "what is recorded: phases (NVTX ranges and CUDA calls that wait, no CUPTI), kernels (also "      \
            "every kernel, "                                                                                 \
            "copy and fill), or full (also every CUDA API call)")                                            \
    SETTING("MOETRACE_CUPTI", "cupti", "FILE", "",                                                           \
            "the CUPTI library to open (default: the copy that the target has loaded or brings, else the "   \
            "system's)")                                                                                     \
    SETTING("MOETRACE_MEMORY", "memory", "MIB", "64", "most memory that the recorder holds, in MiB")

#endif
