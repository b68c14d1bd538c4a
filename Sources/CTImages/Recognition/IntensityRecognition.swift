internal import CTSupport

/// The recognition of the convention by which slices store HU.
///
/// Files of the same samples may mean HU, HU + 1024 or a display window, and few say which. Air, lung, fat and muscle
/// have known HU, however; so the convention that explains the values of homogeneous places best, as a mixture of these
/// tissues, is the right one, if it explains them clearly better than all others.
public struct IntensityRecognition: Sendable {
    /// How sure the recognition is.
    public enum Certainty: Sendable {
        /// One convention explains the samples much better than all others.
        case certain
        /// One convention explains the samples best, but others that hardly differ from it explain them nearly as well.
        case likely
        /// The samples look like CT, and several conventions explain them.
        case ambiguous
        /// The samples do not look like CT, for instance because they show only lung.
        case none
    }

    /// How sure the recognition is.
    public let certainty: Certainty

    /// The conventions that explain the samples, the best one first; empty if ``certainty`` is `none`.
    public let conventions: [IntensityConvention]

    /// The convention to use, if it is certain or likely.
    public var convention: IntensityConvention? {
        switch certainty {
        case .certain, .likely: conventions.first
        case .ambiguous, .none: nil
        }
    }

    /// How much better the best convention explains the samples than the next that differs, in nats per sample.
    package let margin: Double

    /// Conventions that differ by less, in HU of tissue, count as one.
    private static let sameHU = 45.0

    /// The margin from which a convention is certain.
    private static let clearMargin = 0.04

    /// The margin from which a convention is certain although the samples do not show all tissues.
    private static let overwhelmingMargin = 0.2

    /// Recognises the convention of slices of one format that share it.
    ///
    /// - Parameter slices: Slices with the scale that their file declares or that is assumed for its format.
    public init(of slices: [CTSlice]) {
        guard let first = slices.first else {
            self.init(.none, [], margin: 0)
            return
        }
        if slices.allSatisfy(Self.isWrapped), let evidence = IntensityEvidence(slices, isUnwrapped: true) {
            self.init([.wrapped], evidence, of: slices)
            if certainty == .certain { return }
        }
        guard let evidence = IntensityEvidence(slices, isUnwrapped: false) else {
            let isHU = slices.allSatisfy(Self.isPlainHU)
            self.init(isHU ? .certain : .none, isHU ? [.offset(0)] : [], margin: 0)
            return
        }
        self.init(IntensityConvention.all(for: first, evidence), evidence, of: slices)
    }

    private init(_ certainty: Certainty, _ conventions: [IntensityConvention], margin: Double) {
        (self.certainty, self.conventions, self.margin) = (certainty, conventions, margin)
    }

    private init(_ conventions: [IntensityConvention], _ evidence: IntensityEvidence, of slices: [CTSlice]) {
        let explanations = conventions.compactMap { Explanation($0, evidence, assumed: slices[0].scale) }
            .filter(\.fits).sorted { $0.score > $1.score }
        self.init(explanations)
        if explanations.first?.mixture.looksLikeCT == true { return }
        // Values may be those of CT in a convention that nobody uses.
        let least = (explanations.first?.score ?? -.infinity) + 0.2
        if let unknown = IntensityConvention.estimated(
            from: evidence, assumed: slices[0].scale, scoringMoreThan: least)
        {
            self.init(.ambiguous, [unknown], margin: 0)
        } else if certainty == .none, slices.allSatisfy(Self.isPlainHU) {
            self.init(.likely, [.offset(0)], margin: 0)
        }
    }

