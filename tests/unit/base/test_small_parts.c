/* The map, and text that fits. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/text.h"
#include "analysis/base/u64_map.h"

static void map_agrees_with_a_list(void **state) {
    (void)state;
    enum { KEYS = 512 };
    uint32_t want[KEYS];
    base_map map = {0};
    memset(want, 0xff, sizeof want);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        uint64_t key = (uint64_t)(rand() % KEYS);
        uint32_t value = rand() % 3 ? (uint32_t)rand() : BASE_NONE;
        base_map_put(&map, key << 40, value);
        want[key] = value;
    }
    for (uint64_t key = 0; key < KEYS; key++) {
        assert_int_equal(base_map_get(&map, key << 40), want[key]);
    }
    base_map_free(&map);
}

static void text_is_shortened_by_characters(void **state) {
    (void)state;
    char *s = base_text_shorten("abcdefghijklmnop", 10);
    assert_string_equal(s, "abcdef...p");
    free(s);
    s = base_text_shorten("short", 10);
    assert_string_equal(s, "short");
    free(s);
    s = base_text_shorten("ééééééééééééé", 10); /* two bytes each */
    assert_int_equal(base_text_width(s), 10);
    assert_string_equal(s, "éééééé...é");
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_agrees_with_a_list),
        cmocka_unit_test(text_is_shortened_by_characters),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
