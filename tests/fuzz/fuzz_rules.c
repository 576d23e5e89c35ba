/* Fuzz target for files of rules: whatever the file is, it is loaded or refused with one line, and what was
 * loaded can be tried on names. */
#include "analysis/base/alloc.h"
#include "analysis/names/range_rules.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What a rule finds in a name is a number or none. */
static void match(const names_rules *rules, const char *text, size_t len) {
    names_meaning m = names_rules_match(rules, text, len);
    const uint32_t numbers[] = {m.number, m.layer, m.expert};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fuzz_check(numbers[i] == BASE_NONE || numbers[i] <= 999999999, "a number of more than nine digits");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {
        "",        "top_k=8",    "decode.12",          "model.layers.3.mlp.experts.17.gate",
        "layer 4", "prefill: 3", "experts.999999999.", "step 0 of 9999999999"};
    char error[TRACE_ERROR_BYTES] = "", stars[4096];
    names_rules rules;
    int rc = names_rules_load(&rules, fuzz_file(data, size), error);
    fuzz_check_end(rc, error);
    fuzz_check(rc == 0 || rules.count == 0, "rules of a file that was refused");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        match(&rules, names[i], strlen(names[i]));
    }
    memset(stars, 'a', sizeof stars);
    match(&rules, stars, sizeof stars);
    match(&rules, (const char *)data, size);
    names_rules_free(&rules);
    return 0;
}
