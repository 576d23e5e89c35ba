/* Write, then rename; see output.h. */
#include "native/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool native_output_open(native_output *output, const char *path, native_error *error) {
    int length = snprintf(output->path, sizeof output->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof output->path) {
        return native_fail(error, NATIVE_EXIT_INPUT, "the path %.200s... is too long", path);
    }
    snprintf(output->temporary, sizeof output->temporary, "%s.part.%ld", path, (long)getpid());
    output->file = fopen(output->temporary, "wbe");
    if (output->file == NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot write %.3000s: %s", path, strerror(errno));
    }
    return true;
}

bool native_output_close(native_output *output, bool good, native_error *error) {
    bool written = ferror(output->file) == 0;
    int reason = errno;
    if (fclose(output->file) != 0) {
        reason = errno;
        written = false;
    }
    if (good && written && rename(output->temporary, output->path) != 0) {
        reason = errno;
        written = false;
    }
    if (!good || !written) {
        unlink(output->temporary);
    }
    if (!written) {
        return native_fail(error, NATIVE_EXIT_FAILED, "cannot write %.3000s: %s", output->path,
                           strerror(reason));
    }
    return good;
}
