#include "analysis/peakbench/measured_peaks.h"

#include <math.h>

peakbench_measured peakbench_measured_nothing(void) {
    peakbench_measured m = {0};
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        m.memory[i] = (peakbench_speed){NAN, NAN};
    }
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        m.flops[i] = (peakbench_speed){NAN, NAN};
    }
    return m;
}

double peakbench_measured_memory(const peakbench_measured *m) {
    double best = NAN;
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        best = fmax(best, m->memory[i].best); /* of a number and NaN, the number */
    }
    return best;
}
