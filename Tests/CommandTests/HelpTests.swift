import Testing

@Suite struct `The program` {
    @Test(arguments: [[], ["denoise"], ["noise"], ["train"], ["evaluate"], ["phantom"], ["info"]])
    func `has help with an example for every command`(command: [String]) throws {
        let outcome = try Program().run(command + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("Example"))
        #expect(outcome.output.contains("\n  ctdenoise "))
        #expect(outcome.messages.isEmpty)
    }

    @Test func `refuses a command that it does not have`() throws {
        let outcome = try Program().run("sharpen")
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
    }
}
