/* Writing beside the target, then renaming. */
#include "analysis/base/atomic_file.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *base_file_begin(const char *path, char error[TRACE_ERROR_BYTES]) {
    size_t len = strlen(path) + 16;
    char *name = base_alloc(len, 1);
    snprintf(name, len, "%s.XXXXXX", path);
    int fd = mkstemp(name);
    if (fd < 0) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", path,
                 strerror(errno));
        free(name);
        return NULL;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    close(fd);
    return name;
}

int base_file_close(FILE *file, const char *path, char error[TRACE_ERROR_BYTES]) {
    bool good = file && ferror(file) == 0;
    good = file && fclose(file) == 0 && good;
    if (!good) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: cannot be written: %s; make room there, or choose another place", path,
                 strerror(errno));
    }
    return good ? 0 : -1;
}

int base_file_finish(char *temporary, const char *path, bool good, char error[TRACE_ERROR_BYTES]) {
    int rc = good ? 0 : -1;
    if (good && rename(temporary, path) != 0) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: cannot be written: %s; choose another place", path,
                 strerror(errno));
        rc = -1;
    }
    if (rc != 0) {
        unlink(temporary);
    }
    free(temporary);
    return rc;
}
