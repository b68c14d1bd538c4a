internal import CBundledModels

/// The models inside the program: ``Denoiser/bundled(_:precision:)`` makes denoisers of them.
public enum BundledModel: String, CaseIterable, Sendable {
    /// The one to take where nothing else is said.
    case `default`
    /// For many slices and little time.
    case fast

    /// What it is for, for a person.
    public var purpose: String {
        switch self {
        case .default: "the best pictures"
        case .fast: "many slices in little time, with a little more noise left"
        }
    }

    /// Bytes of its safetensors file.
    public var size: Int { unsafe file.count }

    /// Its safetensors file, which lives as long as the program.
    var file: UnsafeRawBufferPointer {
        var count = 0
        let start =
            switch self {
            case .default: unsafe ct_default_model(&count)
            case .fast: unsafe ct_fast_model(&count)
            }
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}
