/* Opens a checkpoint's files; see checkpoint_files.h. */
#include "native/checkpoint_files.h"

#include "native/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_INDEX = 100 * 1000 * 1000 };

/* In order of preference. */
static const struct {
    const char *name;
    bool index, torch;
} forms[] = {{"model.safetensors", false, false},
             {"model.safetensors.index.json", true, false},
             {"pytorch_model.bin", false, true},
             {"pytorch_model.bin.index.json", true, true}};
enum { FORMS = sizeof forms / sizeof forms[0] };

static bool join_path(char *path, size_t room, const char *folder, const char *name, native_error *error) {
    int length = snprintf(path, room, "%s/%s", folder, name);
    return (length >= 0 && (size_t)length < room) ||
           native_fail(error, NATIVE_EXIT_INPUT, "the path %.200s... is too long", folder);
}

static bool fail_memory(const char *folder, native_error *error) {
    return native_fail(error, NATIVE_EXIT_FAILED, "out of memory reading %.900s", folder);
}

/* Opens one file and adds its tensors to the table. */
static bool add_shard(native_checkpoint_files *files, const char *folder, const char *name, bool torch,
                      native_error *error) {
    char path[4096];
    if (!join_path(path, sizeof path, folder, name, error)) {
        return false;
    }
    native_shard **shards = realloc(files->shards, (files->count + 1) * sizeof(native_shard *));
    native_shard *shard = calloc(1, sizeof *shard);
    files->shards = shards != NULL ? shards : files->shards;
    if (shards == NULL || shard == NULL) {
        free(shard);
        return fail_memory(folder, error);
    }
    shards[files->count++] = shard;
    if (!(torch ? native_torch_file_open(&shard->torch, path, error)
                : native_safetensors_open(&shard->safetensors, path, error))) {
        return false;
    }
    const native_tensor_table *table = torch ? &shard->torch.table : &shard->safetensors.table;
    for (size_t i = 0; i < table->count; i++) {
        if (!native_tensor_table_add(&files->table, &table->entries[i])) {
            return fail_memory(folder, error);
        }
    }
    return true;
}

/* A line of an index. */
typedef struct {
    const char *tensor, *file;
} index_line;

typedef struct {
    const char *path; /* of the index */
    bool torch;       /* its files are of torch.save */
    native_json_scan scan;
    index_line *lines;
    size_t count, room;
    native_error *error;
} index_reader;

static bool add_index_line(index_reader *r, const char *tensor, const char *file) {
    if (file[0] == '\0' || strchr(file, '/') != NULL || file[0] == '.') {
        return native_fail(r->error, NATIVE_EXIT_INPUT,
                           "%.3000s: tensor %.200s is in \"%.200s\", which is no name of a file beside it",
                           r->path, tensor, file);
    }
    if (r->count == r->room) {
        size_t room = r->room * 2 + 64;
        index_line *lines = realloc(r->lines, room * sizeof *lines);
        if (lines == NULL) {
            return fail_memory(r->path, r->error);
        }
        r->lines = lines;
        r->room = room;
    }
    r->lines[r->count++] = (index_line){tensor, file};
    return true;
}

static bool read_weight_map(index_reader *r) {
    native_json_scan *scan = &r->scan;
    for (bool more = native_json_scan_enter(scan, '{'); more; more = native_json_scan_more(scan, '{')) {
        const char *tensor, *file;
        if (!native_json_scan_key(scan, &tensor) || !native_json_scan_string(scan, &file) ||
            !add_index_line(r, tensor, file)) {
            return false;
        }
    }
    return scan->wrong == NULL;
}

static bool read_index(index_reader *r) {
    native_json_scan *scan = &r->scan;
    bool found = false;
    for (bool more = native_json_scan_enter(scan, '{'); more; more = native_json_scan_more(scan, '{')) {
        const char *key;
        if (!native_json_scan_key(scan, &key)) {
            break;
        }
        bool map = strcmp(key, "weight_map") == 0;
        if (map && found) {
            return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s has weight_map twice", r->path);
        }
        found = found || map;
        if (!(map ? read_weight_map(r) : native_json_scan_skip(scan))) {
            break;
        }
    }
    if (r->error->status != 0) {
        return false;
    }
    if (!native_json_scan_end(scan)) {
        return native_fail(r->error, NATIVE_EXIT_INPUT,
                           "%.3000s: not an index of a checkpoint: %s at byte %zu", r->path, scan->wrong,
                           (size_t)(scan->at - scan->text));
    }
    return r->count > 0 ||
           native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s: its weight_map is missing or empty", r->path);
}

static int compare_line_files(const void *a, const void *b) {
    const index_line *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order != 0 ? order : strcmp(x->tensor, y->tensor);
}

