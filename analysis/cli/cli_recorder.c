/* See cli_recorder.h. */
#include "analysis/cli/cli_recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cli_recorder_find(char path[PATH_MAX], char why[PATH_MAX + 256]) {
    static const char *const places[] = {CLI_RECORDER, "../lib/" CLI_RECORDER,
                                         "../lib/moetrace/" CLI_RECORDER};
    char self[PATH_MAX], candidate[PATH_MAX + 64];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        snprintf(why, PATH_MAX + 256, "/proc/self/exe: %s; " CLI_RECORDER " is looked for beside it",
                 strerror(errno));
        return false;
    }
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(candidate, sizeof candidate, "%s/%s", self, places[i]);
        if (access(candidate, R_OK) != 0 || !realpath(candidate, path)) {
            continue;
        }
        if (!strpbrk(path, " :")) {
            return true;
        }
        snprintf(why, PATH_MAX + 256,
                 "%s: the loader cannot preload a path with a space or a colon; install moetrace elsewhere",
                 path);
        return false;
    }
    snprintf(why, PATH_MAX + 256,
             CLI_RECORDER " is not in %s, nor in ../lib or ../lib/moetrace from there: build it with make",
             self);
    return false;
}

bool cli_recorder_preload(const char *recorder) {
    const char *others = getenv("LD_PRELOAD");
    if (!others || !*others) {
        return setenv("LD_PRELOAD", recorder, 1) == 0;
    }
    char *value;
    if (asprintf(&value, "%s:%s", others, recorder) < 0) {
        return false;
    }
    bool good = setenv("LD_PRELOAD", value, 1) == 0;
    free(value);
    return good;
}
