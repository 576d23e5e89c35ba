/* Numbers as programs read them. */
#ifndef BASE_NUMBER_TEXT_H
#define BASE_NUMBER_TEXT_H

enum { BASE_NUMBER_BYTES = 32 };

/* The number in 15 digits, or in the 16 or 17 that give back the same double; "" for NaN, which is missing.
 * Returns `text`. */
const char *base_number_text(char text[BASE_NUMBER_BYTES], double value);

#endif
