/* Fields of CSV files, and numbers as programs read them. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/csv.h"
#include "analysis/base/number_text.h"

#include <math.h>

/* A text as a field; the caller frees it. */
static char *field_of(const char *text) {
    char *bytes = NULL;
    size_t len;
    FILE *f = open_memstream(&bytes, &len);
    base_csv_text(f, text);
    fclose(f);
    return bytes;
}

static void texts_are_quoted_where_needed(void **state) {
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"axpy", "axpy"},
        {"", ""},
        {"f<1, 2>", "\"f<1, 2>\""},
        {"say \"x\"", "\"say \"\"x\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"=1+1", "'=1+1"},
        {"+a", "'+a"},
        {"-a", "'-a"},
        {"-", "-"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "'\tx"},
        {"=HYPERLINK(\"u\",\"t\")", "\"'=HYPERLINK(\"\"u\"\",\"\"t\"\")\""},
        {"a=1", "a=1"},
        {"\xe9", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *field = field_of(cases[i].text);
        assert_string_equal(field, cases[i].field);
        free(field);
    }
}

static void numbers_keep_all_their_digits(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {1000000, "1000000"},
        {123456789012, "123456789012"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {-2.5, "-2.5"},
        {0, "0"},
    };
    char text[BASE_NUMBER_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(base_number_text(text, cases[i].value), cases[i].text);
    }
    assert_string_equal(base_number_text(text, NAN), "");
    srand(3);
    for (int i = 0; i < 100000; i++) {
        double value = ldexp((double)rand() / 7, rand() % 2000 - 1000);
        assert_true(strtod(base_number_text(text, value), NULL) == value);
    }
    base_number_text(text, -1.7976931348623157e308); /* the longest */
    assert_true(strlen(text) < BASE_NUMBER_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_quoted_where_needed),
        cmocka_unit_test(numbers_keep_all_their_digits),
    };
    return cmocka_run_group_tests_name("base: CSV", tests, NULL, NULL);
}
