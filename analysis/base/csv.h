/* Fields of comma-separated values (RFC 4180). */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdio.h>

/* Writes a text as one field: as UTF-8, in quotes where a comma, a quote or the end of a line is in it. A
 * text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a carriage return) gets an
 * apostrophe before it. */
void base_csv_text(FILE *file, const char *text);

/* Writes a number with all its digits; NaN is missing, an empty field. */
void base_csv_number(FILE *file, double value);

#endif
