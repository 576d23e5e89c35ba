/* The list that a signal's handler walks. Its entries are never freed, and a path belongs to whoever takes it
 * out of its entry by an exchange; so the handler needs no lock, and finds no freed memory. */
#include "analysis/base/temporary_files.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES_TRIED 100

typedef struct entry entry;
struct entry {
    entry *next;
    _Atomic(char *) path; /* NULL: free for another */
    atomic_bool folder;
};

static _Atomic(entry *) entries;
static atomic_int writer;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of those that register and forget */

/* ---- The end by a signal ---- */

static void remove_all(bool folders) {
    for (entry *e = atomic_load(&entries); e; e = e->next) {
        char *path = atomic_load(&e->folder) == folders ? atomic_exchange(&e->path, NULL) : NULL;
        if (path) {
            (void)(folders ? rmdir(path) : unlink(path));
        }
    }
}

static void remove_and_end(int number) {
    pid_t child = atomic_exchange(&writer, 0);
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    remove_all(false);
    remove_all(true);
    raise(number); /* the handler was reset: this ends the program as if there had been none */
}

static void do_nothing(int number) {
    (void)number;
}

/* What the program was told to ignore stays ignored. */
static void set_handler(int number, void (*handler)(int), int flags) {
    struct sigaction before, now = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&now.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
        sigaction(number, &now, NULL);
    }
}

static void set_handlers(void) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        set_handler(numbers[i], remove_and_end, (int)SA_RESETHAND | SA_NODEFER);
    }
    set_handler(SIGXFSZ, do_nothing, SA_RESTART); /* so that writing fails, and says why */
}

/* ---- The list ---- */

void base_temporary_register(const char *path, bool folder) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_handlers);
    pthread_mutex_lock(&lock);
    entry *e = atomic_load(&entries);
    while (e && atomic_load(&e->path)) {
        e = e->next;
    }
    bool is_new = !e;
    if (is_new) {
        e = base_alloc(1, sizeof *e);
        e->next = atomic_load(&entries);
    }
    atomic_store(&e->folder, folder);
    atomic_store(&e->path, base_copy(path, strlen(path)));
    if (is_new) {
        atomic_store(&entries, e);
    }
    pthread_mutex_unlock(&lock);
}

void base_temporary_forget(const char *path) {
    pthread_mutex_lock(&lock);
    for (entry *e = atomic_load(&entries); e; e = e->next) {
        char *mine = atomic_load(&e->path);
        if (mine && strcmp(mine, path) == 0) {
            if (atomic_compare_exchange_strong(&e->path, &mine, NULL)) {
                free(mine);
            }
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

void base_temporary_writer(pid_t child) {
    atomic_store(&writer, child);
}

/* ---- Files ---- */

/* Six letters that are unlikely to be in use. */
static void choose_letters(char *to) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    unsigned char random[6];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        memset(random, 0, sizeof random);
    }
    for (size_t i = 0; i < sizeof random; i++) {
        to[i] = letters[random[i] % 64];
    }
}

static int make_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static int make_folder(const char *path) {
    return mkdir(path, 0700);
}

/* Makes a file or folder of the first name that is free: its descriptor, or 0. */
static int make_beside(const char *path, bool folder, char **name) {
    size_t len = strlen(path);
    char *text = base_alloc(len + 8, 1);
    int made = -1, why = EEXIST;
    memcpy(text, path, len);
    text[len] = '.';
    for (int i = 0; i < NAMES_TRIED && made < 0 && why == EEXIST; i++) {
        choose_letters(text + len + 1);
        base_temporary_register(text, folder);
        made = folder ? make_folder(text) : make_file(text);
        why = errno;
        if (made < 0) {
            base_temporary_forget(text);
        }
    }
    if (made < 0) {
        free(text);
        errno = why;
        return -1;
    }
    *name = text;
    return made;
}

int base_temporary_beside(const char *path, char **name) {
    return make_beside(path, false, name);
}

int base_temporary_folder_beside(const char *path, char **name) {
    return make_beside(path, true, name);
}

FILE *base_temporary_unnamed(void) {
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        size_t size = strlen(folder) + sizeof "/moetrace.XXXXXX";
        char *name = base_alloc(size, 1);
        snprintf(name, size, "%s/moetrace.XXXXXX", folder);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
        free(name);
    }
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");
    if (fd >= 0 && !file) {
        close(fd);
    }
    return file;
}
