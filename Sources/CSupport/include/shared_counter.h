// Variables shared by threads; Swift's own atomics need macOS 15.
#pragma once
#include <stdbool.h>

/// Returns the counter's value and increments it.
static inline long ct_take(long *_Nonnull counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

/// Set and read a flag.
static inline void ct_set(bool *_Nonnull flag) { __atomic_store_n(flag, true, __ATOMIC_RELAXED); }
static inline bool ct_is_set(const bool *_Nonnull flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
