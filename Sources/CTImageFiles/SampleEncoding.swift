internal import CTImages

/// The encoding of samples in the bytes of a decoded row: number kind, width and byte order.
///
/// Samples that are not whole bytes are packed from the most significant bit down, as in PNG and TIFF.
struct SampleEncoding: Equatable {
    var kind: SampleFormat.Kind
    /// The number of bits per sample: 1 to 32 for integers; 16, 24, 32 or 64 for floating point.
    var bits: Int
    /// Whether samples of two or more bytes store the most significant byte first.
    var isBigEndian: Bool

    /// Whether this machine stores the most significant byte first.
    static let hostIsBigEndian = 1.bigEndian == 1

    init(kind: SampleFormat.Kind, bits: Int, isBigEndian: Bool = Self.hostIsBigEndian) {
        self.kind = kind
        self.bits = bits
        self.isBigEndian = isBigEndian
    }

    /// Creates the encoding of `format`.
    init(_ format: SampleFormat, isBigEndian: Bool = Self.hostIsBigEndian) {
        self.init(kind: format.kind, bits: format.bits, isBigEndian: isBigEndian)
    }

    /// The format of slices with these samples. 24-bit floating point becomes 32-bit, which represents it exactly.
    var format: SampleFormat {
        SampleFormat(kind: kind, bits: kind == .floatingPoint && bits == 24 ? 32 : bits)
    }

    // MARK: - Bit patterns

