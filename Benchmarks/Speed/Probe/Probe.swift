import CTNetwork
import PeakProbe

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs the library for `bench.py`: reads one JSON object per line from standard input and answers each with another.
///
/// `prepare` sets up a case under a name, `run` runs it and answers with the milliseconds it took, `write` writes its
/// result, `peak` measures the machine and `memory` this process. An object with `error` ends the process. The
/// environment variable `CTDENOISE_ISA` selects the instruction set and the option `--precision fast` the precision,
/// once for the whole process.
@main
enum Probe {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let precision = arguments.isEmpty ? .single : Precision(arguments: arguments) else {
            return try say(Answer(error: "no such options: \(arguments.joined(separator: " "))"))
        }
        let startingBytes = resident_bytes()
        var cases: [String: Case] = [:]
        while let line = readLine() {
            do {
                try say(try answer(line, precision, cases: &cases, startingBytes: startingBytes))
            } catch {
                try say(Answer(error: "\(error)"))
                return
            }
        }
    }

    /// What the harness asks for.
    struct Request: Decodable {
        var command: String
        /// The name of a case.
        var name: String?
        /// For `prepare`.
        var setup: Setup?
        /// For `run`: how often, 1 if not said; the answer is the mean.
        var repeats: Int?
        /// For `write`: the file.
        var path: String?
        /// For `peak`.
        var kind: String?
        var threads: Int?
    }

    /// What the harness is told.
    struct Answer: Encodable {
        var error: String?
        var milliseconds: Double?
        /// The instruction set in use.
        var instructionSet: String?
        /// The kinds of arithmetic whose peak can be measured.
        var kinds: [String]?
        var gflops: Double?
        /// The most memory that was there at once, beyond what there was at the start.
        var grownBytes: Int?
    }

    private static func answer(
        _ line: String, _ precision: Precision, cases: inout [String: Case], startingBytes: Int
    ) throws -> Answer {
        let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
        switch request.command {
        case "facts":
            var kinds: [String] = []
            while let kind = unsafe peak_kind(Int32(kinds.count)) { kinds.append(unsafe String(cString: kind)) }
            return Answer(instructionSet: "\(precision.instructionSet), \(precision.arithmetic)", kinds: kinds)
        case "prepare":
            cases[try said(request.name, "name")] = try Case(try said(request.setup, "setup"), precision)
            return Answer()
        case "run":
            let prepared = try prepared(request, in: cases)
            let repeats = request.repeats ?? 1
            let spent = try ContinuousClock().measure {
                for _ in 0..<repeats { try prepared.run() }
            }
            return Answer(milliseconds: spent / .milliseconds(1) / Double(repeats))
        case "write":
            try prepared(request, in: cases).write(try said(request.path, "path"))
            return Answer()
        case "peak":
            let threads = try said(request.threads, "threads")
            return Answer(gflops: unsafe peak_gflops(try said(request.kind, "kind"), Int32(threads), 0.05))
        case "memory":
            return Answer(grownBytes: peak_resident_bytes() - startingBytes)
        default:
            throw Misunderstanding(description: "no command '\(request.command)'")
        }
    }

    private static func prepared(_ request: Request, in cases: [String: Case]) throws -> Case {
        let name = try said(request.name, "name")
        guard let prepared = cases[name] else { throw Misunderstanding(description: "no case '\(name)'") }
        return prepared
    }

    private static func say(_ answer: Answer) throws {
        print(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
        // Standard output is a pipe, which the C library would keep back.
        fflush(nil)
    }
}

/// What is wrong with a request.
struct Misunderstanding: Error, CustomStringConvertible {
    var description: String
}

/// `value`, which a request must have under `name`.
func said<Value>(_ value: Value?, _ name: String) throws -> Value {
    guard let value else { throw Misunderstanding(description: "'\(name)' is missing") }
    return value
}

extension Precision {
    /// From `--precision` and a name.
    fileprivate init?(arguments: ArraySlice<String>) {
        guard arguments.count == 2, arguments.first == "--precision", let name = arguments.last else { return nil }
        self.init(rawValue: name)
    }
}