    private init(_ explanations: [Explanation]) {
        guard let best = explanations.first else {
            self.init(.none, [], margin: 0)
            return
        }
        let rivals = explanations.dropFirst().filter { $0.difference(from: best) > Self.sameHU }
        let margin = rivals.first.map { best.score - $0.score } ?? .infinity
        let close = explanations.filter { best.score - $0.score < Self.clearMargin }
        let isCT = best.mixture.looksLikeCT && margin >= Self.clearMargin
        if isCT || best.isCountable && margin >= Self.overwhelmingMargin {
            let others = explanations.filter { other in
                let difference = other.difference(from: best)
                return difference > 1 && best.score - other.score < best.sureMargin(isFar: difference > Self.sameHU)
            }
            // Of what hardly differs, the usual is more likely.
            let near = [best] + others.filter { $0.difference(from: best) <= Self.sameHU }
            let far = others.filter { $0.difference(from: best) > Self.sameHU }
            var all = (near.filter(\.convention.isCommon) + near.filter { !$0.convention.isCommon } + far)
                .map(\.convention)
            // A declared range may say in other words that values are HU.
            if let plain = explanations.first(where: { $0.isShift && $0.difference(from: best) < 0.5 }) {
                all[0] = plain.convention
            }
            let isCertain = others.isEmpty && (isCT || best.isTelling)
            self.init(isCertain ? .certain : .likely, Array(all.prefix(4)), margin: margin)
        } else if close.contains(where: { $0.mixture.looksLikeCT || $0.isCountable }),
            !(close.contains { $0.convention == .fullRange } && !best.mixture.looksLikeCT)
        {
            self.init(.ambiguous, close.map(\.convention), margin: margin)
        } else {
            self.init(.none, [], margin: margin)
        }
    }

    /// Whether samples are as negative as, of what is usual, only HU are, and not below air.
    private static func isPlainHU(_ slice: CTSlice) -> Bool {
        guard let least = slice.samples.min() else { return false }
        return (-1100 ... -500).contains(least)
    }

    /// Whether a slice clearly does not follow a convention: a few of its values, looked at fast, are no HU with it, or
    /// are explained much better by a shift.
    package static func contradicts(_ convention: IntensityConvention, _ slice: CTSlice) -> Bool {
        if convention == .wrapped { return !isWrapped(slice) }
        guard let evidence = IntensityEvidence([slice], isUnwrapped: false, blocks: 256, usesSpacing: false) else {
            return false
        }
        guard let expected = Explanation(convention, evidence, assumed: slice.scale), expected.fits else { return true }
        guard slice.format.bits > 8 else { return false }
        let others = [0.0, 1000, 1024, 8192, 32768].map { IntensityConvention.offset($0) }
        return (others + IntensityConvention.bytes(evidence)).contains { convention in
            guard let other = Explanation(convention, evidence, assumed: slice.scale), other.fits else { return false }
            let isCT = other.isShift || other.mixture.looksLikeCT
            return isCT && other.difference(from: expected) > 1 && other.score > expected.score + 0.12
        }
    }

    /// Whether signed values were stored as unsigned ones: both ends of the format occur, and nothing between.
    private static func isWrapped(_ slice: CTSlice) -> Bool {
        guard slice.format.kind == .unsignedInteger, slice.format.bits >= 16, let range = slice.format.range,
            slice.scale.slope > 0
        else { return false }
        var (all, high, between) = (0, 0, 0)
        let step = max(slice.samples.count / 8192, 1)
        var highest: Set<Double> = []
        for index in stride(from: 0, to: slice.samples.count, by: step) {
            let sample = slice.samples[index]
            all += 1
            if sample >= range.upperBound - 8191 {
                high += 1
                if highest.count < 16 { highest.insert(sample) }
            } else if sample > 8191 {
                between += 1
            }
        }
        // Salt is a single value at the end of the range.
        return 50 * between <= all && 100 * high >= all && highest.count == 16
    }
}

/// How well a convention explains the evidence.
private struct Explanation {
    let convention: IntensityConvention
    let scale: IntensityScale
    let mixture: TissueMixture
    /// The mixture's score, adjusted for what is usual.
    let score: Double
    /// Whether nearly all values are possible HU.
    let fits: Bool
    /// Whether one HU is one stored unit.
    let isShift: Bool
    /// Whether one HU is one stored unit, or the spacing of the values.
    let isExact: Bool
    /// Whether one HU is one step, and there are enough steps to tell.
    let isCountable: Bool
    /// Whether values are such as no other convention has: far from zero, or negative.
    let isTelling: Bool
    /// The stored values below and above which nothing can be stored, if any.
    private let clipped: (low: Double?, high: Double?)

