import CTNetwork
import CTSupport
import TestSupport
import Testing

/// Reading and writing of the file format. `Fixtures/make_golden.py` writes it without this program.
@Suite struct SafetensorsTests {
    static let example = Safetensors(
        metadata: ["made by": "a \"test\" \\ \n\t\u{1}", "größe": "½ · 𝄞", "empty": ""],
        tensors: [
            .init(name: "a", shape: [2, 3], values: [1, -2, 0.5, .infinity, -0.0, .leastNonzeroMagnitude]),
            .init(name: "no values", shape: [0, 7], values: []),
            .init(name: "one value", shape: [], values: [.pi]),
            .init(name: "ß.weight", shape: [1], values: [.greatestFiniteMagnitude]),
        ])

    /// A file with this header and so many bytes of values.
    private func file(_ header: String, values: Int = 4) -> [UInt8] {
        let size = header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: values)
    }

    private func entry(_ name: String, _ range: Range<Int>, type: String = "F32", shape: String? = nil) -> String {
        let shape = shape ?? "[\(range.count / 4)]"
        return "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),"
            + "\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}"
    }

    @Test func `What is written is read again`() throws {
        #expect(try Safetensors(bytes: Self.example.encoded(), file: "example") == Self.example)
        let empty = Safetensors(tensors: [])
        #expect(try Safetensors(bytes: empty.encoded(), file: "empty") == empty)
    }

    @Test func `The bytes are those that the format prescribes`() {
        let header = "{\"__metadata__\":{\"k\":\"v\"}," + entry("x", 0..<4) + "}"
        let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        let written = Safetensors(metadata: ["k": "v"], tensors: [.init(name: "x", shape: [1], values: [1])]).encoded()
        #expect(written == file(header + padding, values: 0) + [0, 0, 0x80, 0x3F])
        #expect(Self.example.encoded()[0].isMultiple(of: 8))
    }

    @Test func `A file is replaced as a whole and leaves nothing beside it`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "model.safetensors")
        try Self.example.write(to: path)
        #expect(try Safetensors(contentsOf: path) == Self.example)
        #expect(try folder.contents() == ["model.safetensors"])
    }

    @Test func `What cannot be read or written is named`() throws {
        let folder = try TemporaryFolder()
        let missing = folder.file("none/model.safetensors")
        let reading = #expect(throws: FileError.self) { try Safetensors(contentsOf: missing) }
        #expect(reading?.description.hasPrefix("\(missing): found No such file") == true)
        #expect(throws: FileError.self) { try Safetensors(contentsOf: folder.path) }
        let writing = #expect(throws: FileError.self) { try Self.example.write(to: missing) }
        #expect(writing?.file == missing)
    }

    @Test func `Spaces, any order of keys and of tensors, and escapes are read`() throws {
        let header = """
            { "b" : { "data_offsets" : [ 4 , 8 ] , "shape" : [ 1 ] , "dtype" : "F32" } ,
            \t"\\u00e4\\/\\ud834\\udd1e":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "__metadata__":{} }  \n
            """
        let read = try Safetensors(bytes: file(header, values: 8), file: "spaces")
        #expect(read.tensors.map(\.name) == ["ä/𝄞", "b"])
        #expect(read.metadata.isEmpty)
    }

    @Test func `Headers that break the format's rules are refused`() {
        let x = entry("x", 0..<4)
        let headers: [String: [UInt8]] = [
            "empty file": [], "seven bytes": [0, 0, 0, 0, 0, 0, 0], "no header": file("", values: 0),
            "longer than the file": [200, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
            "longer than any file": [255, 255, 255, 255, 255, 255, 255, 255, 0x7B, 0x7D],
            "not an object": file("[]", values: 0), "spaces first": file(" {" + x + "}"),
            "something after it": file("{\(x)} x"), "two objects": file("{\(x)}{}"),
            "not closed": file("{\(x)"), "a comma too many": file("{\(x),}"), "no comma": file("{\(x)\(x)}"),
            "a name twice": file("{\(x),\(x)}"),
            "metadata twice": file("{\"__metadata__\":{},\"__metadata__\":{},\(x)}"),
            "a key of metadata twice": file("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"},\(x)}"),
            "metadata that is no text": file("{\"__metadata__\":{\"a\":1},\(x)}"),
            "no values": file("{\(x)}", values: 0), "values missing": file("{\(x)}", values: 3),
            "values left over": file("{\(x)}", values: 5), "values without tensors": file("{}", values: 4),
            "a gap before": file("{\(entry("x", 4..<8))}", values: 8),
            "a gap between": file("{\(x),\(entry("y", 8..<12))}", values: 12),
            "an overlap": file("{\(entry("x", 0..<8)),\(entry("y", 4..<12))}", values: 12),
            "the same place": file("{\(x),\(entry("y", 0..<4))}"),
            "backwards": file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}"),
            "a negative offset": file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}"),
            "an offset beyond Int": file(
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775808]}}"),
            "a number of many digits": file(
                "{\(entry("x", 0..<4, shape: "[" + String(repeating: "1", count: 40) + "]"))}"),
            "three offsets": file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}"),
            "no offsets": file("{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}"),
            "a key that is not the format's": file(
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"z\":1}}"),
            "a fraction": file("{\(entry("x", 0..<4, shape: "[1.0]"))}"),
            "a leading zero": file("{\(entry("x", 0..<4, shape: "[01]"))}"),
            "the wrong shape": file("{\(entry("x", 0..<4, shape: "[2]"))}"),
            "a shape beyond Int": file("{\(entry("x", 0..<4, shape: "[4294967296,4294967296,4294967296]"))}"),
            "half a number": file("{\(entry("x", 0..<2, shape: "[]"))}", values: 2),
            "no UTF-8": Array(file("{\"~\":\(x.dropFirst(4))}").map { $0 == 0x7E ? 0xFF : $0 }),
            "half a surrogate pair": file("{\"\\ud834\":\(x.dropFirst(4))}"),
            "an unknown escape": file("{\"\\x\":\(x.dropFirst(4))}"),
            "a control character": file("{\"\u{1}\":\(x.dropFirst(4))}"),
        ]
        for (name, bytes) in headers {
            let error = #expect(throws: FileError.self, "\(name)") { try Safetensors(bytes: bytes, file: "f") }
            #expect(error?.file == "f")
        }
        #expect(throws: Never.self) { try Safetensors(bytes: file("{\(x)}"), file: "right") }
    }

    @Test(arguments: ["F16", "BF16", "F64", "I32", "f32"])
    func `Other types than F32 are refused by name`(type: String) {
        let bytes = file("{" + entry("weights", 0..<4, type: type) + "}")
        let error = #expect(throws: FileError.self) { try Safetensors(bytes: bytes, file: "f") }
        #expect(error?.found == "'weights' with \(type) numbers")
    }

    @Test func `No damage crashes the reader`() throws {
        let good = Self.example.encoded()
        for count in 0..<good.count {
            #expect(throws: FileError.self) { try Safetensors(bytes: Array(good.prefix(count)), file: "short") }
        }
        // Flipped bits may give another valid file; what is read must then be what that file says.
        var generator = TestGenerator(seed: 1)
        for index in good.indices {
            var bytes = good
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            guard let read = try? Safetensors(bytes: bytes, file: "flipped") else { continue }
            let values = read.tensors.reduce(0) { $0 + $1.values.count }
            #expect(values == 8)
        }
        let alphabet = Array("{}[]\",:\\u0149 data_offsetsF32shape".utf8)
        for _ in 0..<500 {
            let header = (0..<40).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            _ = try? Safetensors(bytes: file(String(decoding: header, as: UTF8.self)), file: "random")
        }
    }

    // MARK: - Networks

    static let network = randomNetwork(
        NetworkConfiguration(patch: 2, window: 4, channels: 3, hidden: 2, blocks: 1, mixing: 3))

    @Test func `A network is the same after a file`() throws {
        let bytes = Self.network.safetensors(metadata: ["recipe": "none"]).encoded()
        let model = try Safetensors(bytes: bytes, file: "model")
        #expect(model.metadata["recipe"] == "none")
        #expect(try Network(model, file: "model") == Self.network)
        let names = Self.network.layout.parameters.map(\.name) + Self.network.layout.statistics.map(\.name)
        #expect(model.tensors.map(\.name) == names)
    }

    @Test func `Models that lack something, have too much or no finite numbers are refused`() {
        func refused(_ what: String, _ found: String, _ change: (inout Safetensors) -> Void) {
            var model = Self.network.safetensors()
            change(&model)
            let error = #expect(throws: FileError.self, "\(what)") { try Network(model, file: "model") }
            #expect(error?.found.contains(found) == true, "\(what): \(error?.description ?? "")")
        }
        func index(_ model: Safetensors, _ name: String) -> Int {
            model.tensors.firstIndex { $0.name == name } ?? 0
        }
        refused("no configuration", "no network configuration") { $0.metadata = [:] }
        refused("no JSON", "cannot be read") { $0.metadata["config"] = "{" }
        refused("half a configuration", "cannot be read") { $0.metadata["config"] = "{\"patch\":2}" }
        refused("a configuration that no network can have", "patch of 3") {
            $0.metadata["config"] = $0.metadata["config"]?.split(separator: "\"patch\":2").joined(
                separator: "\"patch\":3")
        }
        refused("another configuration", "of shape") {
            $0.metadata["config"] = $0.metadata["config"]?.split(separator: "\"hidden\":2").joined(
                separator: "\"hidden\":3")
        }
        refused("a tensor less", "no tensor 'head.bias'") { $0.tensors.remove(at: index($0, "head.bias")) }
        refused("a tensor more", "a tensor 'more'") { $0.tensors.append(.init(name: "more", shape: [], values: [0])) }
        refused("a transposed tensor", "of shape [3, 8]") {
            $0.tensors[index($0, "blocks.0.rows.weight_ih_l0")].shape = [3, 8]
        }
        refused("not a number", "not finite") { $0.tensors[0].values[1] = .nan }
        refused("infinity", "not finite") { $0.tensors[index($0, "head.bias")].values[0] = -.infinity }
        refused("a negative variance", "negative") {
            $0.tensors[index($0, "blocks.0.rows.norm.running_var")].values[0] = -1
        }
    }

    @Test func `An error says file, what was found, what was expected and what to do`() {
        let error = #expect(throws: FileError.self) { try Safetensors(bytes: [1, 2, 3], file: "a.b") }
        #expect(error?.code == .malformed)
        #expect(
            error?.description
                == "a.b: found 3 bytes; expected at least 8. The file is damaged, incomplete or not a "
                + "safetensors file; get it again from its source.")
    }
}
