import Testing

@Suite struct `Code in documents` {
    @Test(arguments: Document.paths) func `is that of the snippet or file that its mark names`(path: String) throws {
        #expect(try Document(at: path).complaints == [])
    }

    @Test func `is found in the articles`() throws {
        let articles = Document.paths.filter { $0.contains(".docc/") }
        let snippets = try articles.flatMap { try Document(at: $0).lines.filter { $0.hasPrefix("@Snippet") } }
        // All are shown somewhere.
        for name in Snippet.names { #expect(snippets.contains { $0.contains("Snippets/\(name)\"") }, "\(name)") }
    }

    @Test func `is compared line by line`() throws {
        let slice = try #require(try Snippet(named: "DenoiseFile").slices["file"])
        func document(_ mark: String, _ code: String) -> Document {
            Document("Text.\n\n\(mark)\n```swift\n\(code)\n```\n")
        }
        #expect(document("<!-- snippet: DenoiseFile.file -->", slice).complaints == [])
        let dependencies = "dependencies: [.product(name: \"CTDenoise\", package: \"ct-denoise\")])"
        #expect(document("<!-- lines: scripts/consumer/Package.swift -->", dependencies).complaints == [])
        for wrong in [
            document("<!-- snippet: DenoiseFile.file -->", slice.replacing("denoised.png", with: "other.png")),
            document("<!-- snippet: DenoiseFile.file -->", slice + "\n"),
            document("<!-- snippet: DenoiseFile -->", slice), document("<!-- snippet: DenoiseFile.none -->", slice),
            document("<!-- snippet: None.file -->", slice), document("<!-- snippet DenoiseFile.file -->", slice),
            document("<!-- lines: scripts/consumer/Package.swift -->", dependencies + ","),
            document("<!-- lines: scripts/none -->", dependencies),
            Document("<!-- snippet: DenoiseFile.file -->\n\n```swift\n\(slice)\n```"),
            Document("@Snippet(path: \"ct-denoise/Snippets/DenoiseFile\", slice: \"none\")"),
            Document("@Snippet(path: \"ct-denoise/Snippets/None\")"), Document("@Snippet(\"DenoiseFile\")"),
        ] {
            #expect(wrong.complaints.count == 1, "\(wrong.lines.joined(separator: "\n"))")
        }
    }

    @Test func `is what is not hidden`() {
        let snippet = Snippet(
            source: """
                // Says what it is for.

                import CTDenoise
                // snippet.hide
                let hidden = 1
                // snippet.show
                func function() {
                    // snippet.part
                    let seen = 2
                    // snippet.hide
                    let hidden = 3
                    // snippet.show
                    if seen == 2 {
                        print(seen)
                    }
                    // snippet.end
                }

                """)
        #expect(snippet.slices == ["part": "let seen = 2\nif seen == 2 {\n    print(seen)\n}"])
        #expect(
            snippet.text
                == "import CTDenoise\nfunc function() {\n    let seen = 2\n    if seen == 2 {\n        print(seen)\n"
                + "    }\n}"
        )
    }
}