/* Each tensor of the index is in the file that it names, and each tensor of a file is in the index. */
static bool check_index(native_checkpoint_files *files, const index_reader *r) {
    for (size_t i = 0; i < r->count; i++) {
        const index_line *line = &r->lines[i];
        native_entry *entry = native_tensor_table_find(&files->table, line->tensor);
        const char *slash = entry != NULL ? strrchr(entry->file, '/') : NULL;
        if (slash == NULL || strcmp(slash + 1, line->file) != 0) {
            return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s is not in %.200s",
                               r->path, line->tensor, line->file);
        }
        if (entry->used) {
            return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s lists tensor %.200s twice", r->path,
                               line->tensor);
        }
        entry->used = true;
    }
    for (size_t i = 0; i < files->table.count; i++) {
        native_entry *entry = &files->table.entries[i];
        if (!entry->used) {
            return native_fail(r->error, NATIVE_EXIT_INPUT, "%.3000s does not list tensor %.200s of %.400s",
                               r->path, entry->name, entry->file);
        }
        entry->used = false;
    }
    return true;
}

static bool sort_table(native_checkpoint_files *files, const char *folder, native_error *error) {
    const char *twice = native_tensor_table_sort(&files->table);
    return twice == NULL ||
           native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: two files hold tensor %.200s", folder, twice);
}

static bool open_indexed(native_checkpoint_files *files, const char *folder, index_reader *r) {
    if (!read_index(r)) {
        return false;
    }
    qsort(r->lines, r->count, sizeof *r->lines, compare_line_files);
    for (size_t i = 0; i < r->count; i++) {
        bool new_file = i == 0 || strcmp(r->lines[i - 1].file, r->lines[i].file) != 0;
        if (new_file && !add_shard(files, folder, r->lines[i].file, r->torch, r->error)) {
            return false;
        }
    }
    return sort_table(files, folder, r->error) && check_index(files, r);
}

static bool open_index(native_checkpoint_files *files, const char *folder, const char *path, bool torch,
                       native_error *error) {
    native_file_map map;
    if (!native_file_map_open(&map, path, error)) {
        return false;
    }
    index_reader reader = {.path = path, .torch = torch, .error = error};
    bool ok = map.bytes <= MAX_INDEX ||
              native_fail(error, NATIVE_EXIT_INPUT,
                          "%.3000s: an index of more than 100000000 bytes is not read", path);
    if (ok) {
        ok = (native_json_scan_open(&reader.scan, (const char *)map.data, map.bytes) ||
              fail_memory(folder, error));
        files->names = reader.scan.strings;
        ok = ok && open_indexed(files, folder, &reader);
    }
    free(reader.lines);
    native_file_map_close(&map);
    return ok;
}

/* The form to read: an index of `forms`, or FORMS. */
static size_t choose_form(const char *folder, native_error *error) {
    size_t chosen = FORMS;
    for (size_t i = 0; i < FORMS; i++) {
        char path[4096];
        if (!join_path(path, sizeof path, folder, forms[i].name, error)) {
            return FORMS;
        }
        if (access(path, F_OK) != 0) {
            continue;
        }
        if (chosen == FORMS) {
            chosen = i;
        } else {
            native_warn("%.600s holds %s and %s: %s is read", folder, forms[chosen].name, forms[i].name,
                        forms[chosen].name);
        }
    }
    if (chosen == FORMS) {
        native_fail(error, NATIVE_EXIT_INPUT,
                    "%.3000s holds no checkpoint: it needs model.safetensors or pytorch_model.bin, or "
                    "several files with model.safetensors.index.json or pytorch_model.bin.index.json",
                    folder);
    }
    return chosen;
}

bool native_checkpoint_files_open(native_checkpoint_files *files, const char *folder, native_error *error) {
    memset(files, 0, sizeof *files);
    struct stat info;
    if (stat(folder, &info) == 0 && !S_ISDIR(info.st_mode)) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s is not a directory: give the directory of a checkpoint", folder);
    }
    size_t form = choose_form(folder, error);
    char path[4096];
    if (form == FORMS || !join_path(path, sizeof path, folder, forms[form].name, error)) {
        return false;
    }
    bool ok = forms[form].index ? open_index(files, folder, path, forms[form].torch, error)
                                : add_shard(files, folder, forms[form].name, forms[form].torch, error) &&
                                      sort_table(files, folder, error);
    if (!ok) {
        native_checkpoint_files_close(files);
    }
    return ok;
}

void native_checkpoint_files_close(native_checkpoint_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        native_safetensors_close(&files->shards[i]->safetensors);
        native_torch_file_close(&files->shards[i]->torch);
        free(files->shards[i]);
    }
    free(files->shards);
    free(files->names);
    native_tensor_table_free(&files->table);
    memset(files, 0, sizeof *files);
}
