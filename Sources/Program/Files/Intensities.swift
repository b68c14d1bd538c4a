import ArgumentParser
import CTImageFiles
import CTImages
import CTSupport
import Dispatch

/// How the values of files store HU: as an option says, as the files say, or as is recognised.
///
/// Files of one format in one folder are a series. It is recognised from some of its slices together, before any work,
/// because a single slice can be a matter of doubt; a slice that clearly follows another convention is read by that.
struct Intensities: Sendable {
    /// What is known of a series.
    private enum Decision: Sendable {
        /// All files follow a convention.
        case convention(IntensityConvention)
        /// Each file is recognised on its own.
        case individually
        /// No CT was recognised, so the scale of the format is assumed.
        case assumption
    }

    private struct Series: Hashable {
        let folder: String
        let format: SampleFormat
    }

    private let reading: ReadingOptions
    /// The convention that an option says.
    private let chosen: IntensityConvention?
    /// The name of that option.
    private let option: String
    private var decisions: [Series: Decision] = [:]
    /// Whether all folders count as one.
    private let isOneSeries: Bool
    private let looked = LookedAt()
    /// Remarks on the whole series: notes and warnings.
    private(set) var remarks: [Remark] = []

    /// What is to be said about the scale of a file.
    enum Remark: Hashable, Sendable {
        case note(String)
        case warning(String)
        /// A warning that samples contradict a scale, of which one is enough.
        case doubt(String)
        /// The scale of a file is that of its format.
        case assumed(IntensityScale, file: String)
    }

    /// A file, decoded, and what is to be said about its scale.
    struct Decoded: Sendable {
        var image: ImageFile
        var remarks: [Remark]
    }

    /// The largest number of folders that are looked at one by one, of files looked at in each, and of files looked at
    /// in all, which are in memory at a time.
    private static let (mostFolders, someFiles, mostFiles) = (16, 6, 32)

    /// The size in bytes from which a file is not looked at before its turn.
    private static let largeFile = 1 << 25

    /// Decides how files store HU.
    ///
    /// - Parameters:
    ///   - paths: The files that will be read.
    ///   - reading: The options of the command.
    ///   - chosen: The convention that an option says for these files, instead of that in `reading`.
    ///   - option: The name of that option.
    /// - Throws: `FileError` if a series may follow several conventions.
    init(
        _ paths: [String], reading: ReadingOptions, chosen: IntensityConvention? = nil, option: String = "--stored"
    ) throws(FileError) {
        (self.reading, self.option) = (reading, option)
        self.chosen = chosen ?? reading.convention
        let folders = Dictionary(grouping: paths, by: FileSystem.parent)
        isOneSeries = folders.count > Self.mostFolders
        guard self.chosen == nil else { return }
        let groups = isOneSeries ? [paths] : folders.sorted { $0.key < $1.key }.map(\.value)
        let count = isOneSeries ? Self.mostFiles : min(Self.someFiles, Self.mostFiles / max(groups.count, 1))
        let looks = groups.flatMap { look(at: $0, count: count) }
        var certain: [SampleFormat: Set<IntensityConvention>] = [:]
        for look in looks where look.recognition.certainty == .certain && !look.isStated {
            guard let convention = look.recognition.convention else { continue }
            certain[look.series.format, default: []].insert(convention)
        }
        for look in looks {
            let agreed = certain[look.series.format].flatMap { $0.count == 1 ? $0.first : nil }
            decisions[look.series] = try decision(on: look, agreed: agreed)
        }
    }

    /// Creates the intensities of no files.
    init() { (reading, chosen, option, isOneSeries) = (ReadingOptions(), nil, "", false) }

    private func series(_ path: String, _ format: SampleFormat) -> Series {
        Series(folder: isOneSeries ? "" : FileSystem.parent(path), format: format)
    }

    // MARK: - Recognition

    /// Some files of a series, and what is recognised from them together.
    private struct Look {
        let series: Series
        let files: [(path: String, image: ImageFile)]
        let recognition: IntensityRecognition

        var path: String { files[0].path }

        /// The first file, for remarks on all.
        var name: String { path + (files.count > 1 || files[0].image.pages.count > 1 ? " and files like it" : "") }

        /// Whether each file states how it stores HU.
        var isStated: Bool { files.allSatisfy { $0.image.pages[0].scale.isStated } }
    }

