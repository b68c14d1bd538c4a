// Intel AMX on CPUs without it, for tests: instructions that trap are decoded and executed in software.
#pragma once
#include <stdbool.h>

/// Makes the instructions of AMX-TILE and AMX-BF16 work on all threads of this process, in a few microseconds each,
/// unless the CPU executes them itself. Returns whether AMX kernels can run. They cannot on systems other than Linux on
/// x86-64, or if the CPU lacks AVX-512 or its bf16 instructions, which every CPU with AMX has.
bool amx_emulator_install(void);

/// Returns the number of instructions emulated so far by this thread.
long amx_emulator_count(void);
