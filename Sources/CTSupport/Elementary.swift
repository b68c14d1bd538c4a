#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

// The C library's functions under the same names on every platform, without Foundation.

/// Returns the natural logarithm of `x`.
package func logarithm(_ x: Double) -> Double { log(x) }

/// Returns the logarithm of `x` to base 10.
package func decimalLogarithm(_ x: Double) -> Double { log10(x) }

/// Returns the natural logarithm of the factorial of `n`.
package func logFactorial(_ n: Double) -> Double {
    // `lgamma` would write the sign to a variable that all threads share.
    var sign: Int32 = 0
    return unsafe lgamma_r(n + 1, &sign)
}

/// Returns e to the power `x`.
package func exponential(_ x: Double) -> Double { exp(x) }

/// Returns `x` to the power `y`.
package func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// Returns the sine of an angle in radians.
package func sine(_ x: Double) -> Double { sin(x) }

/// Returns the cosine of an angle in radians.
package func cosine(_ x: Double) -> Double { cos(x) }

/// Returns the integral of the standard normal distribution up to `x`.
package func errorIntegral(_ x: Double) -> Double { (1 + erf(x * 0.5.squareRoot())) / 2 }
