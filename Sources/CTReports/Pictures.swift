internal import CTImageFiles
package import CTImages

/// The pictures of a slice on a page: the image being assessed, and its differences from the reference and the
/// baseline, from which the page reconstructs these.
///
/// HU are stored in 8 bits, in steps that are small where windows are narrow (`huCodes`, `differenceCodes`): the page
/// shows what is visible in a window, whereas figures are computed from the slices themselves.
package struct Pictures: Sendable {
    /// The factor by which the resolution is reduced.
    package let reduction: Int
    /// The size in pixels.
    package let width, height: Int
    /// PNG files.
    let test: [UInt8]
    let difference, removed: [UInt8]?

    /// The number of bytes in the page.
    package var size: Int { Self.size([test, difference, removed]) }

    /// Creates pictures within a budget of bytes, or with the greatest reduction if none meets it.
    ///
    /// - Parameters:
    ///   - test: The slice being assessed.
    ///   - reference: The slice taken as correct, of the same size, or `nil`.
    ///   - baseline: The slice that `test` was made from, of the same size, or `nil`.
    ///   - budget: The number of bytes in the page. Resolution is reduced, by means of squares, until the pictures meet
    ///     it.
    /// - Returns: `nil` if the pictures cannot be encoded.
    package init?(test: CTSlice, reference: CTSlice?, baseline: CTSlice?, budget: Int) {
        let hu = test.hu
        let images = [
            (values: hu, codes: Self.huCodes),
            (values: reference.map { zip(hu, $0.hu).map { $0 - $1 } }, codes: Self.differenceCodes),
            (values: baseline.map { zip($0.hu, hu).map { $0 - $1 } }, codes: Self.differenceCodes),
        ]
        let side = max(test.width, test.height)
        // At most about a thousand pixels a side, at least about fifty.
        let first = (side + 1023) / 1024
        let last = max(side / 48, first)
        var made: (reduction: Int, width: Int, height: Int, files: [[UInt8]?])?
        for reduction in first...last {
            let width = (test.width + reduction - 1) / reduction
            let height = (test.height + reduction - 1) / reduction
            let files = images.map { image -> [UInt8]? in
                guard let values = image.values else { return nil }
                let small = Self.reduced(values, width: test.width, by: reduction)
                return Self.png(small.map { image.codes.code($0) }, width: width, height: height)
            }
            made = (reduction, width, height, files)
            if Self.size(files) <= budget { break }
        }
        guard let made, let picture = made.files[0] else { return nil }
        (reduction, width, height) = (made.reduction, made.width, made.height)
        (self.test, difference, removed) = (picture, made.files[1], made.files[2])
    }

    /// Returns the number of bytes in base 64.
    private static func size(_ files: [[UInt8]?]) -> Int {
        files.reduce(0) { $0 + (($1?.count ?? 0) + 2) / 3 * 4 }
    }

    /// Returns means of squares; those at the right and the bottom may be cut off.
    private static func reduced(_ values: [Double], width: Int, by reduction: Int) -> [Double] {
        guard reduction > 1 else { return values }
        let height = values.count / width
        let (wide, high) = ((width + reduction - 1) / reduction, (height + reduction - 1) / reduction)
        var (sums, counts) = ([Double](repeating: 0, count: wide * high), [Double](repeating: 0, count: wide * high))
        for row in 0..<height {
            for column in 0..<width {
                let place = row / reduction * wide + column / reduction
                sums[place] += values[row * width + column]
                counts[place] += 1
            }
        }
        return zip(sums, counts).map { $0 / $1 }
    }

    private static func png(_ codes: [UInt8], width: Int, height: Int) -> [UInt8]? {
        let slice = CTSlice(width: width, height: height, samples: codes.map(Double.init), format: .uint8)
        return try? ImageFile(pages: [slice], container: .png).encoded(file: "a picture of the report").bytes
    }

    // MARK: - Codes

    /// The values in HU that the codes of a picture represent, at most 256 in ascending order.
    struct Codes: Sendable {
        let levels: [Double]
        /// The codes on a fine, regular grid, which replaces a search.
        private let grid: [UInt8]
        private let step: Double

        fileprivate init(_ levels: [Double]) {
            self.levels = levels
            let step = 0.25
            self.step = step
            var code = 0
            let cells = Int((levels[levels.count - 1] - levels[0]) / step) + 1
            grid = (0..<cells).map { cell in
                let value = levels[0] + Double(cell) * step
                while code + 1 < levels.count, value > (levels[code] + levels[code + 1]) / 2 { code += 1 }
                return UInt8(code)
            }
            precondition(levels.count <= 256, "\(levels.count) codes in 8 bits")
        }

        /// Returns the code of the nearest level.
        func code(_ value: Double) -> UInt8 {
            // NaN and infinities become zero.
            guard value.isFinite else { return code(0) }
            guard value > levels[0] else { return 0 }
            return grid[Int(min((value - levels[0]) / step, Double(grid.count - 1)))]
        }
    }

    /// −1352…3070 HU: in steps of 12 HU below −200 HU, 4 HU up to 244 HU, 32 HU up to 1300 HU, and 118 HU above.
    static let huCodes = Codes(
        Array(stride(from: -1352.0, to: -200, by: 12)) + Array(stride(from: -200.0, to: 244, by: 4))
            + Array(stride(from: 244.0, to: 1300, by: 32)) + (0..<16).map { 1300 + Double($0) * 118 })

    /// ±2000 HU: in steps of 1 HU near 0, and 5 % of the difference farther away.
    static let differenceCodes: Codes = {
        var levels = [0.0]
        while let last = levels.last, last < 2000 { levels.append(last + max(1, 0.05 * last)) }
        return Codes(levels.dropFirst().reversed().map { -$0 } + levels)
    }()
}
