import Testing

@testable import CTSupport

@Suite struct `Random values by position` {
    let random = CounterRandom(seed: 20_240_611, stream: 5)

    // Fixtures/normal-quantiles.py prints the golden values:
    //     python3 -m venv venv && venv/bin/pip install mpmath
    //     venv/bin/python Tests/CTSupportTests/Fixtures/normal-quantiles.py

    @Test func `are the same words on every platform`() {
        #expect(
            (0..<4).map { random.word(at: $0) } == [
                0x43C8_44E3_4465_6566, 0x9702_146C_4528_613F, 0x94D3_4E99_E4C9_A835, 0x91EA_94C0_EF0D_5890,
            ])
        // Output 0 of the published generator for seed 0, by Vigna's splitmix64.c, is E220A8397B1DCDAF.
        var generator = SplitMix64(seed: 0)
        #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
    }

    @Test func `have deviates that are right to the last digits`() {
        let expected: [(UInt64, Double)] = [
            (0, 0.7217458091129916), (1, -1.3415221911395703), (2, -1.3960528560585452), (3, -1.4758977407865295),
            (4, 0.3157344649283006), (5, -1.9198894902429668), (6, 0.27409590681793455), (7, 0.2821474809216018),
            (49225, 4.079497931796934),
        ]
        let worst = expected.map { abs(random.normal(at: $0.0) / $0.1 - 1) }.max()!
        #expect(worst < 5e-16)
    }

    @Test(arguments: [
        (0.125, 0.31863936396437514), (0.425, 1.439531470938456), (0.475, 1.9599639845400538),
        (0.4990234375, 3.0972690781987846), (0.5 - 0x1p-30, 6.009353565530744), (0.5 - 0x1p-40, 7.047700256664409),
        (0.5 - 0x1p-53, 8.209536151601387),
    ])
    func `come from normal quantiles of full precision, far out too`(offset: Double, deviate: Double) {
        #expect(abs(NormalQuantile.atHalf(plus: offset) / deviate - 1) < 1e-15)
        #expect(NormalQuantile.atHalf(plus: -offset) == -NormalQuantile.atHalf(plus: offset))
    }

    @Test(arguments: [(0.075, -2.5902671654458267), (0x1p-53, -36.7368005696771), (1.5, 0.4054651081081644)])
    func `come from logarithms of full precision`(value: Double, logarithm: Double) {
        #expect(abs(NormalQuantile.logarithm(value) / logarithm - 1) < 5e-16)
    }

    @Test func `lie from 0 up to but not including 1`() {
        let values = (0..<4096).map { random.uniform(at: $0) }
        #expect(values.min()! >= 0 && values.max()! < 1)
        // The mean of n uniform numbers deviates by 1 / √(12 n); 5 deviations happen once in two million seeds.
        let deviation = 1 / (12 * Double(values.count)).squareRoot()
        #expect(abs(values.reduce(0, +) / Double(values.count) - 0.5) < 5 * deviation)
    }

    @Test func `of a generator go on from a saved state`() {
        var generator = SplitMix64(seed: 9)
        _ = generator.next()
        var copy = SplitMix64(seed: 1)
        copy.state = generator.state
        #expect((0..<4).map { _ in copy.next() } == (0..<4).map { _ in generator.next() })
    }
}
