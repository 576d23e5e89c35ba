/* The kind of file that an export writes (base/output_file.h). */
#ifndef EXPORT_EXPORT_TARGET_H
#define EXPORT_EXPORT_TARGET_H

#include "analysis/base/output_file.h"

/* Recognises moetrace's exports of all formats, which a new export may replace. */
extern const base_output_kind export_output_kind;

#endif
