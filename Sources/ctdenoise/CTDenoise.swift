import ArgumentParser
import CMemory

@main
struct CTDenoise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctdenoise",
        abstract: "Denoise lung CT slices, make noisy training sets, report quality.",
        discussion: """
            Reads and writes greyscale PNG and TIFF files, one or many, and keeps their format. For research; no \
            diagnostic use.

            Example: denoise every slice under noisy/ into denoised/
              ctdenoise denoise noisy -o denoised

            Exit status: 0 done, 1 something failed, 2 a threshold that you set was missed, 64 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [
            Denoise.self, Noise.self, Train.self, Evaluate.self, Phantom.self, Info.self,
        ])

    static func main() async {
        StandardOutput.outliveReaders()
        ct_keep_memory()
        await main(nil)
    }
}
