/* Reads a Chrome trace. Its events are in no order, so they are sorted first, in bounded memory, and then passed to the
 * visitor. */
#include "analysis/input/chrome/chrome_reader.h"

#include "analysis/base/alloc.h"
#include "analysis/input/chrome/chrome_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IN_MEMORY (1u << 18)

/* Categories of back ends whose GPU work is not supported. */
static bool is_other_back_end(const char *category) {
    static const char *const prefixes[] = {"mtia_", "hpu_", "glow_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(category, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Lists the categories that are skipped, with their numbers of events; control characters are replaced by blanks. */
static void list_categories(const input_chrome_reading *rd, bool other_back_ends, char *text, size_t size) {
    size_t n = 0;
    *text = '\0';
    for (size_t i = 0; i < rd->category_count && n < size; i++) {
        const input_chrome_category *c = &rd->categories[i];
        if (!other_back_ends || is_other_back_end(c->name)) {
            const char *comma = n > 0 ? ", " : "";
            n += (size_t)(*c->name
                              ? snprintf(text + n, size - n, "%s%s (%" PRIu64 ")", comma, c->name, c->count)
                              : snprintf(text + n, size - n, "%s%" PRIu64 " event%s without a category",
                                         comma, c->count, c->count == 1 ? "" : "s"));
        }
    }
    for (char *c = text; *c; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
}

static void fail_without_events(input_chrome_reading *rd) {
    char found[150], what[300];
    list_categories(rd, false, found, sizeof found);
    snprintf(what, sizeof what,
             "holds no event of torch.profiler: looked for user_annotation, cuda_runtime, kernel, "
             "gpu_memcpy and the like, found %s",
             *found ? found : "no events at all");
    input_chrome_fail(rd, what);
}

static void free_chrome_reading(input_chrome_reading *rd) {
    for (size_t i = 0; rd->open && i < rd->thread_count; i++) {
        input_ranges_free(&rd->open[i]);
    }
    free(rd->open);
    free(rd->json);
    free(rd->threads);
    free(rd->processes);
    free(rd->devices);
    free(rd->shape_list);
    base_sorter_free(rd->sorter);
    base_sorter_free(rd->halves);
    base_map_free(&rd->thread_index);
    base_map_free(&rd->process_index);
    base_map_free(&rd->call_owners);
    base_set_free(&rd->first_calls);
    base_map_free(&rd->ranks);
    base_map_free(&rd->device_index);
    base_map_free(&rd->device_names);
    base_map_free(&rd->new_ids);
    base_map_free(&rd->queues);
    base_map_free(&rd->shapes);
    base_set_free(&rd->device_numbers);
    base_set_free(&rd->calls);
    names_free(&rd->names);
    free(rd);
}

/* Skips a byte order mark; returns false if the file cannot be read from the start again. */
static bool skip_byte_order_mark(FILE *file) {
    char mark[3];
    bool marked =
        fread(mark, 1, sizeof mark, file) == sizeof mark && memcmp(mark, "\xef\xbb\xbf", sizeof mark) == 0;
    return marked || fseek(file, 0, SEEK_SET) == 0;
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
    rd->halves = base_sorter_new(sizeof(input_chrome_half), false, IN_MEMORY);
    if (rd->json->file && skip_byte_order_mark(rd->json->file)) {
        input_chrome_parse(rd);
        fclose(rd->json->file);
        input_chrome_join_halves(rd);
        if (rd->items == 0 && rd->unreadable_host == 0) {
            fail_without_events(rd);
        }
        list_categories(rd, true, rd->back_ends, sizeof rd->back_ends);
        if (rd->stop == 0) {
            input_chrome_emit(rd);
        }
    } else {
        input_chrome_fail(rd, strerror(errno));
        if (rd->json->file) {
            fclose(rd->json->file);
        }
    }
    int rc = rd->stop;
    free_chrome_reading(rd);
    return rc;
}
