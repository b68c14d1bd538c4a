// LSTM steps: the product and the cell for a group of VL hidden units at a time, with gates in registers.

// Packed: for each group of VL hidden units their biases, then their weights for each input and each hidden state; each
// four vectors, in the order i, f, g, o, times gate_rates. A partial group is padded with zeros.
static long NAME(lstm_packed_size)(long inputs, long hidden) {
    return (hidden + VL - 1) / VL * (1 + inputs + hidden) * 4 * VL;
}

static void NAME(lstm_pack)(long inputs, long hidden, const float *input_weights, const float *hidden_weights,
                            const float *bias, float *packed) {
    for (long first = 0; first < hidden; first += VL, packed += (1 + inputs + hidden) * 4 * VL)
        for (long gate = 0; gate < 4; gate++)
            for (long unit = first; unit < first + VL; unit++) {
                float *to = packed + gate * VL + unit - first;
                long row = gate * hidden + unit;
                bool exists = unit < hidden;
                float rate = gate_rates[gate];
                to[0] = exists ? rate * bias[row] : 0;
                for (long p = 0; p < inputs; p++)
                    to[(1 + p) * 4 * VL] = exists ? rate * input_weights[row * inputs + p] : 0;
                for (long p = 0; p < hidden; p++)
                    to[(1 + inputs + p) * 4 * VL] = exists ? rate * hidden_weights[row * hidden + p] : 0;
            }
}

// MARK: - The cell

