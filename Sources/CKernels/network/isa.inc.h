// The network kernels of one instruction set. network_kernels.c includes this file once per set, with
//   NAME(x)   the symbol for x,
//   ISA_NAME  the name of the set,
//   VL        the floats of a vector,
//   MR        the rows of a tile: MR·4 accumulators, MR factors and one vector must fit the registers.

#define VF NAME(vf)
#define LOAD NAME(load)
#define STORE NAME(store)
#define SPLAT NAME(splat)

#include "vector.inc.h"
#include "gemm.inc.h"
#include "lstm.inc.h"
#include "columns.inc.h"
#include "adam.inc.h"
#include "mixing.inc.h"

static const ct_kernels NAME(kernels) = {
    .name = ISA_NAME,
    .precision = "single precision",
    .packed_size = NAME(packed_size),
    .pack = NAME(pack),
    .gemm = NAME(gemm),
    .gemm_outer = NAME(gemm_outer),
    .lstm_packed_size = NAME(lstm_packed_size),
    .lstm_pack = NAME(lstm_pack),
    .lstm_forward = NAME(lstm_forward),
    FLOAT_KERNELS,
};

#undef NAME
#undef ISA_NAME
#undef VL
#undef MR
#undef VF
#undef LOAD
#undef STORE
#undef SPLAT
#undef FOR_COLUMNS
#undef LOAD_AT
#undef STORE_AT
#undef FOR_ROWS
