import CTDenoising
import CTImages
import CTPhantoms
import Dispatch
import Testing

@Suite struct `Denoising without blocking` {
    private static let noisy = ChestPhantom(width: 128, height: 96, seed: 4).slice(format: .float32)

    @Test func `gives what denoising gives, and says how far it is`() async throws {
        let denoiser = try Denoiser.bundled(.fast)
        let (stream, shares) = AsyncStream.makeStream(of: Double.self)
        let result = try await denoiser.denoise(Self.noisy, strength: 0.7, threads: 2) { shares.yield($0) }
        shares.finish()
        let expected = { denoiser.denoise(Self.noisy, strength: 0.7, threads: 1) }()
        #expect(result == expected)
        var seen: [Double] = []
        for await share in stream { seen.append(share) }
        // The start, one block after the other of a single pass, and the end.
        #expect(seen.first == 0 && seen.last == 1 && seen.count == 4)
        #expect(seen == seen.sorted())
    }

    @Test func `ends soon when the task is cancelled`() async throws {
        let denoiser = try Denoiser.bundled()
        let noisy = ChestPhantom(width: 512, height: 512, seed: 4).slice(format: .float32)
        let (stream, shares) = AsyncStream.makeStream(of: Double.self)
        // Where other tests keep the machine busy, denoising could end before it is cancelled: it waits in its first
        // block until it is.
        let isCancelled = DispatchSemaphore(value: 0)
        let task = Task {
            try await denoiser.denoise(noisy, threads: 1) { share in
                shares.yield(share)
                guard share > 0 else { return }
                isCancelled.wait()
                isCancelled.signal()
            }
        }
        for await share in stream where share > 0 { break }
        task.cancel()
        isCancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `does not begin in a task that is cancelled`() async throws {
        let denoiser = try Denoiser.bundled(.fast)
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await denoiser.denoise(Self.noisy)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
