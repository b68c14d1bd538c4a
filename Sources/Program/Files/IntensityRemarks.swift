import CTImages

/// Prints remarks about intensities, each kind once.
struct IntensityRemarks {
    private var told: Set<String> = []
    private var assumed: Set<IntensityScale> = []
    private var hasDoubted = false

    /// Prints remarks that were not printed before.
    mutating func tell(_ remarks: [Intensities.Remark], to console: inout Console) {
        for remark in remarks {
            switch remark {
            case .note(let text): if isNew(text) { console.line("note: \(text)") }
            case .warning(let text): if isNew(text) { console.warning(text) }
            case .doubt(let text):
                if !hasDoubted { console.warning(text) }
                hasDoubted = true
            case .assumed(let scale, let file): tell(scale, of: file, to: &console)
            }
        }
    }

    /// Prints the scale of a file, unless the same was printed before.
    private mutating func tell(_ scale: IntensityScale, of file: String, to console: inout Console) {
        guard assumed.insert(scale).inserted else { return }
        console.line("note: \(scale) (\(file)\(assumed.count == 1 ? " and files like it" : ""))")
        if assumed.count == 1 { console.line("      pass --stored or --rescale if that is wrong") }
    }

    /// Whether nothing was said about other files in the same words.
    private mutating func isNew(_ text: String) -> Bool {
        let words = text.firstRange(of: ": ").map { String(text[$0.upperBound...]) } ?? text
        return told.insert(words).inserted
    }
}
