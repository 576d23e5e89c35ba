/* Limits that several modules share. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Greatest nesting depth of ranges that is tracked on one thread; deeper ranges are only counted. */
#define BASE_NESTING_MAX 65536

#endif