    /// Looks at `count` of some files, by series.
    private func look(at paths: [String], count: Int) -> [Look] {
        var samples: [Series: [(path: String, image: ImageFile)]] = [:]
        let step = max(paths.count / count, 1)
        for index in stride(from: step / 2, to: paths.count, by: step) {
            // A file that cannot be read is reported when its turn comes.
            guard FileSystem.size(paths[index]) < Self.largeFile, let bytes = try? reading.contents(of: paths[index]),
                let image = try? reading.decode(bytes, of: paths[index])
            else { continue }
            looked.keep(bytes, image, of: paths[index])
            samples[series(paths[index], image.pages[0].format), default: []].append((paths[index], image))
        }
        return samples.sorted { $0.value[0].path < $1.value[0].path }.map { series, files in
            let slices = files.flatMap { $0.image.evidence(pages: max(Self.someFiles / files.count, 1)) }
            return Look(series: series, files: files, recognition: IntensityRecognition(of: slices))
        }
    }

    /// Decides on a series.
    ///
    /// - Parameter agreed: The convention of all certain series of the same format, if they agree.
    private mutating func decision(on look: Look, agreed: IntensityConvention?) throws(FileError) -> Decision {
        if look.isStated {
            for file in look.files { try checkStated(file.image, of: file.path) }
            remarks.append(.note("\(look.name): \(look.files[0].image.pages[0].scale), as the file says"))
            return .individually
        }
        if look.recognition.certainty != .certain, let agreed, isPossible(agreed, look) {
            return .convention(agreed)
        }
        switch look.recognition.certainty {
        case .certain, .likely:
            guard let convention = look.recognition.convention else { return .assumption }
            tell(look.recognition, of: look.name)
            return .convention(convention)
        case .ambiguous, .none:
            // A folder may mix conventions.
            let own = look.files.map { $0.image.recognizedIntensities().convention }
            if Set(own).count > 1, look.recognition.certainty == .none || !own.contains(nil) {
                tellMixture(look.files.map(\.path), own)
                return .individually
            }
            for file in look.files {
                let first = IntensityRecognition(of: [file.image.evidence(ofPage: 0)]).convention
                if let first { try checkPages(file.image, of: file.path, expecting: first) }
            }
            if look.recognition.certainty == .ambiguous { throw undecided(look.path, look.recognition) }
            for file in look.files { try checkAssumption(file.image, of: file.path) }
            remarks.append(.warning(noCT(look.files[0].image.pages[0], of: look.name)))
            return .assumption
        }
    }

    /// Whether a series that is not certain may follow the convention that others of its format certainly follow.
    private func isPossible(_ convention: IntensityConvention, _ look: Look) -> Bool {
        look.recognition.certainty == .none
            ? !look.files.contains { $0.image.clearlyContradicts(convention) }
            : look.recognition.conventions.contains(convention)
    }

    private mutating func tell(_ recognition: IntensityRecognition, of files: String) {
        guard let convention = recognition.convention else { return }
        if recognition.certainty == .likely {
            remarks.append(.warning(likely(recognition, of: files)))
        } else if convention != .fullRange {
            remarks.append(.note("\(files): recognised as \(convention.phrase)"))
        }
    }

    /// Warns that the files of a folder follow several conventions.
    private mutating func tellMixture(_ paths: [String], _ conventions: [IntensityConvention?]) {
        var examples: [String: String] = [:]
        for (path, convention) in zip(paths, conventions) {
            examples[convention?.phrase ?? "unknown", default: path] = path
        }
        let list = examples.sorted { $0.value < $1.value }.map { "\($0.key) in \($0.value)" }
        let text = "values store HU in several ways, and each file is read on its own: "
        remarks.append(.warning("\(FileSystem.parent(paths[0])): \(text)\(list.joined(separator: ", "))"))
    }

    private func likely(_ recognition: IntensityRecognition, of files: String) -> String {
        let names = recognition.conventions
        if names.count == 1 {
            return
                "\(files): read as \(names[0].phrase), which explains the values best, although not all tissues of CT "
                + "are seen; pass \(option) \(names[0]), or another, to be sure"
        }
        let others = names.dropFirst().map { "\(option) \($0)" }.joined(separator: ", ")
        return "\(files): read as \(names[0].phrase), but nearly the same values stand for \(others); "
            + "pass one of these, or \(option) \(names[0]), to be sure"
    }

    private func noCT(_ slice: CTSlice, of files: String) -> String {
        let doubt = slice.intensityDoubt.map { "; \($0)" } ?? ""
        return "\(files): no CT was recognised, so the scale is only assumed\(doubt); "
            + "pass \(option) hu, \(option) hu+1024 or another if that is wrong (see --help)"
    }

    private func undecided(_ path: String, _ recognition: IntensityRecognition) -> FileError {
        let names = recognition.conventions
        if names.count == 1 {
            return FileError(
                .undecidedIntensities, file: path,
                found: "values that look like CT if they are about \(names[0].phrase)",
                expected: "a usual way to store HU",
                advice: "Pass \(option) \(names[0]) if that is right, or the exact \(option) or --rescale.")
        }
        return FileError(
            .undecidedIntensities, file: path,
            found: "values that may be \(names.map(\.phrase).joined(separator: ", or "))",
            expected: "values that can be only one of these",
            advice: "Pass \(names.map { "\(option) \($0)" }.joined(separator: ", or ")).")
    }