    init?(_ convention: IntensityConvention, _ evidence: IntensityEvidence, assumed: IntensityScale) {
        guard let scale = convention.scale(assumed: assumed) else { return nil }
        var clipped: (low: Double?, high: Double?) = (nil, nil)
        switch convention {
        case .fullRange, .window:
            if case .assumedRange(let range) = assumed.origin { clipped = (range.lowerBound, range.upperBound) }
        case .unit: clipped = (0, 1)
        case .symmetric: clipped = (-1, 1)
        case .offset:
            if case .assumedRange(let range) = assumed.origin, range.lowerBound == 0 { clipped = (0, nil) }
        case .wrapped, .attenuation, .linear: break
        }
        // Interpolation and noise may go a little beyond, and floating-point values of bone much.
        let span = (clipped.high ?? 0) - (clipped.low ?? 0)
        let isWindow = if case .window = convention { true } else { convention == .fullRange }
        if let low = clipped.low, evidence.least < low - max(0.1 * span, 0) { return nil }
        if let high = clipped.high, evidence.greatest > high + max((isWindow ? 0.1 : 1.5) * span, 0) { return nil }
        self.convention = convention
        self.scale = scale
        self.clipped = clipped
        isShift =
            switch convention {
            case .offset, .wrapped: true
            case .linear(let slope, _): abs(slope) == 1
            default: false
            }
        mixture = TissueMixture(
            evidence, slope: scale.slope, intercept: scale.intercept, clipped: clipped, keepsPadding: isShift)
        isTelling =
            switch convention {
            case .wrapped: true
            case .offset(let offset): offset > 4000 || offset == 0 && evidence.least <= -500
            default: !isShift
            }
        isExact = isShift || evidence.spacing.map { abs(abs(scale.slope) * $0 - 1) < 1e-4 } ?? false
        // Noise that hides all tissues would be explained by any.
        fits = mixture.share(.none) < 0.02 && mixture.share(.metal) < 0.15 && abs(scale.slope) * evidence.noise < 250
        isCountable =
            isExact && mixture.share(.any, .metal) < 0.3
            && abs(scale.slope) * evidence.spread >= (isTelling ? 20 : 100)
        var score = mixture.score
        if convention.isCommon { score += 0.05 }
        // What a declared range says as well.
        if case .offset = convention { score += 0.06 }
        // Unless a window ends below it, a chest shows air and lung; and it is not full of contrast medium.
        if mixture.share(.emptyLung, .lung) < 0.02 { score -= 0.05 }
        let isFloorAir = scale.hu(stored: evidence.least) > -1003
        if mixture.share(.air, .emptyLung, .lung) + (isFloorAir ? mixture.share(.padding) : 0) < 0.03 { score -= 0.05 }
        if !isShift, mixture.share(.padding) > 0.1, mixture.share(.air, .emptyLung) < 0.03 { score -= 0.15 }
        if mixture.share(.blood) > 2 * mixture.share(.muscle) + 0.02 { score -= 0.08 }
        self.score = score
    }

    /// Returns the greatest difference in HU between what both take for air, fat and muscle, if they can store it.
    func difference(from other: Explanation) -> Double {
        [-1000.0, -100, 50].map { hu in
            let stored = other.scale.stored(hu: hu)
            return other.canStore(stored) ? abs(scale.hu(stored: stored) - hu) : 0
        }.max() ?? 0
    }

    /// Returns the margin from which this is certain and not just likely. Steps of one HU can be counted; windows that
    /// differ, but fat and muscle as well, are easily mistaken.
    func sureMargin(isFar: Bool) -> Double { isExact ? (isFar ? 0.04 : 0.12) : 0.25 }

    private func canStore(_ stored: Double) -> Bool {
        stored >= clipped.low ?? -.infinity && stored <= clipped.high ?? .infinity
    }
}

