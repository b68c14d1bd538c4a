/// The storage format of an image sample: its number kind and its width in bits.
public struct SampleFormat: Hashable, Sendable, CustomStringConvertible {
    /// The kind of number that a sample is stored as.
    public enum Kind: String, Hashable, Sendable {
        /// An unsigned integer.
        case unsignedInteger
        /// A two's-complement integer.
        case signedInteger
        /// An IEEE 754 binary floating-point number.
        case floatingPoint
    }

    /// The kind of number.
    public let kind: Kind

    /// The number of bits per sample: 1 to 32 for integers; 16, 32 or 64 for floating point.
    public let bits: Int

    /// Creates a format from a number kind and a width in bits.
    ///
    /// - Precondition: `bits` is 1 to 32 for integers; 16, 32 or 64 for floating point.
    public init(kind: Kind, bits: Int) {
        switch kind {
        case .unsignedInteger, .signedInteger: precondition((1...32).contains(bits), "\(bits)-bit integers")
        case .floatingPoint: precondition([16, 32, 64].contains(bits), "\(bits)-bit floating point")
        }
        self.kind = kind
        self.bits = bits
    }

    /// The format of unsigned 8-bit integers.
    public static let uint8 = SampleFormat(kind: .unsignedInteger, bits: 8)

    /// The format of unsigned 16-bit integers.
    public static let uint16 = SampleFormat(kind: .unsignedInteger, bits: 16)

    /// The format of signed 16-bit integers.
    public static let int16 = SampleFormat(kind: .signedInteger, bits: 16)

    /// The format of single-precision floating point.
    public static let float32 = SampleFormat(kind: .floatingPoint, bits: 32)

    /// The range of representable values, or `nil` for floating point.
    public var range: ClosedRange<Double>? {
        let count = Double(sign: .plus, exponent: bits, significand: 1)
        switch kind {
        case .unsignedInteger: return 0...(count - 1)
        case .signedInteger: return (-count / 2)...(count / 2 - 1)
        case .floatingPoint: return nil
        }
    }

    /// A description such as "16-bit unsigned integer".
    public var description: String {
        switch kind {
        case .unsignedInteger: "\(bits)-bit unsigned integer"
        case .signedInteger: "\(bits)-bit signed integer"
        case .floatingPoint: "\(bits)-bit floating point"
        }
    }
}