    /// Refuses floating-point values that are no HU, if nobody says what they are.
    private func checkAssumption(_ image: ImageFile, of path: String) throws(FileError) {
        for page in image.pages {
            guard case .assumedHU = page.scale.origin, let doubt = page.intensityDoubt else { continue }
            throw FileError(
                .undecidedIntensities, file: path, found: "floating-point values of which \(doubt)", expected: "HU",
                advice: "Pass \(option) unit, \(option) unit:-1000,1000 or another (see --help), or \(option) hu.")
        }
    }

    /// Refuses a file whose description clearly contradicts its samples.
    ///
    /// - Returns: A warning if they differ by little.
    @discardableResult
    private func checkStated(_ image: ImageFile, of path: String) throws(FileError) -> [Remark] {
        let stated = image.pages[0].scale
        let own = stated.convention ?? .linear(slope: stated.slope, intercept: stated.intercept)
        // What this program wrote is hardly ever wrong, and looking at it in full takes time.
        if stated.convention != nil, !image.clearlyContradicts(own) { return [] }
        let recognition = image.recognizedIntensities()
        guard recognition.certainty == .certain, let convention = recognition.convention,
            let slice = image.evidence(pages: 1).first, let scale = convention.scale(assumed: slice.scale)
        else { return [] }
        let difference = [-1000.0, 0].map { abs(stated.hu(stored: scale.stored(hu: $0)) - $0) }.max() ?? 0
        guard difference > 1 || (own == .wrapped) != (convention == .wrapped) else { return [] }
        guard difference > 32 || own == .wrapped else {
            return [
                .warning("\(path): \(own.phrase), as the file says, but the values look like \(convention.phrase)")
            ]
        }
        throw FileError(
            .undecidedIntensities, file: path,
            found: "a description that says \(own.phrase), but values that look like \(convention.phrase)",
            expected: "both to agree", advice: "Pass \(option) \(convention), or \(option) \(own).")
    }

    // MARK: - Reading

    /// Reads a file, with the scale that was decided.
    func read(_ path: String) throws(FileError) -> Decoded { try readWithBytes(path).decoded }

    /// Reads a file, likewise, and also returns its bytes.
    func readWithBytes(_ path: String) throws(FileError) -> (bytes: [UInt8], decoded: Decoded) {
        if let (bytes, image) = looked.take(path) { return (bytes, try decoded(image, of: path)) }
        let bytes = try reading.contents(of: path)
        return (bytes, try decoded(reading.decode(bytes, of: path), of: path))
    }

    /// Reads a file by itself; returns it with the scale that is chosen, stated or recognised, and a doubt about that.
    static func described(_ path: String, reading: ReadingOptions) throws(FileError) -> (ImageFile, doubt: String?) {
        var image = try reading.read(path)
        if let chosen = reading.convention {
            image.adopt(chosen)
            return (image, nil)
        }
        if image.pages[0].scale.isStated { return (image, nil) }
        let recognition = image.recognizedIntensities()
        let names = recognition.conventions.map { "\($0)" }
        if let convention = recognition.convention { image.adopt(convention) }
        switch recognition.certainty {
        case .certain: return (image, nil)
        case .likely: return (image, "it may also be \(names.dropFirst().joined(separator: " or "))")
        case .ambiguous: return (image, "it may be \(names.joined(separator: " or "))")
        case .none:
            let reason = image.pages.lazy.compactMap(\.intensityDoubt).first.map { "; \($0)" } ?? ""
            return (image, "no CT was recognised" + reason)
        }
    }

    /// Returns a file with the scale that was decided.
    private func decoded(_ image: ImageFile, of path: String) throws(FileError) -> Decoded {
        var image = image
        if let chosen {
            guard image.adopt(chosen) else { throw cannotFollow(chosen, image.pages[0], path) }
            return Decoded(image: image, remarks: doubts(image, of: path))
        }
        if image.pages[0].scale.isStated {
            let remarks = try checkStated(image, of: path)
            return Decoded(image: image, remarks: remarks + doubts(image, of: path))
        }
        switch decisions[series(path, image.pages[0].format)] ?? .individually {
        case .convention(let convention): return try decoded(image, of: path, expecting: convention)
        case .individually:
            let recognition = image.recognizedIntensities()
            if recognition.certainty == .ambiguous { throw undecided(path, recognition) }
            guard let convention = recognition.convention else {
                try checkAssumption(image, of: path)
                let warning = Remark.warning(noCT(image.pages[0], of: path))
                return Decoded(image: image, remarks: [warning] + assumptions(image, of: path))
            }
            image.adopt(convention)
            let isLikely = recognition.certainty == .likely
            let note = Remark.note("\(path): recognised as \(convention.phrase)")
            let remark = isLikely ? .warning(likely(recognition, of: path)) : note
            return Decoded(image: image, remarks: [remark] + assumptions(image, of: path))
        case .assumption:
            try checkAssumption(image, of: path)
            return Decoded(image: image, remarks: assumptions(image, of: path) + doubts(image, of: path))
        }
    }

