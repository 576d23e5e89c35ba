/* Whether the model that an option names fits the trace: its mark, its layers and its experts. */
#ifndef METRICS_MODEL_CHECK_H
#define METRICS_MODEL_CHECK_H

#include "analysis/attribution/ranges.h"
#include "analysis/costmodel/workload.h"

/* Compares w->model, which comes from an option, with `marked`, the model of the trace's mark (NULL: none), and with the
 * ranges of layers and experts. If they contradict it, stores why in w->contradiction, and w has no model any more. */
void metrics_model_check(costmodel_workload *w, const costmodel_model *marked,
                         const attribution_ranges *ranges);

#endif
