/* Loads the requests of a run; see request_list.h. */
#include "native/request_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_REQUESTS = 1000 };

static bool check_positions(const native_request *r, const native_options *o, const native_config *c,
                            native_error *error) {
    return r->tokens + o->new_tokens - 1 <= c->positions ||
           native_fail(error, NATIVE_EXIT_INPUT,
                       "request %.200s: %lld prompt tokens and %lld new ones do not fit into the model's "
                       "%lld positions: lower "
                       "--max-new-tokens",
                       r->name, (long long)r->tokens, (long long)o->new_tokens, (long long)c->positions);
}

/* Room for one request more; NULL with the error set. */
static native_request *add_request(native_request_list *list, native_error *error) {
    if (list->count == MAX_REQUESTS) {
        native_fail(error, NATIVE_EXIT_INPUT, "more than %d requests", MAX_REQUESTS);
        return NULL;
    }
    native_request *requests = realloc(list->requests, (size_t)(list->count + 1) * sizeof *requests);
    if (requests == NULL) {
        native_fail(error, NATIVE_EXIT_FAILED, "out of memory for the requests");
        return NULL;
    }
    list->requests = requests;
    memset(&requests[list->count], 0, sizeof *requests);
    return &requests[list->count];
}

static bool add_file(native_request_list *list, const char *path, const native_config *config,
                     native_error *error) {
    native_request *request = add_request(list, error);
    if (request == NULL || !native_request_load(request, path, config, error)) {
        return false;
    }
    list->count++;
    return true;
}

static int is_request_name(const struct dirent *entry) {
    static const char suffix[] = ".safetensors";
    size_t length = strlen(entry->d_name), tail = sizeof suffix - 1;
    return entry->d_name[0] != '.' && length > tail && strcmp(entry->d_name + length - tail, suffix) == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_directory(native_request_list *list, const char *folder, const native_config *config,
                          native_error *error) {
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_request_name, compare_names);
    if (count < 0) {
        return native_fail(error, NATIVE_EXIT_INPUT, "cannot read %.3000s: %s", folder, strerror(errno));
    }
    bool ok = count > 0 || native_fail(error, NATIVE_EXIT_INPUT,
                                       "%.3000s holds no request: it needs files NAME.safetensors", folder);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        ok = ok &&
             ((size_t)length < sizeof path ||
              native_fail(error, NATIVE_EXIT_INPUT, "the path %.200s... is too long", folder)) &&
             add_file(list, path, config, error);
        free(names[i]);
    }
    free(names);
    return ok;
}

static bool add_path(native_request_list *list, const char *path, const native_config *config,
                     native_error *error) {
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    return folder ? add_directory(list, path, config, error) : add_file(list, path, config, error);
}

static bool add_default(native_request_list *list, const native_config *config, native_error *error) {
    native_request *request = add_request(list, error);
    if (request == NULL || !native_request_default(request, config, error)) {
        return false;
    }
    list->count++;
    return true;
}

bool native_request_list_load(native_request_list *list, const native_options *options,
                              const native_config *config, native_error *error) {
    memset(list, 0, sizeof *list);
    bool ok = options->request_count > 0 || add_default(list, config, error);
    for (int i = 0; i < options->request_count && ok; i++) {
        ok = add_path(list, options->requests[i], config, error);
    }
    for (int64_t i = 0; i < list->count && ok; i++) {
        ok = check_positions(&list->requests[i], options, config, error);
    }
    return ok;
}

void native_request_list_free(native_request_list *list) {
    for (int64_t i = 0; i < list->count; i++) {
        native_request_free(&list->requests[i]);
    }
    free(list->requests);
    memset(list, 0, sizeof *list);
}

int64_t native_request_list_tokens(const native_request_list *list) {
    int64_t first = list->requests[0].tokens;
    for (int64_t i = 1; i < list->count; i++) {
        if (list->requests[i].tokens != first) {
            return -1;
        }
    }
    return first;
}

int64_t native_request_list_crops(const native_request_list *list) {
    int64_t first = list->requests[0].crops;
    for (int64_t i = 1; i < list->count; i++) {
        if (list->requests[i].crops != first) {
            return -1;
        }
    }
    return first;
}
