/* The members of a zip archive (PKWARE's APPNOTE.TXT 6.3), as torch.save writes it: stored, not compressed, with the zip64 extension
 * where sizes or counts need it. Only the directory is read; its checksums are not compared. Memory: one entry for each member, no
 * more than the directory takes in the file. */
#ifndef NATIVE_ZIP_ARCHIVE_H
#define NATIVE_ZIP_ARCHIVE_H

#include "native/file_map.h"

typedef struct {
    const char *name; /* in the file, not terminated */
    size_t length;    /* of the name */
    const unsigned char *data;
    size_t bytes;
} native_zip_member;

typedef struct {
    native_zip_member *members; /* sorted by name */
    size_t count;
} native_zip_archive;

/* Reads the directory of a mapped file, which must outlive the archive. On failure: false, status 2: no zip archive, one that is cut,
 * spans files or holds a name twice, or a member that is compressed, encrypted or beyond the file. */
bool native_zip_archive_open(native_zip_archive *archive, const native_file_map *map, native_error *error);
void native_zip_archive_close(native_zip_archive *archive);

/* Finds the member `prefix` followed by `name`; NULL if there is none. */
const native_zip_member *native_zip_archive_find(const native_zip_archive *archive, const char *prefix,
                                                 size_t prefix_length, const char *name, size_t name_length);

#endif
