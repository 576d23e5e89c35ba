/* See metadata.h. */
#include "preload/metadata.h"

#include "preload/lock.h"

#include <string.h>

#define META_BYTES (32u << 10)
#define VALUE_MAX  8192u

static struct {
    pthread_mutex_t lock;
    char pairs[META_BYTES]; /* key, value, key, value, ..., each with its terminator */
    size_t len, taken;
} meta = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether the latest value of this key equals `value`. */
static bool is_latest_value(const char *key, const char *value, size_t value_len) {
    bool known = false;
    for (const char *p = meta.pairs; p < meta.pairs + meta.len;) {
        const char *v = p + strlen(p) + 1;
        size_t len = strlen(v);
        if (strcmp(p, key) == 0) {
            known = len == value_len && memcmp(v, value, len) == 0;
        }
        p = v + len + 1;
    }
    return known;
}

void preload_metadata_set(const char *key, const char *value) {
    size_t key_len = strlen(key), value_len = strnlen(value, VALUE_MAX);
    preload_lock(&meta.lock);
    if (META_BYTES - meta.len >= key_len + value_len + 2 && !is_latest_value(key, value, value_len)) {
        memcpy(meta.pairs + meta.len, key, key_len + 1);
        memcpy(meta.pairs + meta.len + key_len + 1, value, value_len);
        meta.len += key_len + value_len + 2;
        meta.pairs[meta.len - 1] = 0;
    }
    preload_unlock(&meta.lock);
}

void preload_metadata_take(trace_chunk *c, uint8_t *buf, size_t cap) {
    trace_chunk_begin(c, buf, cap, TRACE_CHUNK_META, 0, 0);
    preload_lock(&meta.lock);
    while (meta.taken < meta.len) {
        const char *key = meta.pairs + meta.taken, *value = key + strlen(key) + 1;
        size_t value_len = strlen(value);
        if (!trace_put_meta(c, key, value, value_len)) {
            break;
        }
        meta.taken = (size_t)(value + value_len + 1 - meta.pairs);
    }
    preload_unlock(&meta.lock);
}

void preload_metadata_again(void) {
    preload_lock(&meta.lock);
    meta.taken = 0;
    preload_unlock(&meta.lock);
}

void preload_metadata_after_fork(void) {
    pthread_mutex_init(&meta.lock, NULL);
    meta.len = meta.taken = 0;
}
