/* The recorder's settings: one list, from which the recorder's parser, `moetrace record` and its help, and
 * the table in docs/recording.md are made. Each line is SETTING(variable, option, argument, default, what it
 * means). An argument a|b|c lists all values that there are; an empty default means that the text says what
 * happens. `moetrace record --option=ARG` sets the
 * variable for the target. */
#ifndef TRACE_SETTINGS_H
#define TRACE_SETTINGS_H

/* clang-format off */
#define TRACE_SETTINGS(SETTING) \
    SETTING("MOETRACE_OUTPUT", "output", "DIR", "", \
            "directory for the traces, one file per process; made when missing (default ./moetrace-PROGRAM-PID)") \
    SETTING("MOETRACE_LEVEL", "level", "phases|kernels|full", "kernels", \
            "what is recorded: phases (NVTX ranges and CUDA calls that wait, no CUPTI), kernels (also every kernel, copy " \
            "and fill), or full (also every CUDA API call)") \
    SETTING("MOETRACE_CAPTURE", "capture", "auto|all|alternate", "auto", \
            "which requests are watched: all, alternate (of the ranges that --request names every second one, beginning " \
            "with the second: latencies come from the others, which nobody watched), or auto (as the target's own " \
            "marks say, else alternate as soon as such a range is met)") \
    SETTING("MOETRACE_REQUEST", "request", "GLOB", "sample.*", \
            "names of the NVTX ranges that are requests, for --capture") \
    SETTING("MOETRACE_CAPTURE_RANGE", "capture-range", "GLOB", "", \
            "watch only inside NVTX push/pop ranges with such names (default everywhere)") \
    SETTING("MOETRACE_START", "start", "now|paused", "now", \
            "now, or paused: watch only between cudaProfilerStart and cudaProfilerStop") \
    SETTING("MOETRACE_TIME_LIMIT", "time-limit", "SECONDS", "0", \
            "stop watching this long after the first recorded event; 0 is never") \
    SETTING("MOETRACE_CUPTI", "cupti", "FILE", "", \
            "the CUPTI library to open (default: the copy that the target has loaded or brings, else the system's)") \
    SETTING("MOETRACE_MEMORY", "memory", "MIB", "64", "most memory that the recorder holds, in MiB")
/* clang-format on */

/* What the recorder writes into a thread's stream when watching begins or ends: a mark in a domain of its
 * own. A target that makes such a mark itself is obeyed, unless --capture says what is watched. */
#define TRACE_WATCH_DOMAIN "moetrace"
#define TRACE_WATCH_ON     "watch on"
#define TRACE_WATCH_OFF    "watch off"
/* From here on another tool has CUPTI and may slow the target as watching would: what comes later was neither
 * watched nor left in peace. It follows a `watch off`. */
#define TRACE_WATCH_YIELDED "watch yielded"

/* META: when CUPTI's records were first switched on, in the trace's ns. What ran before is as if nobody had
 * ever watched; without this entry that is not known. */
#define TRACE_FIRST_WATCH "cupti.first_watch"

#endif
