/// The order in which training reads a grid of tokens: along rows or along columns.
///
/// Tokens lie in memory as (batch, down, across). A scan reads many sequences side by side; they are cut
/// into blocks, and one work item runs all steps of one block in one direction, so that its states stay in
/// the cache. Rows and columns differ only in strides: nothing is transposed.
struct ScanGeometry: Sendable {
    /// Tokens of one sequence.
    let steps: Int
    /// Tokens from one step to the next.
    let stepStride: Int
    /// Tokens from one sequence to the next, within a block.
    let sequenceStride: Int
    /// First token and number of sequences of each block, and sequences of the blocks before it.
    let blocks: [(first: Int, count: Int, before: Int)]

    /// Sequences of a block, except the last: what a step reads and writes stays in L1 or L2, and the kernels' tiles, of 6 or
    /// 16 rows, are full.
    static let largestBlock = 48

    /// Along token rows: each row of each image is a sequence.
    static func rows(batch: Int, down: Int, across: Int) -> ScanGeometry {
        ScanGeometry(
            steps: across, stepStride: 1, sequenceStride: across,
            blocks: cut(batch * down).map {
                (first: $0.lowerBound * across, count: $0.count, before: $0.lowerBound)
            })
    }

    /// Along token columns: each column of each image is a sequence. Blocks do not span images, since the
    /// stride would not be uniform.
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

    /// The token of a block's first sequence at `step`, counted from the end if `reverse`.
    func token(_ block: Int, step: Int, reverse: Bool) -> Int {
        blocks[block].first + (reverse ? steps - 1 - step : step) * stepStride
    }

    /// Where a step of a block is among the rows of what only its own direction will read again: such things lie in the order
    /// in which they are written, (block, step, sequence), not where their tokens are.
    func place(_ block: Int, step: Int) -> Int {
        blocks[block].before * steps + step * blocks[block].count
    }
}
