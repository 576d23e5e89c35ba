/* Maps files; see file_map.h. */
#include "native/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool native_file_map_open(native_file_map *map, const char *path, native_error *error) {
    memset(map, 0, sizeof *map);
    int length = snprintf(map->path, sizeof map->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof map->path) {
        return native_fail(error, NATIVE_EXIT_INPUT, "the path %.200s... is too long", path);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        native_fail(error, NATIVE_EXIT_INPUT, "cannot read %.3000s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        close(fd);
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot read %.3000s: not a regular file", path);
    }
    size_t bytes = (size_t)info.st_size;
    void *data = bytes > 0 ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int reason = errno;
    close(fd);
    if (data == MAP_FAILED) {
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot map %.3000s: %s", path, strerror(reason));
    }
    map->data = data;
    map->bytes = bytes;
    return true;
}

void native_file_map_close(native_file_map *map) {
    if (map->data != NULL) {
        munmap((void *)(uintptr_t)map->data, map->bytes);
    }
    map->data = NULL;
    map->bytes = 0;
}