    /// Returns a file of a series with a known convention, unless the file clearly follows another one.
    private func decoded(
        _ image: ImageFile, of path: String, expecting convention: IntensityConvention
    ) throws(FileError) -> Decoded {
        var image = image
        var remarks: [Remark] = []
        let isContradicted = image.clearlyContradicts(convention)
        if isContradicted || image.pages.contains(where: { $0.format != image.pages[0].format }) {
            try checkPages(image, of: path, expecting: convention)
        }
        if isContradicted {
            let recognition = image.recognizedIntensities()
            if recognition.certainty == .ambiguous { throw undecided(path, recognition) }
            if let own = recognition.convention, own != convention {
                image.adopt(own)
                let text = "\(path): read as \(own.phrase), unlike the files beside it, which hold \(convention.phrase)"
                return Decoded(image: image, remarks: [.warning(text)])
            }
            if recognition.certainty == .none {
                let text =
                    "\(path): read as \(convention.phrase) like the files beside it, but its values contradict that"
                remarks.append(.warning(text))
            }
        }
        guard image.adopt(convention) else { throw cannotFollow(convention, image.pages[0], path) }
        return Decoded(image: image, remarks: remarks + assumptions(image, of: path))
    }

    /// Refuses a file of which a page clearly follows another convention than the whole.
    private func checkPages(
        _ image: ImageFile, of path: String, expecting convention: IntensityConvention
    ) throws(FileError) {
        guard image.pages.count > 1 else { return }
        let first = image.pages[0].format
        for number in image.pages.indices {
            let page = image.evidence(ofPage: number)
            guard page.format != first || IntensityRecognition.contradicts(convention, page) else { continue }
            let own = IntensityRecognition(of: [page]).convention
            guard let own, own != convention, let one = own.scale(assumed: page.scale) else { continue }
            if let other = convention.scale(assumed: page.scale), (own == .wrapped) == (convention == .wrapped),
                abs(one.hu(stored: other.stored(hu: 0))) <= 32
            {
                continue
            }
            throw FileError(
                .undecidedIntensities, file: path,
                found: "\(own.phrase) on page \(number + 1), but \(convention.phrase) on others",
                expected: "pages that store HU in one way",
                advice: "Split the file, or pass one \(option) for all pages.")
        }
    }

    private func cannotFollow(_ convention: IntensityConvention, _ slice: CTSlice, _ path: String) -> FileError {
        FileError(
            file: path, found: "\(slice.format) samples",
            expected: "a format that can hold \(convention.phrase)", advice: "Pass another \(option) for this file.")
    }

    /// Returns the warning that the samples contradict a scale that was not recognised from them.
    private func doubts(_ image: ImageFile, of path: String) -> [Remark] {
        guard let doubt = image.pages.lazy.compactMap(\.intensityDoubt).first else { return [] }
        return [.doubt("\(path): \(doubt); check \(chosen == nil ? option : "--stored or --rescale")")]
    }

    /// Returns the scales of pages that have that of their format.
    private func assumptions(_ image: ImageFile, of path: String) -> [Remark] {
        var scales: [IntensityScale] = []
        for page in image.pages where !page.scale.isStated && !scales.contains(page.scale) { scales.append(page.scale) }
        return scales.map { .assumed($0, file: path) }
    }
}

/// Files that were read to decide on their series, until they are needed again: so each is read once.
private final class LookedAt: @unchecked Sendable {
    private let queue = DispatchQueue(label: "files looked at")
    private var files: [String: (bytes: [UInt8], image: ImageFile)] = [:]
    private var samples = 0

    /// The largest number of samples kept, 64 MB.
    private static let most = 1 << 23

    /// Keeps a file, unless that takes too much memory.
    func keep(_ bytes: [UInt8], _ image: ImageFile, of path: String) {
        queue.sync {
            samples += image.pages.reduce(0) { $0 + $1.samples.count }
            if samples <= Self.most { files[path] = (bytes, image) }
        }
    }

    /// Returns a file that is kept, once.
    func take(_ path: String) -> (bytes: [UInt8], image: ImageFile)? { queue.sync { files.removeValue(forKey: path) } }
}

extension IntensityScale {
    /// Whether the file says it.
    fileprivate var isStated: Bool {
        switch origin {
        case .declared, .convention: true
        case .assumedRange, .assumedHU: false
        }
    }
}
