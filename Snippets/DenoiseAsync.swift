// Denoises without blocking the calling task, reports progress, and stops when cancelled.

import CTDenoise

// snippet.hide
let clean = ChestPhantom(width: 128, height: 96, seed: 1).slice(format: .float32)
let noise = try NoiseModel([.white(.hu(80))])
let slice = noise.apply(to: clean, seed: 1)
// snippet.show
// snippet.progress
let denoiser = try Denoiser.bundled()
let denoised = try await denoiser.denoise(slice) { share in
    print("\(Int(100 * share)) %")
}
// snippet.end

// snippet.cancellation
let task = Task { try await denoiser.denoise(slice) }
task.cancel()
do {
    _ = try await task.value
} catch is CancellationError {
    print("cancelled")
}
// snippet.end

// snippet.hide
let (before, after) = (try Comparison(clean, slice), try Comparison(clean, denoised))
print("PSNR: noisy \(before.peakSignalToNoiseRatio), denoised \(after.peakSignalToNoiseRatio)")
// snippet.show
