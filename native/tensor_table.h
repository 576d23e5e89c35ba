/* The tensors that a file holds, by name. */
#ifndef NATIVE_TENSOR_TABLE_H
#define NATIVE_TENSOR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NATIVE_ENTRY_DIMS = 6 };

/* A tensor of a file, in the file's mapped bytes. */
typedef struct {
    const char *name;  /* owned by the file */
    const char *file;  /* its path */
    const char *dtype; /* as in safetensors: "F32", "BF16", "F16", "I64", "I32", ... */
    int ndim;
    bool used; /* free for the caller */
    int64_t size[NATIVE_ENTRY_DIMS];
    int64_t stride[NATIVE_ENTRY_DIMS]; /* in elements */
    const void *data;                  /* of the first element; may be unaligned */
    size_t bytes;                      /* from the first to the last element */
} native_entry;

typedef struct {
    native_entry *entries;
    size_t count, room;
} native_tensor_table;

/* Appends a copy. False: out of memory. */
bool native_tensor_table_add(native_tensor_table *table, const native_entry *entry);

/* Sorts by name. Returns a name that occurs twice, or NULL. */
const char *native_tensor_table_sort(native_tensor_table *table);

/* Finds a name in a sorted table; NULL if there is none. */
native_entry *native_tensor_table_find(const native_tensor_table *table, const char *name);

void native_tensor_table_free(native_tensor_table *table);

/* Sets the strides of a contiguous tensor with the entry's sizes. */
void native_entry_set_contiguous(native_entry *entry);
bool native_entry_is_contiguous(const native_entry *entry);

/* Formats a shape, such as "[2, 64]", into `room` bytes of `text`. */
void native_shape_text(char *text, size_t room, int ndim, const int64_t *size);

#endif
