/* Numbers as text for programs (JSON, CSV). */
#ifndef BASE_NUMBER_TEXT_H
#define BASE_NUMBER_TEXT_H

enum { BASE_NUMBER_BYTES = 32 };

/* Formats the number with the fewest digits, 15 to 17, that read back as the same double; "" for NaN, a missing value.
 * Returns `text`. */
const char *base_number_text(char text[BASE_NUMBER_BYTES], double value);

#endif
