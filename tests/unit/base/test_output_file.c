/* Output files: whole or not at all, never onto an input, and over nobody else's file. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/output_file.h"
#include "analysis/base/temporary_files.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/moetrace-outputs.XXXXXX";

static bool begins_with_mark(const char *path, const char *head, size_t len) {
    (void)path;
    return len >= 5 && memcmp(head, "mark ", 5) == 0;
}

static const base_output_kind kind = {"a marked file", begins_with_mark};

static int enter_folder(void **state) {
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/* How many files the folder has; with `remove`, they are removed. */
static int count_files(bool remove) {
    int count = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] != '.') {
            count++;
            if (remove && unlink(e->d_name) != 0) {
                rmdir(e->d_name);
            }
        }
    }
    closedir(dir);
    return count;
}

static int empty_folder(void **state) {
    (void)state;
    count_files(true);
    return 0;
}

static int leave_folder(void **state) {
    empty_folder(state);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void assert_holds(const char *path, const char *text) {
    char bytes[100] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    bytes[fread(bytes, 1, sizeof bytes - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(bytes, text);
}

static int write_text(const base_outputs *outputs, const char *path, char error[TRACE_ERROR_BYTES]) {
    return base_output_write(outputs, path, &kind, "mark new", 8, error);
}

static void assert_refused(const base_outputs *outputs, const char *path, const char *why) {
    char error[TRACE_ERROR_BYTES] = "";
    int files = count_files(false);
    assert_int_equal(write_text(outputs, path, error), -1);
    assert_non_null(strstr(error, why));
    assert_int_equal(count_files(false), files);
}

static void only_own_files_are_replaced(void **state) {
    (void)state;
    char error[TRACE_ERROR_BYTES];
    base_outputs outputs = {0};
    assert_int_equal(write_text(&outputs, "new", error), 0);
    assert_holds("new", "mark new");
    put("old", "mark old");
    assert_int_equal(write_text(&outputs, "old", error), 0);
    assert_holds("old", "mark new");
    put("empty", "");
    assert_int_equal(write_text(&outputs, "empty", error), 0);
    put("precious", "of somebody else");
    assert_refused(&outputs, "precious", "is not a marked file that moetrace wrote");
    assert_holds("precious", "of somebody else");
    outputs.force = true;
    assert_int_equal(write_text(&outputs, "precious", error), 0);
    assert_holds("precious", "mark new");
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_refused(&outputs, "directory", "is not a regular file");
    assert_refused(&outputs, "pipe", "is not a regular file");
    assert_refused(&outputs, "no/such/file", "cannot be written: No such file");
}

static void inputs_are_never_written(void **state) {
    (void)state;
    base_outputs outputs = {.force = true};
    put("input", "mark input");
    assert_int_equal(link("input", "hard"), 0);
    assert_int_equal(symlink("input", "soft"), 0);
    assert_int_equal(symlink("soft", "softer"), 0);
    base_outputs_protect(&outputs, "softer");
    base_outputs_protect(&outputs, "missing");
    base_outputs_protect(&outputs, NULL);
    static const char *const names[] = {"input", "hard", "soft", "softer", "./input"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_refused(&outputs, names[i], "is an input");
    }
    assert_holds("input", "mark input");
    base_outputs_free(&outputs);
}

/* A link stays, and what it leads to is replaced; one that leads nowhere is not followed. */
static void links_stay(void **state) {
    (void)state;
    char error[TRACE_ERROR_BYTES];
    base_outputs outputs = {0};
    struct stat st;
    put("file", "mark old");
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(write_text(&outputs, "link", error), 0);
    assert_holds("file", "mark new");
    assert_true(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
    assert_int_equal(symlink("nothing", "dangling"), 0);
    assert_refused(&outputs, "dangling", "cannot be written");
}

static void two_outputs_have_two_names(void **state) {
    (void)state;
    char error[TRACE_ERROR_BYTES];
    base_outputs outputs = {0};
    assert_true(base_outputs_allow(&outputs, "one", &kind, error));
    assert_true(base_outputs_allow(&outputs, "two", &kind, error));
    assert_false(base_outputs_allow(&outputs, "./one", &kind, error));
    assert_non_null(strstr(error, "two outputs"));
    base_outputs_free(&outputs);
}

/* The kernel applies the umask of the process, and nothing changes it. */
static void rights_are_those_of_any_file(void **state) {
    (void)state;
    char error[TRACE_ERROR_BYTES];
    base_outputs outputs = {0};
    struct stat st;
    mode_t before = umask(027);
    assert_int_equal(write_text(&outputs, "file", error), 0);
    assert_int_equal(umask(before), 027);
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void a_failed_file_is_gone(void **state) {
    (void)state;
    char error[TRACE_ERROR_BYTES] = "why";
    base_outputs outputs = {0};
    base_output_file file;
    put("old", "mark old");
    assert_true(base_output_begin(&file, &outputs, "old", &kind, error));
    assert_int_equal(count_files(false), 2);
    assert_int_equal(base_output_finish(&file, false, error), -1);
    assert_string_equal(error, "why");
    assert_int_equal(count_files(false), 1);
    assert_holds("old", "mark old");
}

/* A child that makes temporary files and a folder with one in it, renames one, and ends by a signal. */
static void a_signal_leaves_nothing(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t child = fork();
        if (child == 0) {
            char error[TRACE_ERROR_BYTES], *name, *inside = NULL;
            base_outputs outputs = {0};
            base_output_file file;
            bool good = base_output_write(&outputs, "kept", &kind, "mark kept", 9, error) == 0 &&
                        base_output_begin(&file, &outputs, "file", &kind, error) &&
                        base_temporary_folder_beside("folder", &name) == 0 &&
                        asprintf(&inside, "%s/file", name) > 0;
            if (!good) {
                _exit(1);
            }
            base_temporary_register(inside, false);
            put(inside, "text");
            if (count_files(false) == 3) {
                raise(signals[i]);
            }
            _exit(1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_int_equal(count_files(false), 1);
        assert_int_equal(access("kept", F_OK), 0);
    }
}

static void ignored_signals_stay_ignored(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGHUP, SIG_IGN);
        char error[TRACE_ERROR_BYTES];
        base_outputs outputs = {0};
        base_output_file file;
        bool good = base_output_begin(&file, &outputs, "file", &kind, error);
        raise(SIGHUP);
        _exit(good && base_output_finish(&file, true, error) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(access("file", F_OK), 0);
}

static void unnamed_files_obey_tmpdir(void **state) {
    (void)state;
    const char *was = getenv("TMPDIR");
    char *before = was ? strdup(was) : NULL;
    struct stat of_file = {0}, of_folder = {0};
    setenv("TMPDIR", folder, 1);
    FILE *f = base_temporary_unnamed();
    assert_non_null(f);
    assert_true(fstat(fileno(f), &of_file) == 0 && stat(folder, &of_folder) == 0);
    assert_int_equal(of_file.st_dev, of_folder.st_dev);
    assert_int_equal(of_file.st_nlink, 0);
    fclose(f);
    setenv("TMPDIR", "/no/such/folder", 1);
    assert_null(base_temporary_unnamed());
    if (before) {
        setenv("TMPDIR", before, 1);
    } else {
        unsetenv("TMPDIR");
    }
    free(before);
}

#define TEST(name) cmocka_unit_test_setup(name, empty_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_own_files_are_replaced),
        TEST(inputs_are_never_written),
        TEST(links_stay),
        TEST(two_outputs_have_two_names),
        TEST(rights_are_those_of_any_file),
        TEST(a_failed_file_is_gone),
        TEST(a_signal_leaves_nothing),
        TEST(ignored_signals_stay_ignored),
        TEST(unnamed_files_obey_tmpdir),
    };
    return cmocka_run_group_tests_name("base: output files", tests, enter_folder, leave_folder);
}
