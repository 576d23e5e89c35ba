/* UTF-8: what is a character, what is not, and the JSON reader's escapes. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/json_reader.h"
#include "analysis/base/utf8.h"

#define REPLACED "\xef\xbf\xbd"

/* Every code point comes back, and no sequence of another form is taken for one. */
static void code_points_come_back(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        char bytes[4];
        uint32_t read = 0;
        size_t len = base_utf8_encode(bytes, code);
        bool surrogate = code >= 0xd800 && code < 0xe000;
        assert_int_equal(base_utf8_decode(bytes, len, &read), len);
        assert_int_equal(read, surrogate ? 0xfffd : code);
        assert_int_equal(base_utf8_decode(bytes, len - 1, NULL), 0);
    }
}

static void bytes_that_are_none_are_replaced(void **state) {
    (void)state;
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"plain", "plain"},
        {"\xc3\xa9", "\xc3\xa9"},
        {"\xe9t\xe9", REPLACED "t" REPLACED},                      /* Latin-1 */
        {"\xc0\x80", REPLACED REPLACED},                           /* overlong */
        {"\xe0\x80\xaf", REPLACED REPLACED REPLACED},              /* overlong */
        {"\xf0\x80\x80\xaf", REPLACED REPLACED REPLACED REPLACED}, /* overlong */
        {"\xed\xa0\x80", REPLACED REPLACED REPLACED},              /* a surrogate */
        {"\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", REPLACED REPLACED REPLACED REPLACED}, /* likewise */
        {"\xe2\x82", REPLACED REPLACED},                           /* cut */
        {"a\x80z", "a" REPLACED "z"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        char *clean = base_utf8_clean(cases[i].text, &len);
        assert_int_equal(len, strlen(cases[i].clean));
        assert_string_equal(clean, cases[i].clean);
        free(clean);
    }
}

static void escapes_of_json_are_utf8(void **state) {
    (void)state;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac"},
        {"\"a\\ud83d\\ude00z\"", "a\xf0\x9f\x98\x80z"},
        {"\"\\ud83d\"", REPLACED},
        {"\"\\ude00x\"", REPLACED "x"},
        {"\"\\ud83d\\ud83d\\ude00\"", REPLACED "\xf0\x9f\x98\x80"},
        {"\"\\ud83d\\n\\u0041\"", REPLACED "\nA"},
        {"\"\\\\u0041\\\"\\/\"", "\\u0041\"/"},
        {"\"\\u0000\"", "?"},
    };
    base_json *j = base_alloc(1, sizeof *j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(j, 0, sizeof *j);
        j->file = fmemopen((void *)cases[i].json, strlen(cases[i].json), "r");
        assert_int_equal(base_json_next(j), BASE_JSON_TEXT_TOKEN);
        assert_string_equal(j->text, cases[i].text);
        assert_int_equal(base_json_next(j), BASE_JSON_END);
        fclose(j->file);
    }
    static const char *const wrong[] = {"\"\\u12\"", "\"\\", "\"\\ud83d\\u1\"", "\"abc"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memset(j, 0, sizeof *j);
        j->file = fmemopen((void *)wrong[i], strlen(wrong[i]), "r");
        assert_int_equal(base_json_next(j), BASE_JSON_ERROR);
        fclose(j->file);
    }
    free(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_points_come_back),
        cmocka_unit_test(bytes_that_are_none_are_replaced),
        cmocka_unit_test(escapes_of_json_are_utf8),
    };
    return cmocka_run_group_tests_name("base: UTF-8", tests, NULL, NULL);
}
