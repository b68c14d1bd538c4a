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

/// Standard output, for results. Unlike `Swift.print`, it reports write failures.
enum StandardOutput {
    /// Prints `text` and a line break, unbuffered.
    ///
    /// - Throws: `ExitCode.failure` if not all of it could be written, after printing the reason to standard error.
    static func print(_ text: String) throws {
        if let number = write(text + "\n", to: STDOUT_FILENO) {
            var console = Console()
            let reason = unsafe String(cString: strerror(number))
            console.error(
                FileError(
                    file: "standard output", found: reason, expected: "a writable destination",
                    advice: "Check its destination and the free disk space."))
            throw ExitCode.failure
        }
    }

    /// Writes all of `text`; returns the error number if that fails.
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

    /// Makes writing to a closed pipe fail instead of killing the process in the middle of its work.
    static func outliveReaders() { signal(SIGPIPE, SIG_IGN) }
}

/// The system's `write`, which the method above shadows.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, bytes, count)
}

/// Prints results as one JSON object with sorted keys on standard output. The keys are part of the interface.
enum JSONOutput {
    /// Prints `result`. Numbers that JSON cannot represent, such as the PSNR of equal images, become the strings
    /// "inf", "-inf" and "nan".
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
    /// Quotes a field that contains a comma, a quotation mark or a line break, as in RFC 4180.
    static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}
