/* Fields of comma-separated values (RFC 4180). */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdio.h>

/* Writes a text as one field: as valid UTF-8, quoted if it contains a comma, a quote or a line break. A text that a
 * spreadsheet would evaluate as a formula (first character = + - @, tab or carriage return) is prefixed with an
 * apostrophe. Write errors are left to ferror(file). */
void base_csv_text(FILE *file, const char *text);

/* Writes a number as base_number_text does; NaN, a missing value, is an empty field. */
void base_csv_number(FILE *file, double value);

#endif
