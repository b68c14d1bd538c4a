#define _GNU_SOURCE
#include "processors.h"

#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

int ct_processor_count(void) {
#if defined(__linux__)
    // Not all processors of the machine: a batch system or a container may grant fewer.
    cpu_set_t granted;
    CPU_ZERO(&granted);
    if (sched_getaffinity(0, sizeof granted, &granted) == 0) return CPU_COUNT(&granted);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}
