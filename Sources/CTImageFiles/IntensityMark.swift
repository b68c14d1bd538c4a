internal import CTImages
internal import CTSupport

/// The note in written files on how their values store HU, so that nobody has to recognise it again.
enum IntensityMark {
    /// The keyword of a PNG text, and the name of the TIFF tag.
    static let name = "ctdenoise stored values"

    /// A private TIFF tag from the range that is free for any use.
    static let tag = 65110

    /// Returns the note, such as "hu+1024: HU = 1 · stored - 1024"; `nil` if the convention is only assumed.
    static func text(_ scale: IntensityScale) -> String? {
        guard case .convention(let convention) = scale.origin, convention != .fullRange else { return nil }
        if convention == .wrapped { return "\(convention); HU = stored as a signed integer" }
        let sign = scale.intercept < 0 ? "-" : "+"
        return "\(convention); HU = \(plain(scale.slope)) * stored \(sign) \(plain(abs(scale.intercept)))"
    }

    /// Returns the convention in a note.
    static func convention(_ text: String) -> IntensityConvention? {
        text.split(separator: ";", maxSplits: 1).first.flatMap { IntensityConvention(String($0)) }
    }
}
