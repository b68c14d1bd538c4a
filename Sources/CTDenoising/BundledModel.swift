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

    /// Bytes of its safetensors files together.
    public var size: Int { unsafe file.count + impulseFile.count }

    /// Its safetensors file, which lives as long as the program.
    var file: UnsafeRawBufferPointer {
        switch self {
        case .default: unsafe Self.file(ct_default_model)
        case .fast: unsafe Self.file(ct_fast_model)
        }
    }

    /// That of its model for salt-and-pepper.
    var impulseFile: UnsafeRawBufferPointer {
        switch self {
        case .default: unsafe Self.file(ct_default_impulses_model)
        case .fast: unsafe Self.file(ct_fast_impulses_model)
        }
    }

    private static func file(_ model: (UnsafeMutablePointer<Int>) -> UnsafeRawPointer?) -> UnsafeRawBufferPointer {
        var count = 0
        let start = unsafe model(&count)
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}
