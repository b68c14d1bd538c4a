#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "amx_emulator.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

// MARK: - State

/// The format read by LDTILECFG and written by STTILECFG.
typedef struct configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} configuration;

static __thread configuration config;
static __thread uint8_t tiles[8][16][64];
static __thread long count;

static struct sigaction action_before;

/// Returns whether the CPU accepts a configuration; others raise an exception.
static bool is_valid(const configuration *wanted) {
    if (wanted->palette > 1 || wanted->start_row != 0) return false;
    for (int i = 0; i < 14; i++)
        if (wanted->reserved[i]) return false;
    for (int i = 0; i < 16; i++) {
        if (i >= 8 && (wanted->row_bytes[i] || wanted->rows[i])) return false;
        if (wanted->row_bytes[i] > 64 || wanted->rows[i] > 16) return false;
        if ((wanted->row_bytes[i] == 0) != (wanted->rows[i] == 0)) return false;
    }
    return true;
}

static bool is_configured(int tile) { return tile < 8 && config.palette == 1 && config.rows[tile] > 0; }

// MARK: - Instructions (Intel 64 and IA-32 SDM, volume 2)

static void load_configuration(const configuration *wanted) {
    config = *wanted;
    if (config.palette == 0) memset(&config, 0, sizeof config);
    memset(tiles, 0, sizeof tiles);
}

static void load(int tile, const uint8_t *from, long stride) {
    memset(tiles[tile], 0, sizeof tiles[tile]);
    for (int row = 0; row < config.rows[tile]; row++)
        memcpy(tiles[tile][row], from + row * stride, config.row_bytes[tile]);
}

static void store(int tile, uint8_t *to, long stride) {
    for (int row = 0; row < config.rows[tile]; row++)
        memcpy(to + row * stride, tiles[tile][row], config.row_bytes[tile]);
}

/// TDPBF16PS: even and odd terms are accumulated separately with fused operations, then added, then added to the sum.
__attribute__((target("avx512f"))) static void products(int sum, int left, int right) {
    for (int row = 0; row < config.rows[sum]; row++) {
        __m512 even = _mm512_setzero_ps(), odd = even;
        for (int pair = 0; pair < config.row_bytes[left] / 4; pair++) {
            uint32_t factors;
            memcpy(&factors, &tiles[left][row][4 * pair], 4);
            const __m512i others = _mm512_loadu_si512(tiles[right][pair]);
            const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
            const __m512i factor0 = _mm512_set1_epi32((int)(factors << 16));
            const __m512i factor1 = _mm512_set1_epi32((int)(factors & 0xffff0000));
            const __m512i other0 = _mm512_slli_epi32(others, 16), other1 = _mm512_and_si512(others, upper);
            even = _mm512_fmadd_ps(_mm512_castsi512_ps(factor0), _mm512_castsi512_ps(other0), even);
            odd = _mm512_fmadd_ps(_mm512_castsi512_ps(factor1), _mm512_castsi512_ps(other1), odd);
        }
        const __m512 before = _mm512_loadu_ps(tiles[sum][row]);
        const __m512 after = _mm512_add_ps(before, _mm512_add_ps(even, odd));
        float lanes[16];
        _mm512_storeu_ps(lanes, after);
        memset(tiles[sum][row], 0, 64);
        memcpy(tiles[sum][row], lanes, config.row_bytes[sum]);
    }
    for (int row = config.rows[sum]; row < 16; row++) memset(tiles[sum][row], 0, 64);
}

// MARK: - Decoding

/// Returns the value of a general register by its number in instructions.
static uint64_t value(const ucontext_t *context, int number) {
    static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return (uint64_t)context->uc_mcontext.gregs[places[number]];
}

/// A memory operand; for tile instructions, row r is at address + r·stride.
typedef struct operand {
    uint64_t address;
    long stride;
    bool has_sib;
    /// The byte after the operand.
    const uint8_t *end;
} operand;

/// Decodes the operand whose ModRM byte is at p.
static operand decode_operand(const ucontext_t *context, const uint8_t *p, bool x, bool b) {
    const int mod = p[0] >> 6, rm = p[0] & 7;
    operand it = {.has_sib = rm == 4};
    p++;
    int base = rm + 8 * b;
    bool has_base = mod != 0 || rm != 5;
    if (it.has_sib) {
        const int scale = p[0] >> 6, index = (p[0] >> 3 & 7) + 8 * x;
        base = (p[0] & 7) + 8 * b;
        has_base = mod != 0 || (p[0] & 7) != 5;
        if (index != 4) it.stride = (long)(value(context, index) << scale);
        p++;
    }
    if (has_base) it.address = value(context, base);
    if (mod == 1) {
        it.address += (uint64_t)(int8_t)*p++;
    } else if (mod == 2 || !has_base) {
        int32_t displacement;
        memcpy(&displacement, p, 4);
        p += 4;
        it.address += (uint64_t)displacement;
    }
    // Without a base and a SIB byte: relative to the next instruction.
    if (!has_base && !it.has_sib) it.address += (uint64_t)p;
    it.end = p;
    return it;
}

