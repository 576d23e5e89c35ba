/* Numbers in the fewest digits that keep them whole. */
#include "analysis/base/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *base_number_text(char text[BASE_NUMBER_BYTES], double value) {
    text[0] = '\0';
    for (int digits = 15; digits <= 17 && !isnan(value); digits++) {
        snprintf(text, BASE_NUMBER_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    return text;
}
