internal import CTSupport

/// A way in which programs store HU in image files.
///
/// Its ``description`` is also the value of the program's `--stored`.
public enum IntensityConvention: Hashable, Sendable, CustomStringConvertible {
    /// The range that the file declares, or that its integer format has, spans −1024…1023 HU.
    case fullRange
    /// Stored values are HU plus an offset, 0 for HU.
    case offset(Double)
    /// Stored values are HU in two's complement, in a file that says that they are unsigned: 65036 is −500 HU.
    case wrapped
    /// The range that the file declares, or that its integer format has, spans a display window, in HU.
    case window(ClosedRange<Double>)
    /// Floating-point values of 0…1 span a range of HU.
    case unit(ClosedRange<Double>)
    /// Floating-point values of −1…1 span a range of HU.
    case symmetric(ClosedRange<Double>)
    /// Stored values are linear attenuation coefficients; that of water is given, in the unit of the values. Below 0.05
    /// that is 1/mm, otherwise 1/cm.
    case attenuation(water: Double)
    /// HU are a linear function of stored values, as DICOM's rescale slope and intercept state it.
    case linear(slope: Double, intercept: Double)

    /// Returns the scale of slices that follow the convention.
    ///
    /// - Parameter assumed: The scale that a slice has without it: its range and whether low values are bright count.
    /// - Returns: The scale, or `nil` if such a slice cannot follow the convention: floating-point values have no
    ///   range.
    public func scale(assumed: IntensityScale) -> IntensityScale? {
        func linear(_ slope: Double, _ intercept: Double) -> IntensityScale {
            IntensityScale(slope: slope, intercept: intercept, origin: .convention(self))
        }
        switch self {
        case .fullRange:
            if case .assumedRange = assumed.origin { return assumed }
            return nil
        case .offset(let offset): return linear(1, 0 - offset)
        case .wrapped: return linear(1, 0)
        case .window(let hu):
            guard case .assumedRange(let range) = assumed.origin else { return nil }
            let slope = (hu.upperBound - hu.lowerBound) / (range.upperBound - range.lowerBound)
            return assumed.slope < 0
                ? linear(-slope, hu.upperBound + slope * range.lowerBound)
                : linear(slope, hu.lowerBound - slope * range.lowerBound)
        case .unit(let hu): return linear(hu.upperBound - hu.lowerBound, hu.lowerBound)
        case .symmetric(let hu):
            return linear((hu.upperBound - hu.lowerBound) / 2, (hu.upperBound + hu.lowerBound) / 2)
        case .attenuation(let water): return linear(1000 / water, -1000)
        case .linear(let slope, let intercept): return linear(slope, intercept)
        }
    }

    /// The name of the convention: "hu+1024", "window:-600,1500" (centre and width), "unit:-1000,400" (ends in HU).
    public var description: String {
        func ends(_ hu: ClosedRange<Double>) -> String { "\(plain(hu.lowerBound)),\(plain(hu.upperBound))" }
        switch self {
        case .fullRange: return "full-range"
        case .offset(let offset):
            return offset == 0 ? "hu" : "hu\(offset < 0 ? "-" : "+")\(plain(abs(offset)))"
        case .wrapped: return "wrapped"
        case .window(let hu):
            return "window:\(plain((hu.lowerBound + hu.upperBound) / 2)),\(plain(hu.upperBound - hu.lowerBound))"
        case .unit(let hu): return "unit:\(ends(hu))"
        case .symmetric(let hu): return "symmetric:\(ends(hu))"
        case .attenuation(let water): return "\(water < 0.05 ? "1/mm" : "1/cm"):\(plain(water))"
        case .linear(let slope, let intercept): return "rescale:\(plain(slope)),\(plain(intercept))"
        }
    }

    /// The convention in words: "HU + 1024", "a window of 1500 HU around -600 HU".
    public var phrase: String {
        func ends(_ hu: ClosedRange<Double>) -> String { "\(plain(hu.lowerBound))…\(plain(hu.upperBound)) HU" }
        switch self {
        case .fullRange: return "-1024…1023 HU over the whole range of values"
        case .offset(let offset):
            return offset == 0 ? "HU" : "HU \(offset < 0 ? "-" : "+") \(plain(abs(offset)))"
        case .wrapped: return "HU in two's complement"
        case .window(let hu):
            let centre = plain((hu.lowerBound + hu.upperBound) / 2)
            return "a window of \(plain(hu.upperBound - hu.lowerBound)) HU around \(centre) HU"
        case .unit(let hu): return "0…1 for \(ends(hu))"
        case .symmetric(let hu): return "-1…1 for \(ends(hu))"
        case .attenuation(let water):
            return "attenuation in \(water < 0.05 ? "1/mm" : "1/cm"), \(plain(water)) in water"
        case .linear(let slope, let intercept):
            return "HU = \(plain(slope)) · stored \(intercept < 0 ? "-" : "+") \(plain(abs(intercept)))"
        }
    }

    /// Creates a convention from its name, as in ``description``; `nil` if there is none of that name.
    ///
    /// "unit" and "symmetric" alone span −1024…3071 HU; "1/mm" and "1/cm" alone have 0.02 and 0.2 in water.
    public init?(_ name: String) {
        let parts = name.lowercased().split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = parts.first else { return nil }
        let numbers =
            parts.count == 1
            ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
        guard numbers.allSatisfy({ $0.magnitude <= 1e9 }) else { return nil }
        let whole = -1024.0...3071.0
        switch (kind, numbers.count) {
        case ("full-range", 0): self = .fullRange
        case ("wrapped", 0): self = .wrapped
        case ("window", 2) where numbers[1] > 0:
            self = .window(numbers[0] - numbers[1] / 2...numbers[0] + numbers[1] / 2)
        case ("unit", 0): self = .unit(whole)
        case ("unit", 2) where numbers[0] < numbers[1]: self = .unit(numbers[0]...numbers[1])
        case ("symmetric", 0): self = .symmetric(whole)
        case ("symmetric", 2) where numbers[0] < numbers[1]: self = .symmetric(numbers[0]...numbers[1])
        case ("1/mm", 0): self = .attenuation(water: 0.02)
        case ("1/cm", 0): self = .attenuation(water: 0.2)
        case ("1/mm", 1) where (0.001..<0.05).contains(numbers[0]), ("1/cm", 1) where (0.05...1).contains(numbers[0]):
            self = .attenuation(water: numbers[0])
        case ("rescale", 2) where numbers[0] != 0: self = .linear(slope: numbers[0], intercept: numbers[1])
        case (_, 0) where kind.hasPrefix("hu"):
            let offset = kind.dropFirst(2)
            if offset.isEmpty {
                self = .offset(0)
                return
            }
            guard let first = offset.first, "+-".contains(first), let number = Double(offset),
                number.magnitude <= 1e9
            else { return nil }
            self = .offset(number)
        default: return nil
        }
    }
}
