/* Reads a Chrome trace: its events stand in no order, so they are sorted first, in bounded memory, and then
 * given to the visitor. */
#include "analysis/input/chrome/chrome_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/input/chrome/chrome_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IN_MEMORY (1u << 18)

static void free_chrome_reading(input_chrome_reading *rd) {
    for (size_t i = 0; rd->open && i < rd->thread_count; i++) {
        free(rd->open[i].list);
    }
    free(rd->open);
    free(rd->json);
    free(rd->thread_keys);
    free(rd->thread_names);
    free(rd->shape_list);
    base_sorter_free(rd->sorter);
    base_map_free(&rd->threads);
    base_map_free(&rd->queues);
    base_map_free(&rd->shapes);
    for (size_t i = 0; i < rd->process_count; i++) {
        base_set_free(&rd->processes[i].calls);
    }
    free(rd->processes);
    base_set_free(&rd->calls);
    names_free(&rd->names);
    free(rd);
}

int input_chrome_read(const char *path, const trace_visitor *v, trace_status *status,
                      char error[TRACE_ERROR_BYTES]) {
    input_chrome_reading *rd = base_alloc(1, sizeof *rd);
    struct stat st;
    memset(status, 0, sizeof *status);
    status->bytes_total = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    status->ended = true;
    *rd = (input_chrome_reading){.path = path, .v = v, .status = status, .error = error};
    rd->json = base_alloc(1, sizeof *rd->json);
    rd->json->file = fopen(path, "re");
    rd->sorter = base_sorter_new(sizeof(input_chrome_item), true, IN_MEMORY);
    if (rd->json->file) {
        input_chrome_parse(rd);
        fclose(rd->json->file);
        if (rd->stop == 0) {
            input_chrome_emit(rd);
        }
    } else {
        input_chrome_fail(rd, strerror(errno));
    }
    int rc = rd->stop;
    free_chrome_reading(rd);
    return rc;
}
