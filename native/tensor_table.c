/* Tables of tensors; see tensor_table.h. */
#include "native/tensor_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool native_tensor_table_add(native_tensor_table *table, const native_entry *entry) {
    if (table->count == table->room) {
        size_t room = table->room * 2 + 16;
        native_entry *entries = realloc(table->entries, room * sizeof *entries);
        if (entries == NULL) {
            return false;
        }
        table->entries = entries;
        table->room = room;
    }
    table->entries[table->count++] = *entry;
    return true;
}

static int compare_entry_names(const void *a, const void *b) {
    return strcmp(((const native_entry *)a)->name, ((const native_entry *)b)->name);
}

const char *native_tensor_table_sort(native_tensor_table *table) {
    if (table->count > 0) {
        qsort(table->entries, table->count, sizeof *table->entries, compare_entry_names);
    }
    for (size_t i = 1; i < table->count; i++) {
        if (strcmp(table->entries[i - 1].name, table->entries[i].name) == 0) {
            return table->entries[i].name;
        }
    }
    return NULL;
}

native_entry *native_tensor_table_find(const native_tensor_table *table, const char *name) {
    native_entry wanted = {.name = name};
    return table->count == 0
               ? NULL
               : bsearch(&wanted, table->entries, table->count, sizeof wanted, compare_entry_names);
}

void native_tensor_table_free(native_tensor_table *table) {
    free(table->entries);
    memset(table, 0, sizeof *table);
}

void native_entry_set_contiguous(native_entry *entry) {
    int64_t step = 1;
    for (int i = entry->ndim - 1; i >= 0; i--) {
        entry->stride[i] = step;
        step *= entry->size[i] > 0 ? entry->size[i] : 1;
    }
}

bool native_entry_is_contiguous(const native_entry *entry) {
    int64_t step = 1;
    for (int i = entry->ndim - 1; i >= 0; i--) {
        if (entry->size[i] != 1 && entry->stride[i] != step) {
            return false;
        }
        step *= entry->size[i];
    }
    return true;
}

void native_shape_text(char *text, size_t room, int ndim, const int64_t *size) {
    size_t used = (size_t)snprintf(text, room, "[");
    for (int i = 0; i < ndim && used < room; i++) {
        used += (size_t)snprintf(text + used, room - used, i == 0 ? "%lld" : ", %lld", (long long)size[i]);
    }
    if (used < room) {
        snprintf(text + used, room - used, "]");
    }
}
