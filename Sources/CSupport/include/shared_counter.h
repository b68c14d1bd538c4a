// A counter that threads share: Swift's own needs macOS 15.
#pragma once

/// Returns the counter's value and adds one to it.
static inline long ct_take(long *_Nonnull counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }
