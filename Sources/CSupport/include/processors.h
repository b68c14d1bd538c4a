#pragma once

/// Returns the number of processors available to this process.
int ct_processor_count(void);
