/* Paths of ranges: deep and long ones stay apart, and no range has more time inside than the one around it. */
#include "tests/unit/trace_builder.h"

#define LEVELS 300

static void long_paths_stay_apart(void **state) {
    (void)state;
    metrics_range_paths paths;
    metrics_range_paths_init(&paths);
    char name[100];
    memset(name, 'x', sizeof name);
    names_entry entry = {.text = name, .len = sizeof name};
    uint32_t at = 0, above[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        above[i] = at;
        at = metrics_range_paths_child(&paths, at, &entry);
        assert_int_not_equal(at, above[i]);
        assert_int_equal(metrics_range_paths_child(&paths, above[i], &entry), at);
    }
    char *text = metrics_range_paths_text(&paths, at), *first = metrics_range_paths_text(&paths, above[1]);
    assert_int_equal(strlen(text), LEVELS * (sizeof name + 1) - 1);
    assert_memory_equal(first, name, sizeof name);
    assert_int_equal(strlen(first), sizeof name);
    free(text);
    free(first);
    metrics_range_paths_free(&paths);
}

static void numbers_become_stars(void **state) {
    (void)state;
    metrics_range_paths paths;
    metrics_range_paths_init(&paths);
    uint32_t a = metrics_range_paths_child(&paths, 0, &(names_entry){.text = "layer.31", .len = 8});
    uint32_t b = metrics_range_paths_child(&paths, 0, &(names_entry){.text = "layer.4", .len = 7});
    uint32_t c = metrics_range_paths_child(&paths, a, &(names_entry){.text = "expert.1.of.64", .len = 14});
    assert_int_equal(a, b);
    char *text = metrics_range_paths_text(&paths, c), *none = metrics_range_paths_text(&paths, 0);
    assert_string_equal(text, "layer.*/expert.*.of.*");
    assert_string_equal(none, "");
    free(text);
    free(none);
    metrics_range_paths_free(&paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_paths_stay_apart),
        cmocka_unit_test(numbers_become_stars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
