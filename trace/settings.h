/* The recorder's settings: one list, from which the recorder's parser, `moetrace record` and its help, and
 * the table in docs/recording.md are made. Each line is SETTING(variable, option, argument, default,
 * description). An argument a|b|c lists all valid values; where the default is empty, the description states
 * it. `moetrace record --option=ARG` sets the variable for the target. */
#ifndef TRACE_SETTINGS_H
#define TRACE_SETTINGS_H

/* clang-format off */
#define TRACE_SETTINGS(SETTING) \
    SETTING("MOETRACE_OUTPUT", "output", "DIR", "", \
            "output directory, created if missing; each process writes one trace (default: ./moetrace-PROGRAM-PID)") \
    SETTING("MOETRACE_LEVEL", "level", "phases|kernels|full", "kernels", \
            "what is recorded: phases (NVTX ranges and synchronizing CUDA calls, without CUPTI), kernels (also every kernel, " \
            "memcpy and memset), or full (also every CUDA API call)") \
    SETTING("MOETRACE_CAPTURE", "capture", "auto|all|alternate", "auto", \
            "which requests are profiled: all; alternate (every second range that matches --request, starting with the " \
            "second, so that latencies come from unprofiled requests); or auto (as the target's own marks specify, " \
            "otherwise alternate once such a range occurs)") \
    SETTING("MOETRACE_REQUEST", "request", "GLOB", "sample.*", \
            "pattern for the names of NVTX ranges that are requests, for --capture") \
    SETTING("MOETRACE_CAPTURE_RANGE", "capture-range", "GLOB", "", \
            "profile only inside NVTX push/pop ranges whose names match (default: everywhere)") \
    SETTING("MOETRACE_START", "start", "now|paused", "now", \
            "now, or paused: profile only between cudaProfilerStart and cudaProfilerStop") \
    SETTING("MOETRACE_ANNOTATE", "annotate", "auto|off|phase|layer|expert", "auto", \
            "ranges for the PyTorch modules of a Python program, which needs no change: off, phase (requests, vision, prefill, " \
            "decode steps), layer (also layers, attention, router, in profiled requests), expert (also experts and the tokens " \
            "routed to them, in profiled requests), or auto (expert; at --level=phases phase)") \
    SETTING("MOETRACE_TIME_LIMIT", "time-limit", "SECONDS", "0", \
            "stop profiling this long after the first recorded event; 0: no limit") \
    SETTING("MOETRACE_CUPTI", "cupti", "FILE", "", \
            "CUPTI library to load (default: the copy that the target has loaded or ships, else the system's)") \
    SETTING("MOETRACE_MEMORY", "memory", "MIB", "64", "memory limit of the recorder in MiB") \
    SETTING("MOETRACE_REDACT", "redact", "off|on", "off", \
            "on: leave the arguments of the command line, the directory and the host's name out of the trace")
/* clang-format on */

/* The recorder's own NVTX marks in a thread's stream: profiling begins or ends here. A target that makes such a mark
 * itself switches profiling, unless --capture or --start overrides it. The texts are part of the format. */
#define TRACE_PROFILING_DOMAIN "moetrace"
#define TRACE_PROFILING_ON     "watch on"
#define TRACE_PROFILING_OFF    "watch off"
/* From here on another tool uses CUPTI and may slow the target as profiling would: later requests are neither
 * profiled nor unprofiled. It follows a `watch off`. */
#define TRACE_PROFILING_YIELDED "watch yielded"

/* A mark in that domain: tokens that an expert of a fused block got, known after the block. Its category is that of the block's
 * range; its payload is the expert's index << 32 | the tokens. */
#define TRACE_EXPERT_TOKENS "expert tokens"
#define TRACE_FUSED_EXPERTS "experts" /* the block's range, in the default domain */

/* META: when CUPTI's records were first enabled, in the trace's ns. Earlier requests are unaffected by CUPTI.
 * Without this entry the time is unknown. */
#define TRACE_FIRST_PROFILED "cupti.first_watch"

#endif
