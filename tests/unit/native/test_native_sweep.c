/* The parts of run_native's sweep that need no libtorch: routing's order, medians, the command line, whole
 * files. */
#include "native/options.h"
#include "native/output.h"
#include "native/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void sort_by_expert(void **state) {
    (void)state;
    /* 3 tokens, 2 experts each, of 5. */
    const int64_t chosen[] = {4, 1, 1, 0, 4, 0};
    int64_t counts[5], starts[5], token_of_row[6], row_of_choice[6];
    assert_true(native_moe_sort(chosen, 3, 2, 5, counts, starts, token_of_row, row_of_choice));
    assert_memory_equal(counts, ((int64_t[]){2, 2, 0, 0, 2}), sizeof counts);
    assert_memory_equal(starts, ((int64_t[]){0, 2, 4, 4, 4}), sizeof starts);
    assert_memory_equal(token_of_row, ((int64_t[]){1, 2, 0, 1, 0, 2}), sizeof token_of_row);
    assert_memory_equal(row_of_choice, ((int64_t[]){4, 2, 3, 0, 5, 1}), sizeof row_of_choice);
    assert_false(native_moe_sort((int64_t[]){5, 0}, 1, 2, 5, counts, starts, token_of_row, row_of_choice));
    assert_false(native_moe_sort((int64_t[]){0, -1}, 1, 2, 5, counts, starts, token_of_row, row_of_choice));
}

static void medians(void **state) {
    (void)state;
    assert_true(native_median((double[]){3}, 1) == 3);
    assert_true(native_median((double[]){9, 1, 5}, 3) == 5);
    assert_true(native_median((double[]){9, 1, 5, 6}, 4) == 5.5);
}

static void lists_of_k(void **state) {
    (void)state;
    int64_t k[NATIVE_MAX_SWEEP];
    int count;
    native_error e = {0};
    assert_true(native_options_top_k(NULL, 64, k, &count, &e));
    assert_int_equal(count, 6);
    assert_true(native_options_top_k(NULL, 8, k, &count, &e));
    assert_int_equal(count, 4);
    assert_true(native_options_top_k("64,3,1", 64, k, &count, &e));
    assert_int_equal(count, 3);
    assert_int_equal(k[0], 64);
    static const char *const bad[] = {
        "0", "65", "two", "", "1,", "1,,2", "-1", "8,8", "1.5", " 1", "9999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&e, 0, sizeof e);
        if (native_options_top_k(bad[i], 64, k, &count, &e) || e.status != NATIVE_EXIT_INPUT) {
            fail_msg("accepted --top-k '%s'", bad[i]);
        }
        assert_true(strcmp(bad[i], "8,8") == 0 || strstr(e.text, "from 1 to 64") != NULL);
    }
}

static bool parses(int argc, char **argv, native_options *o, native_error *e) {
    memset(e, 0, sizeof *e);
    return native_options_parse(o, argc, argv, e);
}

#define PARSE(...)                                                                                           \
    parses((int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__, NULL}, &o, &e)

static void command_line(void **state) {
    (void)state;
    native_options o;
    native_error e;
    char run[] = "run_native", random_1[] = "--random-weights=1", checkpoint[] = "--checkpoint=x",
         bogus[] = "--bogus";
    char loop[] = "--moe=loop", fp16[] = "--dtype=fp16", cuda[] = "--device=cuda", samples[] = "--samples=7";
    char bad_device[] = "--device=tpu", zero[] = "--samples=0", word[] = "--warmup=x", lone[] = "--warmup";
    char graph[] = "--cuda-graph", no_warmup[] = "--warmup=0", cpu[] = "--device=cpu";
    char extra[] = "extra", none[] = "--max-new-tokens=0", empty[] = "--config=";
    assert_true(PARSE(run, random_1, loop, fp16, cuda, samples));
    assert_true(o.random && o.seed == 1 && o.moe == NATIVE_MOE_LOOP && o.dtype == NATIVE_FP16);
    assert_true(o.device == NATIVE_CUDA && o.samples == 7 && o.warmup == 3 && o.new_tokens == 10);
    assert_true(PARSE(run, checkpoint));
    assert_true(o.device == NATIVE_AUTO && o.dtype == NATIVE_DTYPE_DEFAULT && o.moe == NATIVE_MOE_ACTIVE);
    assert_false(PARSE(run, checkpoint, random_1));
    assert_true(!o.cuda_graph && PARSE(run, checkpoint, graph, no_warmup));
    assert_true(o.cuda_graph && o.moe == NATIVE_MOE_DENSE && o.warmup == 1);
    assert_false(PARSE(run, checkpoint, graph, loop) || PARSE(run, checkpoint, graph, cpu));
    char *const bad[] = {bogus, bad_device, zero, word, lone, extra, none, empty};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (PARSE(run, random_1, bad[i]) || e.status != NATIVE_EXIT_INPUT || strchr(e.text, '\n') != NULL) {
            fail_msg("accepted %s", bad[i]);
        }
    }
}

static void whole_or_not_at_all(void **state) {
    (void)state;
    char path[128];
    native_output out;
    native_error e = {0};
    snprintf(path, sizeof path, "/tmp/test_native_sweep.%d", (int)getpid());
    assert_true(native_output_open(&out, path, &e));
    fputs("half", out.file);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_false(native_output_close(&out, false, &e));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(out.temporary, F_OK), 0);
    assert_true(native_output_open(&out, path, &e));
    assert_true(native_output_close(&out, true, &e));
    assert_int_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(out.temporary, F_OK), 0);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_by_expert),      cmocka_unit_test(medians),
        cmocka_unit_test(lists_of_k),          cmocka_unit_test(command_line),
        cmocka_unit_test(whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("native sweep", tests, NULL, NULL);
}