extension IntensityConvention {
    /// Windows and ranges in HU that programs use: lung, soft tissue, bone, and what neural networks are fed with.
    private static let windows: [ClosedRange<Double>] = [
        -1024...3071, -1000...1000, -1000...400, -1350...150, -160...240, -1400...200, -1250...250, -125...225,
        -150...250, -1000...2000, -1000...3000, -1000...1024, -1000...500, -1024...1024, -1024...2048, -500...1300,
        -500...1500,
    ]

    private static let commonWindows: Set<ClosedRange<Double>> = [
        -1024...1023, -1024...3071, -1000...1000, -1000...400, -1350...150, -160...240,
    ]

    /// Whether the convention is among those that are tried first.
    fileprivate var isCommon: Bool {
        switch self {
        case .fullRange: true
        case .window(let range), .unit(let range), .symmetric(let range): Self.commonWindows.contains(range)
        case .offset, .wrapped, .attenuation, .linear: false
        }
    }

    /// Returns the conventions that slices like `slice` may follow.
    fileprivate static func all(for slice: CTSlice, _ evidence: IntensityEvidence) -> [IntensityConvention] {
        var all: [IntensityConvention]
        switch slice.format.kind {
        case .unsignedInteger, .signedInteger:
            all = [.fullRange] + windows.map { .window($0) }
            if slice.format.bits > 8, slice.scale.slope > 0 {
                all += [0, 1000, 1024, 2048, 8192, 32768].map { .offset($0) }
            }
            all += inverted(slice)
            if slice.format.bits > 8 { all += bytes(evidence) }
        case .floatingPoint:
            let ranges = windows + [-1024...1023, -1024...3072]
            all = [0, 1000, 1024].map { .offset($0) } + ranges.map { .unit($0) } + ranges.map { .symmetric($0) }
            all += [0.0192, 0.02, 0.0206, 0.192, 0.2, 0.206].map { .attenuation(water: $0) }
            all += bytes(evidence)
        }
        guard let spacing = evidence.spacing, slice.scale.slope > 0 else { return all }
        // One HU is one step, unless they are not integers.
        var exact = all.filter { convention in
            convention.scale(assumed: slice.scale).map { abs(abs($0.slope) * spacing - 1) < 1e-4 } ?? false
        }
        if slice.format.kind == .floatingPoint {
            // Four significant digits are what water is given with.
            let water = 1000 * spacing
            if (0.016...0.022).contains(water) || (0.16...0.22).contains(water) {
                exact.append(.attenuation(water: (water * 1e6).rounded() / 1e6))
            }
        }
        return exact.isEmpty ? all : exact
    }

    /// Returns the windows of pictures of 8 bits that became larger numbers.
    fileprivate static func bytes(_ evidence: IntensityEvidence) -> [IntensityConvention] {
        guard evidence.least >= 0, evidence.greatest <= 255 else { return [] }
        return commonWindows.sorted { $0.lowerBound < $1.lowerBound }.map { hu in
            .linear(slope: (hu.upperBound - hu.lowerBound) / 255, intercept: hu.lowerBound)
        }
    }

    /// Returns conventions in which high values are dark: of a file whose values are, shifts; of others, windows.
    private static func inverted(_ slice: CTSlice) -> [IntensityConvention] {
        guard case .assumedRange(let range) = slice.scale.origin else { return [] }
        if slice.scale.slope < 0 {
            guard slice.format.bits > 8 else { return [] }
            let tops = Set([4095, range.upperBound])
            return tops.sorted().flatMap { top in
                [1000.0, 1024].map { .linear(slope: -1, intercept: top - $0) }
            }
        }
        return [-1024.0...1023, -1000...400, -1350...150, -160...240].map { hu in
            let slope = (hu.upperBound - hu.lowerBound) / (range.upperBound - range.lowerBound)
            return .linear(slope: -slope, intercept: hu.upperBound + slope * range.lowerBound)
        }
    }
}
