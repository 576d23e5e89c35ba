/* See warn_once.h. */
#include "preload/warn_once.h"

#include "preload/lock.h"
#include "preload/metadata.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    dev_t device; /* standard error's file at the start */
    ino_t inode;
} standard_error;

void preload_warn_init(void) {
    struct stat st;
    if (fstat(STDERR_FILENO, &st) == 0) {
        standard_error.device = st.st_dev;
        standard_error.inode = st.st_ino;
    }
}

/* The target may have redirected standard error, or it may be a pipe without a reader: the warning is not printed then.
 * The write never blocks, and the target gets no SIGPIPE. */
static void write_warning(const char *text) {
    char line[600];
    int len = snprintf(line, sizeof line, "moetrace: %s\n", text);
    struct stat st;
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (len < 0 || fstat(STDERR_FILENO, &st) || st.st_dev != standard_error.device ||
        st.st_ino != standard_error.inode || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)) {
        return;
    }
    sigset_t before;
    preload_block_signals(&before);
    bool pended = preload_signal_pends(SIGPIPE);
    if (write(STDERR_FILENO, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1) < 0) {
        preload_swallow_signal(SIGPIPE, pended);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void preload_warn_once(const char *topic, const char *format, ...) {
    static const char *_Atomic said[16];
    char text[512], key[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(key, sizeof key, "note.%s", topic);
    preload_metadata_set(key, text); /* also in a fork's child, for messages that its parent has printed */
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const char *other = NULL;
        if (atomic_compare_exchange_strong(&said[i], &other, topic)) {
            write_warning(text);
            return;
        }
        if (strcmp(other, topic) == 0) {
            return;
        }
    }
}
