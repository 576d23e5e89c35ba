/* Which files an export may replace. */
#ifndef EXPORT_EXPORT_TARGET_H
#define EXPORT_EXPORT_TARGET_H

#include "analysis/base/output_file.h"

/* Exports of moetrace, in any format. */
extern const base_output_kind export_output_kind;

#endif