    /// Returns the number that a bit pattern represents.
    func value(_ pattern: UInt64) -> Double {
        switch kind {
        case .unsignedInteger: return Double(pattern)
        case .signedInteger: return Double(Int64(bitPattern: pattern << UInt64(64 - bits)) >> Int64(64 - bits))
        case .floatingPoint:
            switch bits {
            case 64: return Double(bitPattern: pattern)
            case 32: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern)))
            case 24: return Self.small(pattern, exponentBits: 7, fractionBits: 16)
            default: return Self.small(pattern, exponentBits: 5, fractionBits: 10)
            }
        }
    }

    /// Returns the bit pattern of a number that the format can represent: for integers, an integer within range.
    func pattern(_ value: Double) -> UInt64 {
        switch kind {
        case .unsignedInteger, .signedInteger:
            return UInt64(bitPattern: Int64(value)) & (UInt64.max >> UInt64(64 - bits))
        case .floatingPoint:
            switch bits {
            case 64: return value.bitPattern
            case 32: return UInt64(Float(value).bitPattern)
            default: return Self.half(value)
            }
        }
    }

    /// Returns the value of an IEEE 754 number narrower than `Float`; `Float16` is not available on every platform.
    private static func small(_ pattern: UInt64, exponentBits: Int, fractionBits: Int) -> Double {
        let fraction = Double(pattern & ((1 << UInt64(fractionBits)) - 1))
        let exponent = Int(pattern >> UInt64(fractionBits)) & ((1 << exponentBits) - 1)
        let sign: FloatingPointSign = pattern >> UInt64(exponentBits + fractionBits) & 1 == 1 ? .minus : .plus
        let bias = (1 << (exponentBits - 1)) - 1
        let magnitude: Double
        if exponent == 2 * bias + 1 {
            magnitude = fraction == 0 ? .infinity : .nan
        } else if exponent == 0 {
            magnitude = Double(sign: .plus, exponent: 1 - bias - fractionBits, significand: fraction)
        } else {
            magnitude = Double(
                sign: .plus, exponent: exponent - bias - fractionBits,
                significand: fraction + Double(sign: .plus, exponent: fractionBits, significand: 1))
        }
        return sign == .minus ? -magnitude : magnitude
    }

    /// Returns the 16-bit pattern nearest to `value`, ties to even.
    private static func half(_ value: Double) -> UInt64 {
        let sign: UInt64 = value.sign == .minus ? 0x8000 : 0
        if value.isNaN { return sign | 0x7E00 }
        let magnitude = value.magnitude
        if magnitude >= 65520 { return sign | 0x7C00 }
        // Below 2⁻¹⁴ values are multiples of 2⁻²⁴; above it, multiples of 2⁻¹⁰ of their binade.
        let exponent = Swift.max(magnitude == 0 ? -14 : Int(magnitude.exponent), -14)
        let steps = (magnitude * Double(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(.toNearestOrEven)
        return sign | (UInt64(exponent + 14) << 10) + UInt64(steps)
    }

    // MARK: - Rows

    /// Returns the number of bytes that `count` samples occupy, rounded up.
    func bytes(for count: Int) -> Int { (count * bits + 7) / 8 }

    /// Reads `count` samples from the row that starts at `offset` in `bytes`: those numbered `first`, `first + step`, …
    func read(
        _ count: Int, from bytes: [UInt8], row offset: Int, first: Int, step: Int, into samples: inout [Double],
        at start: Int
    ) {
        precondition(start >= 0 && start + count <= samples.count, "\(count) samples at \(start) of \(samples.count)")
        unsafe samples.withUnsafeMutableBufferPointer { samples in
            let part = unsafe UnsafeMutableBufferPointer(rebasing: samples[start..<start + count])
            unsafe read(from: bytes, row: offset, first: first, step: step, into: part)
        }
    }

    /// Returns the `count` samples that `read(_:from:row:first:step:into:at:)` reads from the start of `bytes`.
    func samples(_ count: Int, from bytes: [UInt8], step: Int) -> [Double] {
        unsafe [Double](unsafeUninitializedCapacity: count) { samples, initialized in
            unsafe read(from: bytes, row: 0, first: 0, step: step, into: .init(rebasing: samples[..<count]))
            initialized = count
        }
    }

    /// Fills `samples`, whose memory may be uninitialized.
    func read(
        from bytes: [UInt8], row offset: Int, first: Int, step: Int, into samples: UnsafeMutableBufferPointer<Double>
    ) {
        guard samples.count > 0 else { return }
        let last = first + (samples.count - 1) * step
        precondition(offset >= 0 && first >= 0 && step > 0 && offset + self.bytes(for: last + 1) <= bytes.count)
        unsafe bytes.withUnsafeBytes { bytes in
            let row = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
            // Each common format has its own loop, without branches per sample.
            switch (kind, bits) {
            case (.unsignedInteger, 8):
                unsafe read(row, first: first, step: step, into: samples) { (pattern: UInt8) in Double(pattern) }
            case (.unsignedInteger, 16):
                unsafe read(row, first: first, step: step, into: samples) { (pattern: UInt16) in Double(pattern) }
            case (.signedInteger, 16):
                unsafe read(row, first: first, step: step, into: samples) { (pattern: UInt16) in
                    Double(Int16(bitPattern: pattern))
                }
            case (.floatingPoint, 32):
                unsafe read(row, first: first, step: step, into: samples) { (pattern: UInt32) in
                    Double(Float(bitPattern: pattern))
                }
            case (_, let bits) where bits % 8 == 0:
                let width = bits / 8
                var at = first * width
                for index in samples.indices {
                    unsafe samples[index] = value(wholePattern(row, at: at))
                    at += step * width
                }
            default:
                var number = first
                for index in samples.indices {
                    unsafe samples[index] = value(packedPattern(row, bit: number * bits))
                    number += step
                }
            }
        }
    }
    /// Writes samples into a row, in the places that `read(_:from:row:first:step:into:at:)` reads.
    func write(
        _ count: Int, of samples: [Double], at start: Int, into bytes: inout [UInt8], row offset: Int, first: Int,
        step: Int
    ) {
        guard count > 0 else { return }
        let last = first + (count - 1) * step
        precondition(offset >= 0 && first >= 0 && step > 0 && offset + self.bytes(for: last + 1) <= bytes.count)
        unsafe bytes.withUnsafeMutableBytes { bytes in
            let row = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            let samples = samples[start..<start + count]
            switch (kind, bits) {
            case (.unsignedInteger, 8): unsafe write(samples, into: row, first: first, step: step) { UInt8($0) }
            case (.unsignedInteger, 16): unsafe write(samples, into: row, first: first, step: step) { UInt16($0) }
            case (.signedInteger, 16):
                unsafe write(samples, into: row, first: first, step: step) { UInt16(bitPattern: Int16($0)) }
            case (.floatingPoint, 32):
                unsafe write(samples, into: row, first: first, step: step) { Float($0).bitPattern }
            default:
                var number = first
                for sample in samples {
                    unsafe write(pattern(sample), number: number, into: row)
                    number += step
                }
            }
        }
    }

    /// Writes patterns of one integer type.
    @inline(__always)
    private func write<Pattern: FixedWidthInteger>(
        _ samples: ArraySlice<Double>, into row: UnsafeMutableRawBufferPointer, first: Int, step: Int,
        pattern: (Double) -> Pattern
    ) {
        let swapped = isBigEndian != Self.hostIsBigEndian
        var at = first * MemoryLayout<Pattern>.size
        for sample in samples {
            let pattern = pattern(sample)
            unsafe row.storeBytes(of: swapped ? pattern.byteSwapped : pattern, toByteOffset: at, as: Pattern.self)
            at &+= step &* MemoryLayout<Pattern>.size
        }
    }

    /// Writes the pattern of a sample of any width.
    private func write(_ pattern: UInt64, number: Int, into row: UnsafeMutableRawBufferPointer) {
        if bits % 8 == 0 {
            let width = bits / 8
            for byte in 0..<width {
                let shift = UInt64(8 * (isBigEndian ? width - 1 - byte : byte))
                unsafe row[number * width + byte] = UInt8(truncatingIfNeeded: pattern >> shift)
            }
        } else {
            for bit in 0..<bits {
                let place = number * bits + bit
                let mask: UInt8 = 0x80 >> UInt8(place % 8)
                if pattern >> UInt64(bits - 1 - bit) & 1 == 1 {
                    unsafe row[place / 8] |= mask
                } else {
                    unsafe row[place / 8] &= ~mask
                }
            }
        }
    }

    /// Fills `samples` with the values of patterns of one integer type.
    @inline(__always)
    private func read<Pattern: FixedWidthInteger>(
        _ row: UnsafeRawBufferPointer, first: Int, step: Int, into samples: UnsafeMutableBufferPointer<Double>,
        value: (Pattern) -> Double
    ) {
        @inline(__always)
        func read(every step: Int, swapped: Bool) {
            for index in samples.indices {
                let at = (first &+ index &* step) &* MemoryLayout<Pattern>.size
                let pattern = unsafe row.loadUnaligned(fromByteOffset: at, as: Pattern.self)
                unsafe samples[index] = value(swapped ? pattern.byteSwapped : pattern)
            }
        }
        // The arguments are constants, so that the loop can be vectorized.
        switch (step, isBigEndian == Self.hostIsBigEndian) {
        case (1, true): read(every: 1, swapped: false)
        case (1, false): read(every: 1, swapped: true)
        case (_, let isHost): read(every: step, swapped: !isHost)
        }
    }

    @inline(__always)
    private func wholePattern(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        let width = bits / 8
        var pattern: UInt64 = 0
        if isBigEndian {
            for byte in 0..<width { pattern = pattern << 8 | UInt64(unsafe bytes[offset + byte]) }
        } else {
            for byte in 0..<width { pattern |= UInt64(unsafe bytes[offset + byte]) << UInt64(8 * byte) }
        }
        return pattern
    }

    private func packedPattern(_ bytes: UnsafeRawBufferPointer, bit: Int) -> UInt64 {
        var pattern: UInt64 = 0
        for place in bit..<bit + bits {
            pattern = pattern << 1 | UInt64(unsafe bytes[place / 8] >> UInt8(7 - place % 8) & 1)
        }
        return pattern
    }
}
