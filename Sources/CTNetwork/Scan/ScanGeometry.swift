/// The order in which training reads a grid of tokens, along rows or along columns.
///
/// Tokens are stored as (batch, down, across). A scan reads many sequences side by side, cut into blocks. A work item
/// runs all steps of one block in one direction, so that its states stay in the cache. Rows and columns differ only in
/// strides; nothing is transposed.
struct ScanGeometry: Sendable {
    /// The tokens of a sequence.
    let steps: Int
    /// The distance between steps, in tokens.
    let stepStride: Int
    /// The distance between sequences of a block, in tokens.
    let sequenceStride: Int
    /// For each block: its first token, its number of sequences, and the number of sequences in all blocks before it.
    let blocks: [(first: Int, count: Int, before: Int)]

    /// The sequences of a block, except the last: small enough that a step's data stays in L1 or L2, and a multiple of
    /// the kernels' tiles of 6 or 16 rows.
    static let largestBlock = 48

    /// Returns the order along token rows: each row of each image is a sequence.
    static func rows(batch: Int, down: Int, across: Int) -> ScanGeometry {
        ScanGeometry(
            steps: across, stepStride: 1, sequenceStride: across,
            blocks: cut(batch * down).map {
                (first: $0.lowerBound * across, count: $0.count, before: $0.lowerBound)
            })
    }

    /// Returns the order along token columns: each column of each image is a sequence. Blocks do not span images, since
    /// the stride would not be uniform.
    static func columns(batch: Int, down: Int, across: Int) -> ScanGeometry {
        ScanGeometry(
            steps: down, stepStride: across, sequenceStride: 1,
            blocks: (0..<batch).flatMap { image in
                cut(across).map {
                    (
                        first: image * down * across + $0.lowerBound, count: $0.count,
                        before: image * across + $0.lowerBound
                    )
                }
            })
    }

    private static func cut(_ sequences: Int) -> [Range<Int>] {
        stride(from: 0, to: sequences, by: largestBlock).map { $0..<min($0 + largestBlock, sequences) }
    }

    /// Returns the token of a block's first sequence at `step`, counted from the end if `reverse`.
    func token(_ block: Int, step: Int, reverse: Bool) -> Int {
        blocks[block].first + (reverse ? steps - 1 - step : step) * stepStride
    }

    /// Returns the row of a block's step in memory that only its own direction reads again. Such memory is in the order
    /// of writing, (block, step, sequence), not in token order.
    func place(_ block: Int, step: Int) -> Int {
        blocks[block].before * steps + step * blocks[block].count
    }
}
