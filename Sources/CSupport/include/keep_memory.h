// How the process retains memory that it temporarily does not need.
#pragma once

/// Retains the memory of finished slices for the next ones. glibc would return it to the system each time, which then
/// clears it again: a sixth of the time of an evaluation. Has no effect with other C libraries.
void ct_keep_memory(void);
