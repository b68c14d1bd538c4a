internal import CTImageFiles
package import CTImages

/// The pictures of a slice, small enough for a page: what was judged, and its differences from the reference and the baseline, from which the page
/// works out the others.
///
/// HU are stored in 8 bits, in steps that are fine where windows are narrow (``huCodes``, ``differenceCodes``): the page shows what people
/// can see in a window, and figures come from the slices themselves.
package struct Pictures: Sendable {
    /// How many times coarser than the slice.
    package let reduction: Int
    /// Pixels.
    package let width, height: Int
    /// PNG files.
    let test: [UInt8]
    let difference, removed: [UInt8]?

    /// Bytes that the page needs for them.
    package var size: Int { Self.size([test, difference, removed]) }

    /// Makes pictures that need at most so many bytes, or those of the greatest reduction.
    ///
    /// - Parameters:
    ///   - test: What is judged.
    ///   - reference: What it should be, of the same size, if that is known.
    ///   - baseline: What it was made from, of the same size, if there is one.
    ///   - budget: Bytes of the page; pictures are made coarser, by means of squares, until they need no more.
    /// - Returns: `nil` if the pictures cannot be written.
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

    /// Bytes in base 64.
    private static func size(_ files: [[UInt8]?]) -> Int {
        files.reduce(0) { $0 + (($1?.count ?? 0) + 2) / 3 * 4 }
    }

    /// Means of squares; those at the right and at the bottom may be narrower.
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

    /// What the 256 values of a picture stand for, in ascending order, in HU.
    struct Codes: Sendable {
        let levels: [Double]
        /// Codes of a fine, even grid, so that none has to be searched.
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

        /// The code whose level is nearest.
        func code(_ value: Double) -> UInt8 {
            // What is no number becomes zero.
            guard value.isFinite else { return code(0) }
            guard value > levels[0] else { return 0 }
            return grid[Int(min((value - levels[0]) / step, Double(grid.count - 1)))]
        }
    }

    /// −1352…3070 HU: in steps of 12 HU below −200 HU, 4 HU up to 244 HU, 32 HU up to 1300 HU and 118 HU above.
    static let huCodes = Codes(
        Array(stride(from: -1352.0, to: -200, by: 12)) + Array(stride(from: -200.0, to: 244, by: 4))
            + Array(stride(from: 244.0, to: 1300, by: 32)) + (0..<16).map { 1300 + Double($0) * 118 })

    /// ±2000 HU: in steps of 1 HU around 0, that become 5 % of the difference farther away.
    static let differenceCodes: Codes = {
        var levels = [0.0]
        while let last = levels.last, last < 2000 { levels.append(last + max(1, 0.05 * last)) }
        return Codes(levels.dropFirst().reversed().map { -$0 } + levels)
    }()
}
