/* Names of kernels: long ones are demangled, those without an end are cut, and nothing mangled goes by silently. */
#include "analysis/names/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs what is above */
#include <cmocka.h>

#include "analysis/names/demangle_nsys.h"
#include "analysis/names/kernel_display_name.h"

/* f<argument_of_40_characters_..., ..., last>() with `count` arguments; as it is mangled, and as it is printed. */
static void make_long_name(char *mangled, char *printed, size_t count, unsigned last) {
    mangled += sprintf(mangled, "_Z1fI");
    printed += sprintf(printed, "void f<");
    for (size_t i = 0; i < count; i++) {
        char name[64];
        int len =
            sprintf(name, "cutlass_argument_of_a_kernel_%u", (unsigned)(i + 1 == count ? 1000 + last : i));
        mangled += sprintf(mangled, "%d%s", len, name);
        printed += sprintf(printed, "%s%s", i ? ", " : "", name);
    }
    sprintf(mangled, "Evv");
    sprintf(printed, ">()");
}

static void long_names_are_demangled(void **state) {
    (void)state;
    static char mangled[40000], printed[40000];
    /* libiberty alone refuses more than 1,024 characters. */
    static const size_t counts[] = {10, 100, 400};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        make_long_name(mangled, printed, counts[i], 7);
        char *name = names_demangle(mangled, DMGL_PARAMS | DMGL_ANSI),
             *full = names_kernel_signature(mangled);
        assert_string_equal(name, printed);
        assert_string_equal(full, printed);
        free(name);
        free(full);
        char *nsys = names_kernel_demangled(mangled);
        assert_memory_equal(nsys, "void f<", 7);
        free(nsys);
    }
}

static void long_names_differ_at_their_end(void **state) {
    (void)state;
    static char a[40000], b[40000], ignored[40000];
    make_long_name(a, ignored, 100, 7);
    make_long_name(b, ignored, 100, 8);
    char *name_a = names_kernel_display(a, 60), *name_b = names_kernel_display(b, 60);
    assert_string_not_equal(name_a, name_b);
    free(name_a);
    free(name_b);
}

/* Each template argument has the one before it twice: 2^17 of the first in the last. */
static const char doubling[] =
    "_Z1fI1a1bIS0_S0_ES1_IS2_S2_ES1_IS3_S3_ES1_IS4_S4_ES1_IS5_S5_ES1_IS6_S6_ES1_IS7_S7_ES1_IS8_S8_ES1_IS9_S9_"
    "ES1_ISA_SA_ES1_ISB_SB_ES1_ISC_SC_ES1_ISD_SD_ES1_ISE_SE_ES1_ISF_SF_ES1_ISG_SG_ES1_ISH_SH_EEvv";

static void names_without_end_are_cut(void **state) {
    (void)state;
    char *name = names_demangle(doubling, DMGL_PARAMS | DMGL_ANSI);
    assert_true(strlen(name) < 2000);
    assert_memory_equal(name, "void f<a, b<a, a>", 17);
    assert_non_null(strstr(name, "...[cut]"));
    free(name);
    char *nsys = names_kernel_demangled(doubling), *display = names_kernel_display(doubling, 40);
    assert_true(strlen(nsys) < 2000);
    assert_memory_equal(nsys, "void f<a, b<a, a>", 17);
    assert_memory_equal(display, "f<a, b<a, a>", 12);
    free(nsys);
    free(display);
    char deep[5010] = "_Z1f"; /* pointers to pointers, deeper than libiberty prints */
    memset(deep + 4, 'P', 5000);
    deep[5004] = 'i';
    name = names_demangle(deep, DMGL_PARAMS | DMGL_ANSI);
    assert_memory_equal(name, "f(", 2);
    assert_non_null(strstr(name, "...[cut]"));
    free(name);
}

static void what_is_not_parsed_says_so(void **state) {
    (void)state;
    static char mangled[40000], printed[40000];
    make_long_name(mangled, printed, 1000, 7);
    char *name = names_demangle(mangled, DMGL_ANSI), expected[64];
    snprintf(expected, sizeof expected, "[mangled, %zu bytes]", strlen(mangled));
    assert_non_null(strstr(name, expected));
    free(name);
    assert_null(names_demangle("gemm", DMGL_ANSI));
    assert_null(names_demangle("_Znonsense", DMGL_ANSI));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_names_are_demangled),
        cmocka_unit_test(long_names_differ_at_their_end),
        cmocka_unit_test(names_without_end_are_cut),
        cmocka_unit_test(what_is_not_parsed_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
