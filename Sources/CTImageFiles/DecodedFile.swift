internal import CTImages

/// What a codec makes of a file.
struct DecodedFile {
    var pages: [CTSlice] = []
    var summaries: [PageSummary] = []
    /// The place of each page in the file, from 0; pages that are left out have none.
    var numbers: [Int] = []
    /// What a new file will not have, as phrases.
    var omissions: [String] = []
}
