/* Reads the directory of zip archives; see zip_archive.h. */
#include "native/zip_archive.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    END_BYTES = 22, /* the end record, without its comment */
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46, /* of the directory, without name, extra field and comment */
    LOCAL_BYTES = 30,
    MAX_COMMENT = 65535,
};

static uint64_t read_little(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
        value = value << 8 | at[i];
    }
    return value;
}

static bool has_signature(const unsigned char *at, int third, int fourth) {
    return at[0] == 'P' && at[1] == 'K' && at[2] == third && at[3] == fourth;
}

/* Where the directory lies. */
typedef struct {
    const native_file_map *map;
    native_error *error;
    uint64_t count, bytes, start;
} directory_place;

static bool fail_zip(const directory_place *place, const char *wrong) {
    return native_fail(place->error, NATIVE_EXIT_INPUT, "%.3000s: %s", place->map->path, wrong);
}

/* The last end record whose comment reaches exactly to the file's end. */
static const unsigned char *find_end_record(const native_file_map *map) {
    for (size_t comment = 0; comment <= MAX_COMMENT && comment + END_BYTES <= map->bytes; comment++) {
        const unsigned char *at = map->data + map->bytes - END_BYTES - comment;
        if (has_signature(at, 5, 6) && read_little(at + 20, 2) == comment) {
            return at;
        }
    }
    return NULL;
}

/* The numbers of the zip64 end record, where there is one. */
static bool read_end64_record(directory_place *place, const unsigned char *end) {
    size_t before = (size_t)(end - place->map->data);
    if (before < LOCATOR_BYTES || !has_signature(end - LOCATOR_BYTES, 6, 7)) {
        return true;
    }
    uint64_t at = read_little(end - LOCATOR_BYTES + 8, 8);
    if (at > before - LOCATOR_BYTES || before - LOCATOR_BYTES - at < END64_BYTES) {
        return fail_zip(place, "its zip64 end record lies beyond the file, which seems to be cut");
    }
    const unsigned char *record = place->map->data + at;
    if (!has_signature(record, 6, 6) || read_little(record + 16, 4) != 0 ||
        read_little(record + 20, 4) != 0) {
        return fail_zip(place, "its zip64 end record is invalid");
    }
    place->count = read_little(record + 32, 8);
    place->bytes = read_little(record + 40, 8);
    place->start = read_little(record + 48, 8);
    return true;
}

static bool find_directory(directory_place *place) {
    const native_file_map *map = place->map;
    const unsigned char *end = find_end_record(map);
    if (end == NULL) {
        return fail_zip(place,
                        "not a file of torch.save, or one that is cut: it has no end of a zip archive");
    }
    if (read_little(end + 4, 2) != 0 || read_little(end + 6, 2) != 0) {
        return fail_zip(place, "a zip archive in several files is not read");
    }
    place->count = read_little(end + 10, 2);
    place->bytes = read_little(end + 12, 4);
    place->start = read_little(end + 16, 4);
    if (!read_end64_record(place, end)) {
        return false;
    }
    if (place->start > map->bytes || place->bytes > map->bytes - place->start) {
        return fail_zip(place, "its zip directory lies beyond the file, which seems to be cut");
    }
    return place->count <= place->bytes / ENTRY_BYTES ||
           fail_zip(place, "its zip directory is too short for its members");
}

/* The 64-bit numbers of an extra field, in this order, for those that are all ones in the entry itself. */
static bool read_zip64_field(const unsigned char *extra, size_t length, uint64_t *const *numbers,
                             const bool *wanted) {
    while (length >= 4) {
        size_t id = (size_t)read_little(extra, 2), bytes = (size_t)read_little(extra + 2, 2);
        extra += 4;
        length -= 4;
        if (bytes > length) {
            return false;
        }
        for (int i = 0; i < 3 && id == 1; i++) {
            if (wanted[i]) {
                if (bytes < 8) {
                    return false;
                }
                *numbers[i] = read_little(extra, 8);
                extra += 8;
                length -= 8;
                bytes -= 8;
            }
        }
        if (id == 1) {
            return true;
        }
        extra += bytes;
        length -= bytes;
    }
    return false;
}

/* Finds the member's bytes behind its local header. NULL, or what is wrong. */
static const char *place_member(const directory_place *place, native_zip_member *member, uint64_t local,
                                uint64_t stored) {
    const native_file_map *map = place->map;
    if (local > place->start || place->start - local < LOCAL_BYTES) {
        return "lies beyond the directory";
    }
    const unsigned char *header = map->data + local;
    uint64_t room = place->start - local - LOCAL_BYTES;
    uint64_t names = read_little(header + 26, 2) + read_little(header + 28, 2);
    if (!has_signature(header, 3, 4)) {
        return "has no header";
    }
    if (names > room || stored > room - names) {
        return "lies beyond the directory";
    }
    if (read_little(header + 26, 2) != member->length ||
        memcmp(header + LOCAL_BYTES, member->name, member->length) != 0) {
        return "has a header with another name";
    }
    member->data = header + LOCAL_BYTES + names;
    member->bytes = (size_t)stored;
    return NULL;
}

