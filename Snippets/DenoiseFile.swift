// Denoises every page of a PNG or TIFF file and preserves everything else in it.

import CTDenoise
// snippet.hide
import Foundation

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
precondition(FileManager.default.changeCurrentDirectoryPath(folder.path))
let clean = ChestPhantom(width: 128, height: 96, seed: 1).slice(format: .uint16)
let noise = try NoiseModel([.white(.hu(80))])
try ImageFile(pages: [noise.apply(to: clean, seed: 1)], container: .png).write(to: "slice.png")
// snippet.show

// snippet.file
let denoiser = try Denoiser.bundled()
var file = try ImageFile(contentsOf: "slice.png")
file.pages = file.pages.map { denoiser.denoise($0) }
let clamped = try file.write(to: "denoised.png")
// snippet.end

// snippet.errors
do {
    _ = try ImageFile(contentsOf: "missing.png")
} catch {
    // A `FileError` describes the problem and how to fix it.
    print("\(error.code):", error.message)
}
// snippet.end

// snippet.hide
let before = try Comparison(clean, ImageFile(contentsOf: "slice.png").pages[0])
let after = try Comparison(clean, ImageFile(contentsOf: "denoised.png").pages[0])
print("PSNR: noisy \(before.peakSignalToNoiseRatio), denoised \(after.peakSignalToNoiseRatio), clamped \(clamped)")
// snippet.show
