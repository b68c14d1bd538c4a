import CTSupport
import TestSupport
import Testing

@Suite struct `Reading a file` {
    @Test func `gives all of it, or its beginning`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "some")
        #expect(try FileAccess.contents(of: path) == [1, 2, 3])
        #expect(try FileAccess.contents(of: path, prefix: 2) == [1, 2])
        #expect(try FileAccess.contents(of: path, prefix: 9, largest: 3) == [1, 2, 3])
        #expect(try FileAccess.contents(of: folder.write([], to: "empty")) == [])
    }

    @Test func `that is not there, is a folder or is too large fails with its name`() throws {
        let folder = try TemporaryFolder()
        for path in [folder.file("none"), folder.path] {
            let error = #expect(throws: FileError.self) { try FileAccess.contents(of: path) }
            #expect(error?.code == .unreadable)
            #expect(error?.description.hasPrefix("\(path): found ") == true)
        }
        let path = try folder.write([1, 2, 3], to: "large")
        let error = #expect(throws: FileError.self) { try FileAccess.contents(of: path, prefix: 1, largest: 2) }
        #expect(error?.code == .tooLarge)
        #expect(error?.found == "3 bytes")
    }
}

@Suite struct `Writing a file` {
    @Test func `replaces it as a whole and leaves nothing beside it`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([9, 9, 9, 9], to: "file")
        try FileAccess.save([1, 2], to: path)
        #expect(try FileAccess.contents(of: path) == [1, 2])
        try FileAccess.save([], to: path)
        #expect(try FileAccess.contents(of: path) == [])
        #expect(try folder.contents() == ["file"])
    }

    @Test func `that is there keeps it, unless told to overwrite`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("file")
        try FileAccess.save([1], to: path, overwrite: false)
        let error = #expect(throws: FileError.self) { try FileAccess.save([2], to: path, overwrite: false) }
        #expect(error?.code == .alreadyExists)
        #expect(try FileAccess.contents(of: path) == [1])
        #expect(try folder.contents() == ["file"])
    }

    @Test func `of one name by many at once succeeds for one`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("file")
        let winners = await withTaskGroup(of: UInt8?.self) { group in
            for number in 0..<16 as Range<UInt8> {
                group.addTask {
                    let bytes = [UInt8](repeating: number, count: 10_000)
                    return (try? FileAccess.save(bytes, to: path, overwrite: false)) == nil ? nil : number
                }
            }
            return await group.reduce(into: [UInt8]()) { if let winner = $1 { $0.append(winner) } }
        }
        try #require(winners.count == 1)
        #expect(try FileAccess.contents(of: path) == [UInt8](repeating: winners[0], count: 10_000))
        #expect(try folder.contents() == ["file"])
    }

    @Test func `where it cannot be written says so, and leaves nothing behind`() throws {
        let folder = try TemporaryFolder()
        let inside = try TemporaryFolder()
        try inside.write([1], to: "file")
        for (path, overwrite) in [
            (folder.file("none/file"), false), (folder.file("none/file"), true), (inside.path, true),
        ] {
            let error = #expect(throws: FileError.self) {
                try FileAccess.save([1], to: path, overwrite: overwrite)
            }
            #expect(error?.code == .unwritable)
            #expect(error?.file == path)
        }
        #expect(try folder.contents() == [])
        #expect(try inside.contents() == ["file"])
    }
}