/// Returns 2^t with a relative error of about 2e-7. t is clamped at 40, so that a product of three stays finite, and
/// without AVX-512 also at −40.
INLINE VF NAME(exp2)(VF t) {
    t = __builtin_elementwise_min(t, SPLAT(40));
#if VL == 16
    // 2^t = 2^n · 2^f, with n a multiple of 1/32 and |f| ≤ 1/64. The polynomial is the best of its degree that is 1 at
    // 0. Many CPUs have separate units for additions, whereas multiplications are the bottleneck here.
    VF n = (VF)_mm512_roundscale_ps((__m512)t, 5 << 4 | _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    VF f = t - n;
    // 1.5·2^18: adding it moves 32·n to the low bits, the lowest five of which are its fraction.
    const __m512i index = (__m512i)(n + 393216.0f);
    VF power = (VF)_mm512_permutex2var_ps(_mm512_load_ps(powers_of_two), index, _mm512_load_ps(powers_of_two + 16));
    VF rest = (2.40226492e-1f * f + 6.93157315e-1f) * f;
    return (VF)_mm512_scalef_ps((__m512)(power * rest + power), (__m512)n);
#else
    // The same with integral n and |f| ≤ 1/2.
    const float magic = 12582912.0f + 127;  // 1.5·2^23: adding it rounds to an integer, in the low bits
    t = __builtin_elementwise_max(t, SPLAT(-40));
    VF rounded = t + magic;
    VF f = t - (rounded - magic);
    VF p = SPLAT(1.32646528e-3f);
    p = p * f + 9.67151113e-3f;
    p = p * f + 5.55073395e-2f;
    p = p * f + 2.40222424e-1f;
    p = p * f + 6.93147004e-1f;
    p = p * f + 1.0f;
    return p * (VF)((NAME(vi))rounded << 23);
#endif
}

/// The cell of VL units. `gates` are the pre-activations i, f, g, o, each times its rate; with `save` they become the
/// activated gates. `c` becomes the new cell state.
///
/// With σ(x) = 1 / (1 + e⁻ˣ) and tanh x = (1 − e⁻²ˣ) / (1 + e⁻²ˣ) the gates share denominators, since a division takes
/// as long as ten multiplications.
///
/// - Returns: The hidden state.
INLINE VF NAME(cell)(VF gates[4], VF *c, const bool save) {
    VF eg = NAME(exp2)(gates[2]);
    VF i = 1.0f + NAME(exp2)(gates[0]), f = 1.0f + NAME(exp2)(gates[1]);
    VF g = 1.0f + eg, o = 1.0f + NAME(exp2)(gates[3]);
    VF ig = i * g;
    VF share = 1.0f / (ig * f);
    VF state = ((1.0f - eg) * f + *c * ig) * share;
    VF ec = NAME(exp2)(state * tanh_rate);
    VF y = 1.0f + ec;
    VF last = 1.0f / (o * y);
    if (save) {
        VF both = f * share;
        gates[0] = both * g;
        gates[1] = ig * share;
        gates[2] = both * i * (1.0f - eg);
        gates[3] = y * last;
    }
    *c = state;
    return (1.0f - ec) * last;
}

/// Loads and stores of one group: VL units if `full`, which is constant after inlining, otherwise `count`.
#define LOAD_UNITS(p) (full ? LOAD(p) : NAME(load_part)(p, count))
#define STORE_UNITS(p, v) (full ? STORE(p, v) : NAME(store_part)(p, v, count))

// MARK: - Forward

/// Runs the step of mr sequences from `row`, for the `count` ≤ VL units from `first`.
INLINE void NAME(lstm_tile)(const int mr, const bool save, const bool full, long count, const ct_lstm_step *s,
                            long row, long first, const float *packed) {
    VF sum[MR][4];
    UNROLL for (int gate = 0; gate < 4; gate++) {
        VF bias = LOAD(packed + gate * VL);
        UNROLL for (int i = 0; i < mr; i++) sum[i][gate] = bias;
    }
    // Rows are too far apart for the hardware prefetcher.
    if (s->next_x && first == 0)
        for (int i = 0; i < mr; i++)
            for (long j = 0; j < s->inputs; j += 16) __builtin_prefetch(s->next_x + (row + i) * s->ldx + j);
    NAME(multiply)(mr, 4, s->inputs, s->x + row * s->ldx, s->ldx, packed + 4 * VL, sum);
    if (s->h_before)
        NAME(multiply)(mr, 4, s->hidden, s->h_before + row * s->ldh, s->ldh, packed + (1 + s->inputs) * 4 * VL, sum);
    UNROLL for (int i = 0; i < mr; i++) {
        VF state = s->c_before ? LOAD_UNITS(s->c_before + (row + i) * s->ldc + first) : SPLAT(0);
        VF h = NAME(cell)(sum[i], &state, save);
        STORE_UNITS(s->c + (row + i) * s->ldc + first, state);
        STORE_UNITS(s->h + (row + i) * s->ldh + first, h);
        if (!save) continue;
        UNROLL for (int gate = 0; gate < 4; gate++)
            STORE_UNITS(s->gates + (row + i) * s->ld_gates + gate * s->hidden + first, sum[i][gate]);
    }
}

/// Runs all sequences, group by group, so that the weights of a group stay in L1.
INLINE void NAME(lstm_groups)(const bool save, const ct_lstm_step *s) {
    const float *packed = s->packed;
    for (long first = 0; first < s->hidden; first += VL, packed += (1 + s->inputs + s->hidden) * 4 * VL) {
        long count = s->hidden - first < VL ? s->hidden - first : VL;
#define FULL(mr) NAME(lstm_tile)(mr, save, true, VL, s, row, first, packed)
#define PART(mr) NAME(lstm_tile)(mr, save, false, count, s, row, first, packed)
        if (count == VL) {
            FOR_ROWS(row, s->sequences, FULL);
        } else {
            FOR_ROWS(row, s->sequences, PART);
        }
#undef FULL
#undef PART
    }
}

static void NAME(lstm_forward)(const ct_lstm_step *step) {
    if (step->gates) NAME(lstm_groups)(true, step);
    else NAME(lstm_groups)(false, step);
}

// MARK: - Backward

/// Runs the backward step of the units from `first` of sequence `row`.
INLINE void NAME(lstm_units_back)(const bool full, long count, const ct_lstm_step_back *s, long row, long first) {
    const float *gates = s->gates + row * s->ld_gates + first;
    float *dz = s->dz + row * s->ld_dz + first;
    VF i = LOAD_UNITS(gates);
    VF f = LOAD_UNITS(gates + s->hidden);
    VF g = LOAD_UNITS(gates + 2 * s->hidden);
    VF o = LOAD_UNITS(gates + 3 * s->hidden);
    VF before = s->c_before ? LOAD_UNITS(s->c_before + row * s->ldc + first) : SPLAT(0);
    VF ec = NAME(exp2)(LOAD_UNITS(s->c + row * s->ldc + first) * tanh_rate);
    VF y = (1.0f - ec) / (1.0f + ec);
    VF dh = LOAD_UNITS(s->dh + row * s->ld_dh + first);
    if (s->dh_after) dh += LOAD_UNITS(s->dh_after + row * s->ld_dh_after + first);
    VF dc = LOAD_UNITS(s->dc + row * s->ld_dc + first) + dh * o * (1.0f - y * y);
    STORE_UNITS(dz, dc * g * i * (1.0f - i));
    STORE_UNITS(dz + s->hidden, dc * before * f * (1.0f - f));
    STORE_UNITS(dz + 2 * s->hidden, dc * i * (1.0f - g * g));
    STORE_UNITS(dz + 3 * s->hidden, dh * y * o * (1.0f - o));
    STORE_UNITS(s->dc + row * s->ld_dc + first, dc * f);
}

static void NAME(lstm_backward)(const ct_lstm_step_back *step) {
    const ct_lstm_step_back s = *step;
    for (long first = 0; first < s.hidden; first += VL) {
        long count = s.hidden - first < VL ? s.hidden - first : VL;
        if (count == VL)
            for (long row = 0; row < s.sequences; row++) NAME(lstm_units_back)(true, VL, &s, row, first);
        else
            for (long row = 0; row < s.sequences; row++) NAME(lstm_units_back)(false, count, &s, row, first);
    }
}

#undef LOAD_UNITS
#undef STORE_UNITS
