/// Samples and what they are compared as: `slope · sample + intercept − low`, without copies of them in those units, which
/// would take as long as the comparison.
struct Samples {
    var values: [Double]
    var slope = 1.0
    var intercept = 0.0
    var low = 0.0

    /// What a sample is compared as.
    func value(_ sample: Double) -> Double { slope * sample + intercept - low }

    var array: [Double] { values.map(value) }
}
