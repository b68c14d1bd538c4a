import CTImageFiles
import CTImages
import CTMetrics
import CTNoise
import CTSupport

extension NoisySet {
    /// A clean file in memory.
    struct Source: Sendable {
        let bytes: [UInt8]
        let hash: String
        /// The decoded pages, with the set's scale if there is one.
        let image: ImageFile
        /// What is to be said of its scale.
        let remarks: [Intensities.Remark]
    }

    /// A pair that was made, and what is to be told of its source.
    struct Made: Sendable {
        let pair: Manifest.Pair
        let remarks: [Intensities.Remark]
        /// What the noisy file does not have.
        let omissions: [String]
        /// A hash of the clean samples; equal ones have the same.
        let image: Int
    }

    /// The clean files in use: each is read and decoded once for all its plans.
    struct Sources {
        /// The number of remaining plans for each path.
        private var left: [String: Int] = [:]
        private var reading: [String: Task<Result<Source, FileError>, Never>] = [:]

        init(of plans: [Plan]) {
            for plan in plans { left[plan.source.path, default: 0] += 1 }
        }

        /// Returns the source of `plan`, starting to read it unless that has been done.
        mutating func source(
            of plan: Plan, _ read: @escaping @Sendable (String) -> Result<Source, FileError>
        ) -> Task<Result<Source, FileError>, Never> {
            let path = plan.source.path
            if let task = reading[path] { return task }
            let task = Task { read(path) }
            reading[path] = task
            return task
        }

        /// Marks a plan as done and releases its source after the last plan.
        mutating func release(_ plan: Plan) {
            left[plan.source.path, default: 0] -= 1
            if left[plan.source.path] == 0 { reading[plan.source.path] = nil }
        }
    }

    /// Reads a clean file.
    func read(_ path: String) throws(FileError) -> Source {
        guard let known = known[path] else {
            let (bytes, decoded) = try intensities.readWithBytes(path)
            return Source(bytes: bytes, hash: SHA256.hex(bytes), image: decoded.image, remarks: decoded.remarks)
        }
        let bytes = try reading.contents(of: path)
        var image = try reading.decode(bytes, of: path)
        if let convention = known { image.adopt(convention) }
        return Source(bytes: bytes, hash: SHA256.hex(bytes), image: image, remarks: [])
    }

    /// Writes a noisy file and its clean partner.
    func make(_ plan: Plan, from source: Source) throws(FileError) -> Made {
        if let expected = plan.expected, expected.clean != source.hash {
            throw FileError(
                file: plan.source.path, found: "a file that differs from the manifest's",
                expected: "the SHA-256 \(expected.clean)", advice: "Pass the folder with the original files.")
        }
        let (image, psnr) = try noisy(source.image, plan)
        let (clean, noisy) = (FileSystem.join(folder, plan.clean), FileSystem.join(folder, plan.noisy))
        try FileSystem.makeFolder(for: clean)
        try FileSystem.makeFolder(for: noisy)
        let (bytes, clamped) = try image.encoded(file: noisy)
        let hash = SHA256.hex(bytes)
        try FileAccess.save(bytes, to: noisy, overwrite: overwrite)
        if links {
            try FileSystem.link(clean, to: FileSystem.resolved(plan.source.path))
        } else {
            try FileAccess.save(source.bytes, to: clean, overwrite: overwrite)
        }
        if let expected = plan.expected, expected.noisy != hash {
            throw FileError(
                file: noisy, found: "a result that differs from the manifest's",
                expected: "the SHA-256 \(expected.noisy)",
                advice: "Noise other than white, impulses, speckle, rings and columns may differ between systems.")
        }
        let scale = image.pages.first?.scale ?? .assumedHU
        let made = Manifest.Pair(
            clean: plan.clean, noisy: plan.noisy, source: plan.source.name, group: plan.group, split: plan.split,
            realisation: plan.realisation, seed: "\(plan.seed)", noise: plan.noise,
            stored: scale.convention.map { "\($0)" },
            slope: scale.slope, intercept: scale.intercept, pages: image.pages.count, psnr: psnr, clamped: clamped,
            cleanSHA256: source.hash, noisySHA256: hash)
        return Made(
            pair: made, remarks: source.remarks, omissions: source.image.omissions,
            image: source.image.pages.hashOfSamples)
    }

    /// Returns the noisy file and its PSNR in dB as stored: the mean over pages, `nil` if one of them is infinite.
    private func noisy(_ clean: ImageFile, _ plan: Plan) throws(FileError) -> (image: ImageFile, psnr: Double?) {
        let range = IntensityScale.huRange.upperBound - IntensityScale.huRange.lowerBound
        var image = clean
        var decibels: [Double] = []
        for (number, page) in clean.pages.enumerated() {
            guard plan.noise.isFinite(using: page.scale) else { throw .noiseTooStrong(plan.source.path, page.scale) }
            if let complaint = plan.noise.complaint(about: page) { throw .noDose(plan.source.path, complaint) }
            let noisy = plan.noise.apply(to: page, seed: plan.seed, page: UInt64(number))
            image.pages[number] = noisy
            let (written, tissue) = (noisy.quantized().slice, TissueMask(page))
            // Samples that are not tissue are the same in both, and may be NaN.
            let compared = page.samples.indices.filter { tissue.contains(page.samples[$0]) }
            let (clean, stored) = (page.hu, written.hu)
            let psnr = try? peakSignalToNoiseRatio(
                compared.map { clean[$0] }, compared.map { stored[$0] }, dataRange: range)
            decibels.append(psnr ?? .infinity)
        }
        let mean = decibels.reduce(0, +) / Double(decibels.count)
        return (image, mean.isFinite ? mean : nil)
    }
}

extension [CTSlice] {
    /// A hash of sizes and samples, valid while the program runs.
    fileprivate var hashOfSamples: Int {
        var hasher = Hasher()
        for slice in self {
            hasher.combine(slice.width)
            hasher.combine(slice.samples)
        }
        return hasher.finalize()
    }
}
