import ArgumentParser
import CKernels
import CSupport
import CTSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@main
struct CTDenoiseProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctdenoise",
        abstract: "Denoise lung CT slices, make noisy training sets, report quality.",
        discussion: """
            Reads and writes greyscale PNG and TIFF files and keeps their format. For research only, not for diagnosis.

            Example: denoise every slice under noisy/ into denoised/
              ctdenoise denoise noisy -o denoised

            Exit status: 0 success, 1 failure, 2 a threshold that you set was missed, 64 usage error.
            """,
        version: "0.1.0",
        subcommands: [
            Denoise.self, Noise.self, Train.self, Evaluate.self, Phantom.self, Info.self,
        ])

    static func main() async {
        StandardOutput.outliveReaders()
        ct_keep_memory()
        refuseUnknownInstructionSet()
        await main(nil)
    }

    /// Exits if `CTDENOISE_ISA` names an instruction set that this CPU lacks, instead of silently using another.
    private static func refuseUnknownInstructionSet() {
        guard !ct_isa_is_granted() else { return }
        let names = (0..<UInt32(CT_ISA_COUNT)).reversed().map { ct_isa($0) }.filter(ct_isa_is_available)
            .map { unsafe String(cString: ct_isa_name($0)) }
        var console = Console()
        console.error(
            FileError(
                file: "CTDENOISE_ISA", found: "\"\(ProcessInfo.processInfo.environment["CTDENOISE_ISA"] ?? "")\"",
                expected: names.dropLast().joined(separator: ", ")
                    + (names.count > 1 ? " or " : "") + (names.last ?? "") + " on this CPU",
                advice: "Correct or unset this environment variable."))
        exit(withError: ExitCode.failure)
    }
}
