// Makes pairs of clean and noisy slices from phantoms, with noise determined by a seed.

import CTDenoise
// snippet.hide
import Foundation

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ctdenoise-\(UUID().uuidString)")
defer { try? FileManager.default.removeItem(at: folder) }
for part in ["clean", "noisy"] {
    let path = folder.appendingPathComponent(part).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}
precondition(FileManager.default.changeCurrentDirectoryPath(folder.path))
// snippet.show

// snippet.noise
let noise = try NoiseModel([.correlated(.hu(30), kernel: .sharp, pixel: 0.7), .impulses(density: 0.01)])
// snippet.end

// snippet.set
for number in 1...4 {
    let name = "phantom-\(number).tif"
    let clean = ChestPhantom(width: 128, height: 96, seed: UInt64(number)).slice(format: .float32)
    let noisy = noise.apply(to: clean, seed: NoiseModel.seed(7, name: name))
    try ImageFile(pages: [clean], container: .tiff).write(to: "clean/\(name)")
    try ImageFile(pages: [noisy], container: .tiff).write(to: "noisy/\(name)")
}
// snippet.end

// snippet.texts
let sameNoise = try NoiseModel([NoiseStep("correlated:30hu,kernel=sharp,pixel=0.7"), NoiseStep("impulses:1%")])
// snippet.end

// snippet.dose
let patient = ChestPhantom(width: 128, height: 96, seed: 5)
let dose = LowDose(fraction: 0.25, noise: .hu(15), kernel: .soft, pixel: patient.spacing)
let lowDose = try NoiseModel([.dose(dose)]).apply(to: patient.slice(format: .float32), seed: 1)
// snippet.end

// snippet.hide
let files = try FileManager.default.contentsOfDirectory(atPath: "noisy").sorted()
for name in files {
    let pair = try (ImageFile(contentsOf: "clean/\(name)"), ImageFile(contentsOf: "noisy/\(name)"))
    print("PSNR: pair \(try Comparison(pair.0.pages[0], pair.1.pages[0]).peakSignalToNoiseRatio)")
}
let fullDose = patient.slice(format: .float32)
print("PSNR: low dose \(try Comparison(fullDose, lowDose).peakSignalToNoiseRatio), same noise \(sameNoise == noise)")
// snippet.show
