public import CTImages

/// A denoised slice, and what is known of its noise.
public struct Denoised: Sendable {
    /// The slice without noise, in stored units, neither rounded nor clamped.
    public let slice: CTSlice

    /// What was found; `nil` if the model removes impulses only, or nothing was to be removed.
    public let noise: Noise?

    /// Noise that affects all samples.
    public struct Noise: Hashable, Sendable {
        /// The kinds of noise that a model may have a network for.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// All spatial frequencies have equal power.
            case white
            /// Noise of a scanner, coloured by reconstruction.
            case scanner
        }

        /// The kind of noise, by the slice's spectrum; `nil` if the model has one network for all.
        public let kind: Kind?

        /// The root mean square of the predicted noise in HU.
        public let deviation: Double

        /// The fraction of the predicted noise that was removed, 0…1.
        public let removed: Double

        /// Whether some of it was left because it is so faint that it may be texture of the tissue.
        public let isFaint: Bool

        /// Whether the slice seems to have much noise that the network does not know, so that it is left.
        public let isUnknown: Bool
    }
}
