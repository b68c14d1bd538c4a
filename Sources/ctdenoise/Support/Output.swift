import ArgumentParser

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Results as one JSON object with sorted keys on standard output. Keys are interface.
enum JSONOutput {
    /// Prints `result`. What JSON has no number for, such as the PSNR of equal images, becomes the text
    /// "inf", "-inf" or "nan".
    static func print(_ result: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        Swift.print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
}

/// How a command reports: for people, or as JSON.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output instead of text.")
    var json = false
}
