/* Opens files of torch.save; see torch_file.h. */
#include "native/torch_file.h"

#include "native/state_dict.h"
#include "native/zip_archive.h"

#include <stdlib.h>
#include <string.h>

/* An open archive and its members' common prefix, "NAME/". */
typedef struct {
    native_zip_archive archive;
    const char *prefix;
    size_t prefix_length;
} torch_archive;

static const native_zip_member *find_member(const torch_archive *a, const char *name) {
    return native_zip_archive_find(&a->archive, a->prefix, a->prefix_length, name, strlen(name));
}

static bool find_storage(const void *context, const char *key, size_t length, const unsigned char **data,
                         size_t *bytes) {
    const torch_archive *a = context;
    char name[64] = "data/";
    if (length > sizeof name - 6) {
        return false;
    }
    memcpy(name + 5, key, length);
    const native_zip_member *member =
        native_zip_archive_find(&a->archive, a->prefix, a->prefix_length, name, 5 + length);
    if (member != NULL) {
        *data = member->data;
        *bytes = member->bytes;
    }
    return member != NULL;
}

/* The first member that is called NAME/data.pkl gives the prefix. */
static const native_zip_member *find_pickle(torch_archive *a) {
    static const char wanted[] = "/data.pkl";
    const size_t length = sizeof wanted - 1;
    for (size_t i = 0; i < a->archive.count; i++) {
        const native_zip_member *member = &a->archive.members[i];
        const char *slash = memchr(member->name, '/', member->length);
        size_t at = slash != NULL ? (size_t)(slash - member->name) : 0;
        if (slash != NULL && member->length - at == length && memcmp(slash, wanted, length) == 0) {
            a->prefix = member->name;
            a->prefix_length = at + 1;
            return member;
        }
    }
    return NULL;
}

static bool is_text(const native_zip_member *member, const char *text) {
    size_t length = strlen(text);
    return member->bytes >= length && memcmp(member->data, text, length) == 0 &&
           (member->bytes == length || (member->bytes == length + 1 && member->data[length] == '\n'));
}

static bool check_byte_order(const torch_archive *a, const char *path, native_error *error) {
    const native_zip_member *order = find_member(a, "byteorder"); /* since PyTorch 2.0 */
    if (order == NULL || is_text(order, "little")) {
        return true;
    }
    return native_fail(error, NATIVE_EXIT_INPUT,
                       "%.3000s: its numbers are %s: save it again on a little-endian machine", path,
                       is_text(order, "big") ? "big-endian" : "in an unknown byte order");
}

static bool read_archive(native_torch_file *file, torch_archive *a, native_error *error) {
    const char *path = file->map.path;
    const native_zip_member *pickle = find_pickle(a);
    if (pickle == NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s: a zip archive, but not one of torch.save: it has no data.pkl", path);
    }
    if (find_member(a, "constants.pkl") != NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "%.3000s: a TorchScript program is not read: save its state_dict() instead", path);
    }
    native_pickle_source source = {.path = path, .find = find_storage, .context = a};
    if (!check_byte_order(a, path, error) ||
        !native_state_dict_read(&source, pickle->data, pickle->bytes, &file->table, &file->names, error)) {
        return false;
    }
    const char *twice = native_tensor_table_sort(&file->table);
    return twice == NULL ||
           native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: tensor %.200s occurs twice", path, twice);
}

/* The legacy form begins with a pickle of this number: PROTO 2, LONG1 of 10 bytes. */
static bool is_legacy(const native_file_map *map) {
    static const unsigned char magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c,
                                          0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    return map->bytes >= sizeof magic && memcmp(map->data, magic, sizeof magic) == 0;
}

bool native_torch_file_open(native_torch_file *file, const char *path, native_error *error) {
    memset(file, 0, sizeof *file);
    torch_archive a = {.prefix = NULL};
    bool ok = native_file_map_open(&file->map, path, error);
    if (ok && is_legacy(&file->map)) {
        ok = native_fail(error, NATIVE_EXIT_INPUT,
                         "%.3000s: the legacy form of torch.save (before PyTorch 1.6) is not read: load it "
                         "and save it again",
                         path);
    }
    ok = ok && native_zip_archive_open(&a.archive, &file->map, error) && read_archive(file, &a, error);
    native_zip_archive_close(&a.archive);
    if (!ok) {
        native_torch_file_close(file);
    }
    return ok;
}

void native_torch_file_close(native_torch_file *file) {
    native_tensor_table_free(&file->table);
    free(file->names);
    file->names = NULL;
    native_file_map_close(&file->map);
}
