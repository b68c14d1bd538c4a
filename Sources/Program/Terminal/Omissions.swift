/// Notes what written files will not have, once for each kind.
struct Omissions {
    private var told: Set<String> = []

    /// Prints what a file that is made from `file` lacks, unless the same was printed before.
    mutating func tell(_ omissions: [String], of file: String, to console: inout Console) {
        for omission in omissions where told.insert(omission).inserted {
            console.line("note: \(file): the output will not have \(omission); the same goes for files like it")
        }
    }
}
