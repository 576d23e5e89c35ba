/* A profiler that the target brings itself (libprofiler.so): what test programs call. */
#ifndef TESTS_FAKE_FAKE_PROFILER_H
#define TESTS_FAKE_FAKE_PROFILER_H

enum {
    PROFILER_CALLS = 1,   /* subscribes to the driver's launches */
    PROFILER_RECORDS = 2, /* asks for records of kernels and copies */
    PROFILER_HIDDEN = 4   /* looks CUPTI's functions up itself, as a tool that was injected does */
};

/* Begins, or ends; prints CUPTI's answers, and each record as it comes. */
__attribute__((visibility("default"))) void profiler_begin(int what);
__attribute__((visibility("default"))) void profiler_end(void);

#endif
