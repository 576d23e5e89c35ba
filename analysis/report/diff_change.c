#include "analysis/report/diff_change.h"

#include "analysis/stats/hypothesis_tests.h"

#include <math.h>

bool report_change_holds(const report_change *c) {
    return c->p < STATS_SIGNIFICANT && (c->ci.low > 1 || c->ci.high < 1);
}

static const char *change_verdict(const report_change *c) {
    if (isnan(c->ratio)) {
        if (isnan(c->a) == isnan(c->b)) {
            return "";
        }
        return isnan(c->a) ? "only B" : "only A";
    }
    if (isnan(c->ci.low)) {
        return "too few";
    }
    if (!report_change_holds(c)) {
        return "";
    }
    return c->ratio > 1 ? "slower" : "faster";
}

void report_change_put(report_table *t, const report_change *c) {
    report_table_ms(t, c->a);
    report_table_ms(t, c->b);
    report_table_number(t, c->ratio, 3);
    report_table_number(t, c->ci.low, 3);
    report_table_number(t, c->ci.high, 3);
    report_table_p(t, c->p);
    report_table_cell(t, "%s", change_verdict(c));
}
