// Intel AMX on CPUs without it, for tests: the instructions that trap there are decoded and carried out in software.
#pragma once
#include <stdbool.h>

/// Makes the tile instructions of AMX-TILE and AMX-BF16 work on all threads of this process, unless the CPU carries them
/// out itself; one takes a few microseconds. Returns whether kernels for AMX can run: if not, this is not Linux on
/// x86-64, or the CPU lacks AVX-512 or its bf16 instructions, which every CPU with AMX has.
bool amx_emulator_install(void);

/// Instructions emulated so far by this thread.
long amx_emulator_count(void);
