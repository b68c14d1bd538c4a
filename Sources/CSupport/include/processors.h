#pragma once

/// How many processors this process may run on.
int ct_processor_count(void);
