/// Slopes and intercepts that descriptions in files state, as other programs write them.
///
/// Known are ImageJ's calibration (`c0`, `c1`), DICOM's names in any spelling ("RescaleIntercept: -1024",
/// `"rescale_intercept": -1024`), and GDAL's scale and offset.
enum DeclaredRescale {
    /// Returns what the first text that states it says; `nil` if none does.
    static func find(in texts: [PageSummary.Text]) -> (slope: Double, intercept: Double)? {
        for text in texts {
            let found = imageJ(text.value) ?? dicom("\(text.name) \(text.value)") ?? gdal(text.value)
            if let found, found.slope != 0, found.slope.isFinite, found.intercept.isFinite { return found }
        }
        return nil
    }

    /// Reads the straight line of a calibration function in ImageJ's description.
    private static func imageJ(_ text: String) -> (slope: Double, intercept: Double)? {
        guard text.hasPrefix("ImageJ=") else { return nil }
        var values: [Substring: Double] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2, let value = Double(parts[1]) { values[parts[0]] = value }
        }
        guard values["cf"] == 0, let intercept = values["c0"], let slope = values["c1"] else { return nil }
        return (slope, intercept)
    }

    private static func dicom(_ text: String) -> (slope: Double, intercept: Double)? {
        let text = Array(text.lowercased().utf8)
        guard let intercept = number(after: ["rescale", "intercept"], in: text) else { return nil }
        return (number(after: ["rescale", "slope"], in: text) ?? 1, intercept)
    }

    private static func gdal(_ text: String) -> (slope: Double, intercept: Double)? {
        guard text.contains("GDALMetadata") else { return nil }
        let text = Array(text.lowercased().utf8)
        guard let offset = number(after: ["role=\"offset\""], in: text) else { return nil }
        return (number(after: ["role=\"scale\""], in: text) ?? 1, offset)
    }

    /// Returns the number that follows some words, with little but punctuation between.
    private static func number(after words: [String], in text: [UInt8]) -> Double? {
        let first = Array(words[0].utf8)
        var start = 0
        while start + first.count <= text.count {
            defer { start += 1 }
            guard text[start..<start + first.count].elementsEqual(first) else { continue }
            var place = start + first.count
            var isComplete = true
            for word in words.dropFirst() {
                while place < text.count, place - start < 32, " _-".utf8.contains(text[place]) { place += 1 }
                let letters = Array(word.utf8)
                isComplete = text[place...].starts(with: letters)
                if !isComplete { break }
                place += letters.count
            }
            guard isComplete else { continue }
            while place < text.count, " \t\"':=>[(".utf8.contains(text[place]) { place += 1 }
            let digits = text[place...].prefix { "+-.0123456789e".utf8.contains($0) }
            if let number = Double(String(decoding: digits, as: UTF8.self)) { return number }
        }
        return nil
    }
}
