// Measures how far a denoised slice is from the clean one, and estimates noise without a reference.

import CTDenoise

// snippet.hide
let (width, height) = (192, 176)
let clean = ChestPhantom(width: width, height: height, seed: 1).slice(format: .float32)
let noisy = try NoiseModel([.white(.hu(80))]).apply(to: clean, seed: 1)
let denoised = try Denoiser.bundled(.fast).denoise(noisy)
// snippet.show
// snippet.comparison
let before = try Comparison(clean, noisy)
let after = try Comparison(clean, denoised)
print("PSNR: noisy \(before.peakSignalToNoiseRatio), denoised \(after.peakSignalToNoiseRatio)")
print("SSIM: noisy \(try before.structuralSimilarity()), denoised \(try after.structuralSimilarity())")
// snippet.end

// snippet.window
// The lung window: level −600 HU, width 1500 HU.
let seen = try Comparison(clean, denoised, range: -1350...150, isClipped: true)
print("RMSE in the lung window:", seen.rootMeanSquaredError)
// snippet.end

// snippet.estimate
let estimate = NoiseEstimate(noisy.hu, width: noisy.width)
if let deviation = estimate.body {
    print("noise:", deviation, "HU")
}
// snippet.end

// snippet.removed
let noise = noisy.difference(from: denoised)
if let removed = RemovedNoise(noisy: noisy.hu, denoised: denoised.hu, width: noisy.width) {
    print("removed:", removed.rootMeanSquare, "HU")
}
// snippet.end
// snippet.hide
print("difference:", noise.hu.reduce(0) { max($0, abs($1)) })
// snippet.show
