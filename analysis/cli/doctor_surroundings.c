/* See doctor_surroundings.h. */
#include "analysis/cli/doctor_surroundings.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SPACE_WANTED (1ull << 30) /* bytes; a long run writes some 100 MB an hour */

/* The number behind `key` in a file of lines; -1 when there is none. */
static long number_in_file(const char *path, const char *key) {
    char line[512];
    long number = -1;
    FILE *file = fopen(path, "re");
    while (file && number < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            number = strtol(line + strlen(key), NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return number;
}

static void find_permission(doctor_report *report) {
    long admin = number_in_file("/proc/driver/nvidia/params", "RmProfilingAdminOnly:");
    if (admin < 0) {
        doctor_find(report, DOCTOR_OK, "permission", NULL,
                    "the driver's parameters are not visible (/proc/driver/nvidia/params)");
    } else {
        doctor_find(report, DOCTOR_OK, "permission", NULL,
                    "GPU counters are for %s (RmProfilingAdminOnly: %ld); the recorder uses none",
                    admin ? "administrators only" : "all users", admin);
    }
}

static void find_variables(doctor_report *report) {
    static const struct {
        const char *variable, *effect, *advice;
    } others[] = {
        {"CUDA_INJECTION64_PATH", "CUDA loads another tool, which may use CUPTI before the recorder",
         "unset it, or record with --level phases beside that tool"},
        {"NVTX_INJECTION64_PATH", "another tool receives the NVTX ranges, and the recorder none",
         "unset it, or let moetrace report on that tool's capture"},
        {"KINETO_USE_DAEMON", "torch's profiler may be switched on from outside, and then takes CUPTI over",
         "unset it while recording"},
    };
    size_t before = report->warnings;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *value = getenv(others[i].variable);
        if (value && *value) {
            doctor_find(report, DOCTOR_WARNING, "other tools", others[i].advice, "%s=%s: %s",
                        others[i].variable, value, others[i].effect);
        }
    }
    if (report->warnings == before) {
        doctor_find(report, DOCTOR_OK, "other tools", NULL,
                    "no variable makes CUDA, NVTX or torch load another one");
    }
    const char *preload = getenv("LD_PRELOAD");
    if (preload && *preload) {
        doctor_find(report, DOCTOR_WARNING, "LD_PRELOAD",
                    "unset it if it interposes CUDA or NVTX calls; the recorder comes behind it", "%s is set",
                    preload);
    }
}

static void find_system(doctor_report *report) {
    if (access("/proc/self/maps", R_OK) != 0) {
        doctor_find(report, DOCTOR_WARNING, "system", "mount /proc, which names of threads come from",
                    "/proc is not mounted");
        return;
    }
    bool filtered = number_in_file("/proc/self/status", "Seccomp:") == 2;
    doctor_find(report, DOCTOR_OK, "system", NULL, "/proc is there; %s",
                filtered ? "a seccomp filter is on, as in most containers" : "no seccomp filter");
}

/* The directory, or the nearest above it that exists: the recorder makes what is missing. */
static char *existing_directory(const char *output) {
    char *path = base_copy(output, strlen(output));
    while (access(path, F_OK) != 0) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            free(path);
            return base_copy(".", 1);
        }
        slash[slash == path] = '\0';
    }
    return path;
}

/* Whether a file can be made in it, as the trace will be; else errno. */
static int try_to_write(const char *directory) {
    char *path;
    if (asprintf(&path, "%s/.moetrace-doctor-XXXXXX", directory) < 0) {
        return ENOMEM;
    }
    int fd = mkstemp(path), why = fd < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    free(path);
    return why;
}

static void find_space(doctor_report *report, const char *output) {
    static const char advice[] = "give another directory with moetrace record -o DIR";
    struct statvfs disk;
    char *directory = existing_directory(output);
    int why = try_to_write(directory);
    if (why != 0) {
        doctor_find(report, DOCTOR_ERROR, "traces", advice, "%s: no file can be made here: %s", directory,
                    strerror(why));
    } else if (statvfs(directory, &disk) != 0) {
        doctor_find(report, DOCTOR_WARNING, "traces", advice, "%s: %s", directory, strerror(errno));
    } else {
        unsigned long long bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
        bool enough = bytes >= SPACE_WANTED;
        doctor_find(report, enough ? DOCTOR_OK : DOCTOR_WARNING, "traces", enough ? NULL : advice,
                    "%s: can be written, %.1f GiB free", directory, (double)bytes / (1u << 30));
    }
    free(directory);
}

void doctor_check_surroundings(doctor_report *report, const char *output) {
    find_permission(report);
    find_variables(report);
    find_system(report);
    find_space(report, output);
}
