/* Limits that several rooms share. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Deepest nesting of ranges that is followed on one thread; ranges inside are counted only. */
#define BASE_NESTING_MAX 65536

#endif
