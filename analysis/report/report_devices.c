/* The report's table of devices: busy and idle time of the whole capture. */
#include "analysis/report/report_internal.h"

#include <inttypes.h>

typedef struct {
    uint64_t window, any, communication, hidden;
} device_sums;

static void put_device_row(report_table *t, const device_sums *s) {
    report_table_ms(t, (double)s->window / 1e6);
    report_table_ms(t, (double)s->any / 1e6);
    report_table_ms(t, (double)(s->window - s->any) / 1e6);
    report_table_share(t, s->window - s->any, s->window);
    report_table_ms(t, (double)s->communication / 1e6);
    report_table_ms(t, (double)s->hidden / 1e6);
    report_table_ms(t, (double)(s->communication - s->hidden) / 1e6);
}

void report_devices(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {
        {"device", "device", 'r'},        {"window_ms", "window", 'r'},
        {"gpu_busy_ms", "GPU busy", 'r'}, {"gpu_idle_ms", "GPU idle", 'r'},
        {"idle_percent", "idle %", 'r'},  {"communication_ms", "communication", 'r'},
        {"hidden_ms", "hidden", 'r'},     {"exposed_ms", "exposed", 'r'}};
    const attribution_devices *d = &r->devices;
    uint64_t first = UINT64_MAX, last = 0, late = 0;
    device_sums all = {0};
    for (size_t i = 0; i < d->count; i++) {
        first = d->list[i].first < first ? d->list[i].first : first;
        last = d->list[i].last > last ? d->list[i].last : last;
        late += d->list[i].late;
    }
    if (d->count == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "devices", REPORT_COLUMNS(columns), 0);
    report_table_title(&t, "GPU busy and idle time of the whole capture, ms");
    for (size_t i = 0; i < d->count; i++) {
        const attribution_device *device = &d->list[i];
        device_sums sums = {last - first, device->any, device->communication, device->hidden};
        report_table_index(&t, device->device);
        put_device_row(&t, &sums);
        all.window += sums.window;
        all.any += sums.any;
        all.communication += sums.communication;
        all.hidden += sums.hidden;
    }
    if (d->count > 1) {
        report_table_cell(&t, "all");
        put_device_row(&t, &all);
    }
    report_table_note(
        &t,
        "window: from the first GPU work of the capture to the end of the last. Communication: kernels that "
        "communicate, by their names; hidden: while other work ran on the device.");
    if (late > 0) {
        report_table_note(
            &t, "%" PRIu64 " GPU records came too late in the file: busy times may be too small.", late);
    }
    report_output_table(out, &t);
}
