public import CTImages

extension ImageFile {
    /// Recognises how the values of the pages store HU; does not use it.
    ///
    /// What the file itself states is left out: compare it with the `scale` of the pages.
    ///
    /// ```swift
    /// var file = try ImageFile(contentsOf: "slice.png")
    /// if let convention = file.recognizedIntensities().convention { file.adopt(convention) }
    /// ```
    ///
    /// - Complexity: A few milliseconds, for up to 8 of the pages.
    public func recognizedIntensities() -> IntensityRecognition {
        IntensityRecognition(of: evidence(pages: 8))
    }

    /// Gives the samples of all pages the meaning that a convention says. A written file states it.
    ///
    /// - Parameter convention: The convention that the file follows.
    /// - Returns: Whether all pages can follow it; if not, the file is unchanged.
    @discardableResult
    public mutating func adopt(_ convention: IntensityConvention) -> Bool {
        var adopted: [CTSlice] = []
        for number in pages.indices {
            var page = evidence(ofPage: number)
            guard page.adopt(convention) else { return false }
            adopted.append(page)
        }
        pages = adopted
        return true
    }

    /// Returns up to `count` pages of the format of the first, with the scale that would be assumed for them.
    package func evidence(pages count: Int) -> [CTSlice] {
        let step = max(pages.count / max(count, 1), 1)
        return stride(from: 0, to: pages.count, by: step).prefix(count).compactMap { number in
            pages[number].format == pages[0].format ? evidence(ofPage: number) : nil
        }
    }

    /// Returns a page with the scale that would be assumed for it.
    package func evidence(ofPage number: Int) -> CTSlice {
        var page = pages[number]
        if assumedScales.indices.contains(number) { page.scale = assumedScales[number] }
        return page
    }

    /// Whether the samples of a page clearly follow another convention than `convention`; fast.
    package func clearlyContradicts(_ convention: IntensityConvention) -> Bool {
        pages.indices.contains { number in
            IntensityRecognition.contradicts(convention, evidence(ofPage: number))
        }
    }
}
