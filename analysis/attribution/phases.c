/* The phases of a request: their names, and the ranges that open them. */
#include "analysis/attribution/phases.h"

const char *attribution_phase_name(attribution_phase phase) {
    static const char *const names[] = {
        [ATTRIBUTION_VISION] = "vision", [ATTRIBUTION_PREFILL] = "prefill", [ATTRIBUTION_DECODE] = "decode",
        [ATTRIBUTION_MIXED] = "mixed",   [ATTRIBUTION_DRAFT] = "draft",     [ATTRIBUTION_IDLE] = "idle",
        [ATTRIBUTION_PHASES] = "-",
    };
    return names[phase];
}

attribution_phase attribution_phase_of_role(names_role role) {
    switch (role) {
    case NAMES_ROLE_VISION:
        return ATTRIBUTION_VISION;
    case NAMES_ROLE_PREFILL:
        return ATTRIBUTION_PREFILL;
    case NAMES_ROLE_DECODE:
        return ATTRIBUTION_DECODE;
    case NAMES_ROLE_MIXED:
        return ATTRIBUTION_MIXED;
    case NAMES_ROLE_DRAFT:
        return ATTRIBUTION_DRAFT;
    case NAMES_ROLE_IDLE:
        return ATTRIBUTION_IDLE;
    default:
        return ATTRIBUTION_PHASES;
    }
}
