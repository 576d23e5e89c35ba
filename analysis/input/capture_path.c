/* Splits FILE#PROCESS. */
#include "analysis/input/capture_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t input_capture_file(const char *path, uint64_t *process) {
    const char *mark = strrchr(path, '#');
    char *end = NULL;
    *process = mark ? strtoull(mark + 1, &end, 10) : 0;
    bool number = mark && mark[1] >= '0' && mark[1] <= '9' && *end == '\0';
    return number && access(path, F_OK) != 0 ? (size_t)(mark - path) : strlen(path);
}
