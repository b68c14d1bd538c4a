internal import CBundledModels

/// A model built into the program; ``Denoiser/bundled(_:precision:)`` creates a denoiser from it.
public enum BundledModel: String, CaseIterable, Sendable {
    /// The default, for best quality.
    case `default`
    /// For many slices in little time.
    case fast

    /// A human-readable purpose.
    public var purpose: String {
        switch self {
        case .default: "best quality"
        case .fast: "many slices in little time, with slightly more noise left"
        }
    }

    /// The total size of its safetensors files in bytes.
    public var size: Int { unsafe file.count + impulseFile.count + scannerFile.count }

    /// The safetensors file of its network for white noise, valid for the lifetime of the program.
    var file: UnsafeRawBufferPointer {
        switch self {
        case .default: unsafe Self.file(ct_default_model)
        case .fast: unsafe Self.file(ct_fast_model)
        }
    }

    /// The safetensors file of its salt-and-pepper network.
    var impulseFile: UnsafeRawBufferPointer {
        switch self {
        case .default: unsafe Self.file(ct_default_impulses_model)
        case .fast: unsafe Self.file(ct_fast_impulses_model)
        }
    }

    /// The safetensors file of its network for noise of scanners.
    var scannerFile: UnsafeRawBufferPointer {
        switch self {
        case .default: unsafe Self.file(ct_default_scanner_model)
        case .fast: unsafe Self.file(ct_fast_scanner_model)
        }
    }

    private static func file(_ model: (UnsafeMutablePointer<Int>) -> UnsafeRawPointer?) -> UnsafeRawBufferPointer {
        var count = 0
        let start = unsafe model(&count)
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}
