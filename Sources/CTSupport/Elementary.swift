#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

// The C library's functions under one name on every platform: those of Foundation would bring Foundation along.

/// The natural logarithm.
package func logarithm(_ x: Double) -> Double { log(x) }

/// The logarithm to base 10.
package func decimalLogarithm(_ x: Double) -> Double { log10(x) }

/// The natural logarithm of the factorial of `n`.
package func logFactorial(_ n: Double) -> Double {
    // Not `lgamma`, which writes the sign to a variable that all threads share.
    var sign: Int32 = 0
    return unsafe lgamma_r(n + 1, &sign)
}

/// e to the power `x`.
package func exponential(_ x: Double) -> Double { exp(x) }

/// `x` to the power `y`.
package func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// The sine of an angle in radians.
package func sine(_ x: Double) -> Double { sin(x) }

/// The cosine of an angle in radians.
package func cosine(_ x: Double) -> Double { cos(x) }
