internal import CTSupport

/// Checks that colour samples are grey.
enum GreyCheck {
    static func check(
        _ red: [Double], _ green: [Double], _ blue: [Double], width: Int, from place: Int = 0
    ) throws(CodecFailure) {
        for index in red.indices where red[index] != green[index] || red[index] != blue[index] {
            throw failure(red[index], green[index], blue[index], at: place + index, width: width)
        }
    }

    static func failure(_ red: Double, _ green: Double, _ blue: Double, at place: Int, width: Int) -> CodecFailure {
        func text(_ value: Double) -> String { Int(exactly: value).map { String($0) } ?? String(value) }
        return CodecFailure(
            .color,
            found:
                "the colour \(text(red)), \(text(green)), \(text(blue)) "
                + "at column \(place % width), row \(place / width)",
            expected: "an image that is grey everywhere",
            advice: "Convert the file to grey if its colours carry no meaning.")
    }
}
