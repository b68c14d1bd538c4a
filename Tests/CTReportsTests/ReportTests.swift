@testable import CTReports
import CTImages
import Foundation
import TestSupport
import Testing

@Suite struct `A report` {
    static let metrics = [
        ReportPage.Metric("PSNR", unit: "dB", places: 2, better: .higher, meaning: "Of <noise> & \"signal\"."),
        ReportPage.Metric("share", places: 3, better: .lower, meaning: "A share.", isOfBaseline: false),
    ]

    static func report(_ rows: [ReportPage.Row]) -> ReportPage {
        var report = ReportPage(
            title: "A <b>title</b>", summary: "two & more", facts: [(name: "Clipping", value: "none")],
            metrics: metrics,
            testName: "test", baselineName: "baseline")
        report.rows = rows
        return report
    }

    @Test func `takes names for text, never for markup`() {
        let evil = "</script><script>alert('x')</script>\u{1B}&\"<!--"
        let slice = CTSlice(width: 12, height: 12, samples: [Double](repeating: 9, count: 144), format: .int16)
        let pictures = Pictures(test: slice, reference: nil, baseline: nil, budget: 10_000)
        #expect(pictures != nil)
        let html = Self.report([
            ReportPage.Row(name: evil, patient: evil, values: [1, 2], pictures: pictures),
            ReportPage.Row(name: "b", patient: "c", values: [3, nil]),
        ]).html
        #expect(!html.contains("</script><script>alert"))
        #expect(!html.contains("\u{1B}"))
        #expect(html.contains("A &lt;b&gt;title&lt;/b&gt;"))
        // The script's own end, the data's, and no more.
        #expect(html.components(separatedBy: "</script>").count == 3)
        #expect(!html.contains("<!--"))
    }

    @Test func `names no other place and fetches nothing`() {
        let html = Self.report([ReportPage.Row(name: "a", patient: ".", values: [1, 2], baseline: [3, nil])]).html
        for mark in ["http:", "https:", "//www", "src=\"", "url(", "@import", "<link rel=\"stylesheet"] {
            #expect(!html.contains(mark), "\(mark)")
        }
        #expect(html.contains("default-src 'none'"))
    }

    @Test func `says infinite and unknown values`() {
        let html = Self.report([
            ReportPage.Row(name: "a", patient: ".", values: [.infinity, nil], baseline: [-2.5, nil])
        ]).html
        #expect(html.contains("data-value=\"Infinity\">∞<"))
        #expect(html.contains(">–<"))
        #expect(html.contains("data-value=\"-2.5\">−2.50<"))
        // A metric that the baseline lacks has one column.
        #expect(html.contains("colspan=\"2\""))
        #expect(html.contains("colspan=\"1\""))
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `writes base 64 as RFC 4648 has it`(text: String, expected: String) {
        #expect(base64(Array(text.utf8)) == expected)
    }

    @Test func `writes any bytes in base 64 as Foundation does`() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count * 91) }
            #expect(base64(bytes) == Data(bytes).base64EncodedString())
        }
    }

    @Test func `writes strings as JSON that any reader understands`() throws {
        let text = "a\"b\\c</script><!--&\u{2028}\u{7F}\n\t\u{0}é😀"
        let read = try JSONSerialization.jsonObject(with: Data("[\(jsonString(text))]".utf8)) as? [String]
        #expect(read == [text])
        #expect(!jsonString(text).contains("<"))
    }
}

@Suite struct `Pictures of a report` {
    @Test func `hold HU to half a step`() {
        var (last, code) = (-2000.0, 0)
        for hu in stride(from: -1352.0, through: 3000, by: 0.5) {
            let now = Int(Pictures.huCodes.code(hu))
            #expect(now >= code)
            (last, code) = (Pictures.huCodes.levels[now], now)
            let step = hu < -200 ? 12.0 : hu < 244 ? 4 : hu < 1300 ? 32 : 118
            #expect(abs(last - hu) <= step / 2 + 0.25, "\(hu)")
        }
        #expect(Pictures.huCodes.code(-5000) == 0)
        #expect(Pictures.huCodes.code(9000) == 255)
        #expect(abs(Pictures.huCodes.levels[Int(Pictures.huCodes.code(.nan))]) <= 2)
    }

    @Test func `hold differences to half a HU, or a twentieth`() {
        for difference in stride(from: -2000.0, through: 2000, by: 0.5) {
            let level = Pictures.differenceCodes.levels[Int(Pictures.differenceCodes.code(difference))]
            #expect(abs(level - difference) <= max(0.75, 0.035 * abs(difference)), "\(difference)")
            if abs(difference) < 0.5 { #expect(level == 0) }
            if abs(difference) >= 1 { #expect(level * difference > 0) }
        }
    }

    @Test(arguments: [1_000_000, 67_500, 20_000])
    func `need no more than their budget`(budget: Int) throws {
        var generator = TestGenerator(seed: 1)
        func slice(_ noise: Double) -> CTSlice {
            let samples = (0..<300 * 220).map { index in
                Double(index % 300 * 3) - 400 + noise * Double.random(in: -1...1, using: &generator)
            }
            return CTSlice(width: 300, height: 220, samples: samples, format: .float32)
        }
        let pictures = try #require(
            Pictures(test: slice(20), reference: slice(0), baseline: slice(300), budget: budget))
        #expect(pictures.size <= budget)
        #expect(pictures.reduction >= 1 && (budget > 500_000) == (pictures.reduction == 1))
        #expect(pictures.width == (300 + pictures.reduction - 1) / pictures.reduction)
    }
}

@Suite struct `A chart` {
    @Test func `has axes that end at round numbers`() throws {
        let chart = try #require(
            Figure(
                lines: "Power", description: "All of it", horizontal: "cycles per mm", vertical: "HU²",
                curves: [.init(.test, name: "after", points: [(x: 0, y: 3), (x: 0.71, y: 870), (x: .nan, y: 1)])]))
        let figure = chart.markup.text
        #expect(figure.contains(">0.8<"))
        #expect(figure.contains(">1000<"))
        #expect(figure.contains("aria-label=\"All of it\""))
        #expect(!figure.contains("nan"))
    }

    @Test func `counts values in bins`() throws {
        let chart = try #require(
            Figure(
                histogram: "PSNR", description: "", horizontal: "dB",
                groups: [(series: .test, name: "after", values: [30, 30.1, 34, .infinity])]))
        let figure = chart.markup.text
        #expect(figure.components(separatedBy: "<rect").count == 3)
        #expect(figure.contains("after: 2 from 30"))
    }

    @Test func `is none without values`() {
        #expect(Figure(histogram: "", description: "", horizontal: "", groups: [(.test, "", [.infinity, 3])]) == nil)
        #expect(Figure(lines: "", description: "", horizontal: "", vertical: "", curves: []) == nil)
        // Equal values still have a place.
        #expect(Figure(histogram: "", description: "", horizontal: "", groups: [(.test, "", [3, 3])]) != nil)
    }
}
