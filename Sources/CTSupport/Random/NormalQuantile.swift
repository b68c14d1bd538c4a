/// The quantile function of the normal distribution, bit-identical on every platform.
///
/// Wichura's PPND16, "Algorithm AS 241: The percentage points of the normal distribution" (1988), doi 10.2307/2347330:
/// relative error about 10⁻¹⁶.
package enum NormalQuantile {
    /// Returns the standard normal quantile of the probability ½ + `offset`.
    ///
    /// - Precondition: −½ < `offset` < ½.
    package static func atHalf(plus offset: Double) -> Double {
        if abs(offset) <= 0.425 {
            return offset * central(0.180625 - offset * offset)
        }
        return tail(offset)
    }

    /// Returns the rational approximation for 85 % of all deviates.
    @inline(__always)
    private static func central(_ r: Double) -> Double {
        var p = 2509.0809287301226727 * r + 33430.575583588128105
        p = p * r + 67265.770927008700853
        p = p * r + 45921.953931549871457
        p = p * r + 13731.693765509461125
        p = p * r + 1971.5909503065514427
        p = p * r + 133.14166789178437745
        p = p * r + 3.387132872796366608
        var q = 5226.495278852854561 * r + 28729.085735721942674
        q = q * r + 39307.89580009271061
        q = q * r + 21213.794301586595867
        q = q * r + 5394.1960214247511077
        q = q * r + 687.1870074920579083
        q = q * r + 42.313330701600911252
        q = q * r + 1
        return p / q
    }

    /// Returns the quantile for an `offset` beyond ±0.425.
    @inline(never)
    private static func tail(_ offset: Double) -> Double {
        let root = (-logarithm(0.5 - abs(offset))).squareRoot()
        let size = root <= 5 ? near(root - 1.6) : far(root - 5)
        return offset < 0 ? -size : size
    }

    private static func near(_ r: Double) -> Double {
        var p = 7.7454501427834140764e-4 * r + 0.0227238449892691845833
        p = p * r + 0.24178072517745061177
        p = p * r + 1.27045825245236838258
        p = p * r + 3.64784832476320460504
        p = p * r + 5.7694972214606914055
        p = p * r + 4.6303378461565452959
        p = p * r + 1.42343711074968357734
        var q = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4
        q = q * r + 0.0151986665636164571966
        q = q * r + 0.14810397642748007459
        q = q * r + 0.68976733498510000455
        q = q * r + 1.6763848301838038494
        q = q * r + 2.05319162663775882187
        q = q * r + 1
        return p / q
    }

    private static func far(_ r: Double) -> Double {
        var p = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
        p = p * r + 0.0012426609473880784386
        p = p * r + 0.026532189526576123093
        p = p * r + 0.29656057182850489123
        p = p * r + 1.7848265399172913358
        p = p * r + 5.4637849111641143699
        p = p * r + 6.6579046435011037772
        var q = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7
        q = q * r + 1.8463183175100546818e-5
        q = q * r + 7.868691311456132591e-4
        q = q * r + 0.0148753612908506148525
        q = q * r + 0.13692988092273580531
        q = q * r + 0.59983220655588793769
        q = q * r + 1
        return p / q
    }

    /// Returns the natural logarithm of a positive, normal number, to about 10⁻¹⁶.
    ///
    /// log(m · 2ᵉ) = e · log 2 + 2 artanh((m − 1) / (m + 1)) with m between √½ and √2. The C library's `log` differs in
    /// the last bit between platforms.
    static func logarithm(_ value: Double) -> Double {
        var exponent = Double(value.exponent)
        var significand = value.significand
        if significand > 1.4142135623730951 {
            significand *= 0.5
            exponent += 1
        }
        let s = (significand - 1) / (significand + 1)
        let t = s * s
        // 2 artanh s = 2 s (1 + s²/3 + s⁴/5 + …); |s| ≤ 0.172, so s²² / 23 is below 10⁻¹⁷.
        var series = t * (1.0 / 21) + 1.0 / 19
        series = series * t + 1.0 / 17
        series = series * t + 1.0 / 15
        series = series * t + 1.0 / 13
        series = series * t + 1.0 / 11
        series = series * t + 1.0 / 9
        series = series * t + 1.0 / 7
        series = series * t + 1.0 / 5
        series = series * t + 1.0 / 3
        // log 2 in two parts, so that the product of the first with the exponent is exact.
        let high = 0.693147180369123816490
        let low = 1.90821492927058770002e-10
        return exponent * high + (2 * s + (2 * s * t * series + exponent * low))
    }
}
