/// A chart of a page, drawn as SVG.
///
/// There are only two kinds of chart, made of straight lines and boxes, so a few lines of code draw them. Charting
/// libraries for Swift need a display system, or a JavaScript library in every page.
package struct Figure: Sendable {
    /// The image that a part of a chart belongs to.
    package enum Series: String, Sendable, CaseIterable {
        /// The image being assessed.
        case test
        /// The image that it is compared with.
        case baseline
        /// The image taken as correct.
        case reference
    }

    /// A line in a chart.
    package struct Curve: Sendable {
        /// The image that the line belongs to.
        package let series: Series
        /// The name in the legend.
        package let name: String
        /// The points from left to right.
        package let points: [(x: Double, y: Double)]

        /// Creates a line through points.
        package init(_ series: Series, name: String, points: [(x: Double, y: Double)]) {
            (self.series, self.name, self.points) = (series, name, points)
        }
    }

    let title: String
    /// A description of the chart for people who cannot see it.
    let description: String
    private let horizontal: Axis
    private let vertical: Axis
    private let shapes: Markup
    private let legend: [(series: Series, name: String)]

    /// Creates a line chart.
    ///
    /// - Parameters:
    ///   - title: The title above the chart.
    ///   - description: A description of the chart for people who cannot see it.
    ///   - horizontal: The name of the x-axis, with its unit.
    ///   - vertical: The name of the y-axis, which starts at 0, with its unit.
    ///   - curves: The lines, of which at least one has two finite points.
    /// - Returns: `nil` if there is nothing to draw.
    package init?(
        lines title: String, description: String, horizontal: String, vertical: String, curves: [Curve]
    ) {
        let points = curves.flatMap(\.points).filter { $0.x.magnitude < 1e12 && $0.y.magnitude < 1e12 }
        guard points.count > 1, let right = points.map(\.x).max(), let top = points.map(\.y).max(), right > 0, top > 0
        else { return nil }
        self.title = title
        self.description = description
        self.horizontal = Axis(name: horizontal, from: 0, to: right)
        self.vertical = Axis(name: vertical, from: 0, to: top)
        let (horizontal, vertical) = (self.horizontal, self.vertical)
        shapes = Markup(
            curves.map { curve in
                let path = curve.points.filter { $0.x.magnitude < 1e12 && $0.y.magnitude < 1e12 }.enumerated().map {
                    index, point in
                    "\(index == 0 ? "M" : "L")\(Self.x(point.x, horizontal)) \(Self.y(point.y, vertical))"
                }
                return "<path class=\"curve \(curve.series.rawValue)\" d=\"\(path.joined(separator: " "))\"/>"
            })
        legend = curves.map { ($0.series, $0.name) }
    }

    /// Creates a histogram.
    ///
    /// - Parameters:
    ///   - title: The title above the chart.
    ///   - description: A description of the chart for people who cannot see it.
    ///   - horizontal: The quantity counted, with its unit.
    ///   - groups: The values of each series; values that are not finite are ignored.
    /// - Returns: `nil` if there are fewer than two values.
    package init?(
        histogram title: String, description: String, horizontal: String,
        groups: [(series: Series, name: String, values: [Double])]
    ) {
        let all = groups.flatMap(\.values).filter(\.isFinite)
        guard all.count > 1, let least = all.min(), let greatest = all.max(), abs(least) < 1e12, abs(greatest) < 1e12
        else {
            return nil
        }
        // Equal values are centred.
        let margin = greatest > least ? 0 : max(abs(greatest) * 0.05, 0.5)
        let axis = Axis(name: horizontal, from: least - margin, to: greatest + margin)
        let bins = 24
        let width = (axis.to - axis.from) / Double(bins)
        var heights: [[Int]] = []
        for group in groups {
            var counts = [Int](repeating: 0, count: bins)
            for value in group.values where value.isFinite {
                counts[min(max(Int((value - axis.from) / width), 0), bins - 1)] += 1
            }
            heights.append(counts)
        }
        let top = Axis(name: "slices", from: 0, to: Double(heights.joined().max() ?? 1), isWhole: true)
        self.title = title
        self.description = description
        self.horizontal = axis
        vertical = top
        shapes = Markup(
            zip(groups, heights).map { group, counts in
                Markup(
                    counts.enumerated().filter { $0.element > 0 }.map { bin, count in
                        let left = Self.place(axis.from + Double(bin) * width, axis, Self.left, Self.right)
                        let right = Self.place(axis.from + Double(bin + 1) * width, axis, Self.left, Self.right)
                        let height = Self.place(Double(count), top, Self.bottom, Self.top)
                        let (low, high) = (
                            axis.text(axis.from + Double(bin) * width, more: 2),
                            axis.text(axis.from + Double(bin + 1) * width, more: 2)
                        )
                        let tip = "\(group.name): \(count) from \(low) to \(high)"
                        return """
                            <rect class="bar \(group.series.rawValue)" x="\(Self.digits(left + 0.5))" \
                            y="\(Self.digits(height))" width="\(Self.digits(max(right - left - 1, 1)))" \
                            height="\(Self.digits(Self.bottom - height))"><title>\(tip)</title></rect>
                            """
                    })
            })
        legend = groups.map { ($0.series, $0.name) }
    }

    // MARK: - Drawing

    private static let (width, height) = (480.0, 260.0)
    private static let (left, right, top, bottom) = (52.0, 456.0, 24.0, 212.0)

    private static func digits(_ value: Double) -> String { Number.plain(value, places: 1) }

    private static func place(_ value: Double, _ axis: Axis, _ low: Double, _ high: Double) -> Double {
        low + (high - low) * (value - axis.from) / (axis.to - axis.from)
    }

    private static func x(_ value: Double, _ axis: Axis) -> String { digits(place(value, axis, left, right)) }
    private static func y(_ value: Double, _ axis: Axis) -> String { digits(place(value, axis, bottom, top)) }

    /// The chart with its title and legend.
    var markup: Markup {
        let columns = horizontal.ticks.map { tick -> Markup in
            let x = Self.x(tick, horizontal)
            return """
                <line class="grid" x1="\(x)" y1="\(Self.digits(Self.top))" x2="\(x)" y2="\(Self.digits(Self.bottom))"/>
                <text x="\(x)" y="\(Self.digits(Self.bottom + 16))" text-anchor="middle">\(horizontal.text(tick))</text>
                """
        }
        let rows = vertical.ticks.map { tick -> Markup in
            let y = Self.y(tick, vertical)
            return """
                <line class="grid" x1="\(Self.digits(Self.left))" y1="\(y)" x2="\(Self.digits(Self.right))" y2="\(y)"/>
                <text x="\(Self.digits(Self.left - 6))" y="\(y)" dy="4" text-anchor="end">\(vertical.text(tick))</text>
                """
        }
        let names = legend.map { entry -> Markup in
            "<li class=\"\(entry.series.rawValue)\"><span class=\"swatch\"></span>\(entry.name)</li>"
        }
        return """
            <figure class="chart">
            <figcaption>\(title)</figcaption>
            <svg viewBox="0 0 480 260" role="img" aria-label="\(description)">
            \(Markup(columns))
            \(Markup(rows))
            \(shapes)
            <text class="axis" x="\(Self.digits((Self.left + Self.right) / 2))" y="\(Self.digits(Self.height - 10))" \
            text-anchor="middle">\(horizontal.name)</text>
            <text class="axis" x="4" y="12">\(vertical.name)</text>
            </svg>
            <ul class="legend">\(Markup(names))</ul>
            </figure>
            """
    }
}

/// An axis of a chart, which ends at round numbers.
private struct Axis {
    let name: String
    let from, to: Double
    let ticks: [Double]
    private let places: Int

    init(name: String, from: Double, to: Double, isWhole: Bool = false) {
        self.name = name
        // About five steps of 1, 2 or 5 times a power of ten.
        let rough = max(to - from, .leastNormalMagnitude) / 5
        var power = 1.0
        var places = 0
        while power * 10 <= rough { power *= 10 }
        while power > rough, places < 12 {
            power /= 10
            places += 1
        }
        let factor = [1.0, 2, 5, 10].first { $0 * power >= rough } ?? 10
        var step = factor * power
        if factor == 10, places > 0 { places -= 1 }
        if isWhole, step < 1 { (step, places) = (1, 0) }
        self.places = places
        let first = (from / step).rounded(.down)
        let last = max((to / step).rounded(.up), first + 1)
        self.from = first * step
        self.to = last * step
        ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
    }

    func text(_ value: Double, more: Int = 0) -> String { Number.text(value, places: places + more) }
}
