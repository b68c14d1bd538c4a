/// How one sample of an image is stored: kind of number and width in bits.
public struct SampleFormat: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of number that image files hold.
    public enum Kind: String, Hashable, Sendable {
        /// Whole numbers from zero.
        case unsignedInteger
        /// Whole numbers in two's complement.
        case signedInteger
        /// IEEE 754 binary floating point.
        case floatingPoint
    }

    /// The kind of number.
    public let kind: Kind

    /// Bits a sample: 1 to 32 for integers; 16, 32 or 64 for floating point.
    public let bits: Int

    /// Makes a format.
    ///
    /// - Precondition: `bits` is 1 to 32 for integers, 16, 32 or 64 for floating point.
    public init(kind: Kind, bits: Int) {
        switch kind {
        case .unsignedInteger, .signedInteger: precondition((1...32).contains(bits), "\(bits)-bit integers")
        case .floatingPoint: precondition([16, 32, 64].contains(bits), "\(bits)-bit floating point")
        }
        self.kind = kind
        self.bits = bits
    }

    /// Unsigned integers of 8 bits.
    public static let uint8 = SampleFormat(kind: .unsignedInteger, bits: 8)

    /// Unsigned integers of 16 bits.
    public static let uint16 = SampleFormat(kind: .unsignedInteger, bits: 16)

    /// Signed integers of 16 bits.
    public static let int16 = SampleFormat(kind: .signedInteger, bits: 16)

    /// Single-precision floating point.
    public static let float32 = SampleFormat(kind: .floatingPoint, bits: 32)

    /// The least and the greatest value that fit, or `nil` for floating point.
    public var range: ClosedRange<Double>? {
        let count = Double(sign: .plus, exponent: bits, significand: 1)
        switch kind {
        case .unsignedInteger: return 0...(count - 1)
        case .signedInteger: return (-count / 2)...(count / 2 - 1)
        case .floatingPoint: return nil
        }
    }

    /// For example "16-bit unsigned integer".
    public var description: String {
        switch kind {
        case .unsignedInteger: "\(bits)-bit unsigned integer"
        case .signedInteger: "\(bits)-bit signed integer"
        case .floatingPoint: "\(bits)-bit floating point"
        }
    }
}
