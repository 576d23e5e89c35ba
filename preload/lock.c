/* See lock.h. */
#include "preload/lock.h"

__thread unsigned preload_locks_held;
