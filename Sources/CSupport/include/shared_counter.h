// Numbers that threads share: Swift's own need macOS 15.
#pragma once
#include <stdbool.h>

/// Returns the counter's value and adds one to it.
static inline long ct_take(long *_Nonnull counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

/// Sets a flag; tells whether it is set.
static inline void ct_set(bool *_Nonnull flag) { __atomic_store_n(flag, true, __ATOMIC_RELAXED); }
static inline bool ct_is_set(const bool *_Nonnull flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