/* One entry of the directory, `room` bytes of which are left. Its length; 0 with *wrong set. */
static size_t read_entry(const directory_place *place, const unsigned char *entry, size_t room,
                         native_zip_member *member, const char **wrong) {
    *wrong = "is cut";
    if (room < ENTRY_BYTES || !has_signature(entry, 1, 2)) {
        return 0;
    }
    size_t name = (size_t)read_little(entry + 28, 2), extra = (size_t)read_little(entry + 30, 2);
    size_t all = ENTRY_BYTES + name + extra + (size_t)read_little(entry + 32, 2);
    if (all > room) {
        return 0;
    }
    member->name = (const char *)entry + ENTRY_BYTES;
    member->length = name;
    uint64_t whole = read_little(entry + 24, 4), stored = read_little(entry + 20, 4),
             local = read_little(entry + 42, 4);
    uint64_t *const numbers[] = {&whole, &stored, &local};
    const bool wanted[] = {whole == UINT32_MAX, stored == UINT32_MAX, local == UINT32_MAX};
    bool wide = wanted[0] || wanted[1] || wanted[2];
    if (wide && !read_zip64_field(entry + ENTRY_BYTES + name, extra, numbers, wanted)) {
        *wrong = "has no valid zip64 field";
    } else if ((read_little(entry + 8, 2) & 1) != 0) {
        *wrong = "is encrypted";
    } else if (read_little(entry + 10, 2) != 0 || whole != stored) {
        *wrong = "is compressed, which torch.save does not do";
    } else {
        *wrong = place_member(place, member, local, stored);
    }
    return *wrong == NULL ? all : 0;
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length) {
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_members(const void *a, const void *b) {
    const native_zip_member *x = a, *y = b;
    return compare_names(x->name, x->length, y->name, y->length);
}

static bool read_members(native_zip_archive *archive, const directory_place *place) {
    const unsigned char *at = place->map->data + place->start;
    size_t room = (size_t)place->bytes;
    for (uint64_t i = 0; i < place->count; i++) {
        native_zip_member *member = &archive->members[archive->count];
        const char *wrong;
        size_t length = read_entry(place, at, room, member, &wrong);
        if (length == 0) {
            return native_fail(place->error, NATIVE_EXIT_INPUT, "%.3000s: member %.*s of the zip archive %s",
                               place->map->path, (int)(member->length < 200 ? member->length : 200),
                               member->name != NULL ? member->name : "", wrong);
        }
        archive->count++;
        at += length;
        room -= length;
    }
    return true;
}

bool native_zip_archive_open(native_zip_archive *archive, const native_file_map *map, native_error *error) {
    memset(archive, 0, sizeof *archive);
    directory_place place = {.map = map, .error = error};
    if (!find_directory(&place)) {
        return false;
    }
    archive->members = calloc((size_t)place.count + 1, sizeof *archive->members);
    if (archive->members == NULL) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory reading %.3000s", map->path);
    }
    bool ok = read_members(archive, &place);
    if (ok) {
        qsort(archive->members, archive->count, sizeof *archive->members, compare_members);
    }
    for (size_t i = 1; ok && i < archive->count; i++) {
        const native_zip_member *member = &archive->members[i];
        ok = compare_members(member - 1, member) != 0 ||
             native_fail(error, NATIVE_EXIT_INPUT, "%.3000s: member %.*s of the zip archive occurs twice",
                         map->path, (int)(member->length < 200 ? member->length : 200), member->name);
    }
    if (!ok) {
        native_zip_archive_close(archive);
    }
    return ok;
}

void native_zip_archive_close(native_zip_archive *archive) {
    free(archive->members);
    memset(archive, 0, sizeof *archive);
}

const native_zip_member *native_zip_archive_find(const native_zip_archive *archive, const char *prefix,
                                                 size_t prefix_length, const char *name, size_t name_length) {
    size_t low = 0, high = archive->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const native_zip_member *member = &archive->members[middle];
        size_t head = member->length < prefix_length ? member->length : prefix_length;
        int order = compare_names(member->name, head, prefix, prefix_length);
        if (order == 0) {
            order = compare_names(member->name + head, member->length - head, name, name_length);
        }
        if (order == 0) {
            return member;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
