#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// e to the power `x`.
func exponential(_ x: Double) -> Double { exp(x) }

/// The logarithm to the base of 10.
func decimalLogarithm(_ x: Double) -> Double { log10(x) }

/// `x` to the power `y`.
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// The sine of an angle in radians.
func sine(_ x: Double) -> Double { sin(x) }

/// The cosine of an angle in radians.
func cosine(_ x: Double) -> Double { cos(x) }
