import ArgumentParser
import CTSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard output: the results. Unlike with `Swift.print`, those that do not arrive are noticed.
enum StandardOutput {
    /// Prints `text` and a line break, at once.
    ///
    /// - Throws: `ExitCode.failure` if not all of it could be written; standard error says why.
    static func print(_ text: String) throws {
        if let number = write(text + "\n", to: STDOUT_FILENO) {
            var console = Console()
            let reason = unsafe String(cString: strerror(number))
            console.error(
                FileError(
                    file: "standard output", found: reason, expected: "a place that takes the results",
                    advice: "Check where it leads, and the space that is left."))
            throw ExitCode.failure
        }
    }

    /// Writes all of `text`; gives the error number if that fails.
    static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return errno }
            bytes = bytes.dropFirst(count)
        }
        return nil
    }

    /// Lets writing to a pipe whose reader is gone fail, instead of ending the program in the middle of its work.
    static func outliveReaders() { signal(SIGPIPE, SIG_IGN) }
}

/// The system's `write`, which has the name of a method above.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}

/// Results as one JSON object with sorted keys on standard output. Keys are interface.
enum JSONOutput {
    /// Prints `result`. What JSON has no number for, such as the PSNR of equal images, becomes the text
    /// "inf", "-inf" or "nan".
    static func print(_ result: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        try StandardOutput.print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
}

/// Fields of CSV files.
enum CSV {
    /// RFC 4180: quotation marks around what has a comma, a quotation mark or a line break.
    static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}