/// Executes the instruction at p. Returns the next one, or NULL if it is not an AMX instruction or raises an exception.
static const uint8_t *step(const ucontext_t *context, const uint8_t *p) {
    // Three-byte VEX: C4, inverted RXB and the map, W, inverted vvvv, L, pp.
    if (p[0] != 0xc4 || (p[1] & 0x1f) != 2) return NULL;
    const bool r = !(p[1] & 0x80), x = !(p[1] & 0x40), b = !(p[1] & 0x20);
    const bool w = p[2] & 0x80, l = p[2] & 4;
    const int vvvv = ~p[2] >> 3 & 15, pp = p[2] & 3, opcode = p[3];
    const int mod = p[4] >> 6, reg = (p[4] >> 3 & 7) + 8 * r, rm = p[4] & 7;
    enum { NONE, P66, PF3, PF2 };
    if (w || l || reg > 7) return NULL;

    if (opcode == 0x5c && pp == PF3 && mod == 3) {  // TDPBF16PS
        const int left = rm + 8 * b, right = vvvv;
        if (!is_configured(reg) || !is_configured(left) || !is_configured(right)) return NULL;
        if (reg == left || reg == right || left == right) return NULL;
        if (config.rows[reg] != config.rows[left] || config.row_bytes[reg] != config.row_bytes[right]) return NULL;
        if (config.row_bytes[left] != 4 * config.rows[right] || config.row_bytes[reg] % 4) return NULL;
        products(reg, left, right);
        return p + 5;
    }
    if (vvvv != 0) return NULL;
    if (opcode == 0x49 && mod == 3) {
        if (pp == NONE && reg == 0 && rm == 0) {  // TILERELEASE
            load_configuration(&(configuration){0});
            return p + 5;
        }
        if (pp == PF2 && rm == 0 && is_configured(reg)) {  // TILEZERO
            memset(tiles[reg], 0, sizeof tiles[reg]);
            return p + 5;
        }
        return NULL;
    }
    if (mod == 3 || (opcode != 0x49 && opcode != 0x4b)) return NULL;
    const operand memory = decode_operand(context, p + 4, x, b);
    uint8_t *const at = (uint8_t *)memory.address;
    if (opcode == 0x49) {
        if (reg != 0 || (pp != NONE && pp != P66)) return NULL;
        if (pp == P66) {  // STTILECFG
            memcpy(at, &config, sizeof config);
        } else {  // LDTILECFG
            configuration wanted;
            memcpy(&wanted, at, sizeof wanted);
            if (!is_valid(&wanted)) return NULL;
            load_configuration(&wanted);
        }
        return memory.end;
    }
    if (!memory.has_sib || pp == NONE || !is_configured(reg)) return NULL;
    if (pp == PF3) store(reg, at, memory.stride);  // TILESTORED
    else load(reg, at, memory.stride);             // TILELOADD, TILELOADDT1
    return memory.end;
}

static void handle(int signal, siginfo_t *info, void *raw) {
    (void)signal;
    (void)info;
    ucontext_t *context = raw;
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(0x9fc0);  // the rounding of AMX: to nearest, denormals zero, no exceptions
    const uint8_t *const first = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
    const uint8_t *next = first;
    // A trap takes longer than an instruction, so the AMX instructions that follow are executed right away.
    for (const uint8_t *after; (after = step(context, next)); next = after) count++;
    _mm_setcsr(mode);
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)next;
    // An instruction outside AMX traps again, and then goes to the previous handler.
    if (next == first) sigaction(SIGILL, &action_before, NULL);
}

// MARK: - Installation

bool amx_emulator_install(void) {
    unsigned a, b, c, d;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")
        || !__builtin_cpu_supports("avx512dq") || !__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a >> 5 & 1))
        return false;
    static int installed;
    if (__atomic_exchange_n(&installed, 1, __ATOMIC_SEQ_CST)) return true;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    return sigaction(SIGILL, &action, &action_before) == 0;
}

long amx_emulator_count(void) { return count; }

#else

bool amx_emulator_install(void) { return false; }
long amx_emulator_count(void) { return 0; }

#endif
