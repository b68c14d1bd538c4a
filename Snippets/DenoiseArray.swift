// Denoises a slice whose samples are in an array: HU, or the integers that a scanner stored.

// snippet.array
import CTDenoise

let denoiser = try Denoiser.bundled()
// snippet.hide
let (width, height) = (128, 96)
let phantom = ChestPhantom(width: width, height: height, seed: 1)
let clean = CTSlice(hu: phantom.hu.map { Float($0) }, width: width, height: height)
let noise = try NoiseModel([.white(.hu(80))])
let hu = noise.apply(to: clean, seed: 1).hu.map { Float($0) }
// snippet.show
let slice = CTSlice(hu: hu, width: width, height: height)
let denoised = denoiser.denoise(slice).hu
// snippet.end

// snippet.hide
let pixels = hu.map { UInt16(max($0.rounded() + 1024, 0)) }
// snippet.show
// snippet.stored
let scan = CTSlice(stored: pixels, width: width, height: height, rescaleSlope: 1, rescaleIntercept: -1024)
let (result, _) = denoiser.denoise(scan).quantized()
let integers = result.samples.map { UInt16($0) }
// snippet.end

// snippet.hide
let (before, after) = (try Comparison(clean, slice), try Comparison(clean, denoiser.denoise(slice)))
print("PSNR: noisy \(before.peakSignalToNoiseRatio), denoised \(after.peakSignalToNoiseRatio)")
let stored = CTSlice(stored: integers, width: width, height: height, rescaleIntercept: -1024)
print("PSNR: noisy \(before.peakSignalToNoiseRatio), integers \(try Comparison(clean, stored).peakSignalToNoiseRatio)")
// snippet.show
