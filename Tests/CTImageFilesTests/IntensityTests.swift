@testable import CTImageFiles
import CTImages
import Testing

@Suite struct `What files say of their intensities` {
    typealias Text = PageSummary.Text

    @Test(arguments: [
        ("ImageJ=1.53t\nimages=1\ncf=0\nc0=-32768.0\nc1=1.0\nvunit=Gray Value\n", 1, -32768),
        ("ImageJ=1.53t\r\ncf=0\r\nc0=-1024\r\nc1=0.5\r\n", 0.5, -1024),
        ("Rescale Intercept: -1024\nRescale Slope: 1", 1, -1024),
        ("{\"rescale_slope\": 2.0, \"rescale_intercept\": -1000.0}", 2, -1000),
        ("RescaleSlope=1,RescaleIntercept=-8192", 1, -8192), ("rescale-intercept -1.024e3;", 1, -1024),
        ("0028,1052  Rescale Intercept: -1024 \n0028,1053  Rescale Slope: 1 ", 1, -1024),
        (
            "<GDALMetadata><Item name=\"OFFSET\" sample=\"0\" role=\"offset\">-1024</Item>"
                + "<Item name=\"SCALE\" sample=\"0\" role=\"scale\">0.25</Item></GDALMetadata>", 0.25, -1024
        ),
    ])
    func `is found in the words of other programs`(text: String, slope: Double, intercept: Double) throws {
        let found = try #require(DeclaredRescale.find(in: [Text(name: "ImageDescription", value: text)]))
        #expect(found.slope == slope && found.intercept == intercept)
    }

    @Test(arguments: [
        "", "{\"shape\": [3, 96, 96]}", "ImageJ=1.53t\nimages=3\nslices=3", "ImageJ=1\ncf=20\nc0=1\nc1=2",
        "rescaled by me", "rescale intercept", "rescale intercept: none", "Rescale Slope: 1", "c0=-1024\nc1=1\ncf=0",
        "rescale slope 0, rescale intercept 5", "intercept: -1024",
    ])
    func `is not made up`(text: String) {
        #expect(DeclaredRescale.find(in: [Text(name: "Description", value: text)]) == nil)
    }

    @Test func `is found in names of texts`() throws {
        let texts = [Text(name: "RescaleIntercept", value: "-1024"), Text(name: "RescaleSlope", value: "1")]
        #expect(try #require(DeclaredRescale.find(in: texts)).intercept == -1024)
    }

    @Test(arguments: [ImageFile.Container.png, .tiff])
    func `is written and read again`(container: ImageFile.Container) throws {
        let samples = (0..<64).map { Double($0 * 20) }
        let slice = CTSlice(width: 8, height: 8, samples: samples, format: .uint16)
        var file = ImageFile(pages: [slice], container: container)
        let plain = try file.encoded(file: "plain").bytes
        for convention in [IntensityConvention.offset(1024), .window(-1350...150), .linear(slope: 2, intercept: 3)] {
            let isAdopted = file.adopt(convention)
            #expect(isAdopted)
            let bytes = try file.encoded(file: "marked").bytes
            var read = try ImageFile(bytes: bytes, file: "marked")
            #expect(read.pages[0].scale.convention == convention && read.pages[0].hu == file.pages[0].hu)
            // A written file states it once.
            #expect(try read.encoded(file: "again").bytes == bytes)
            read.adopt(.offset(1000))
            let other = try ImageFile(bytes: read.encoded(file: "other").bytes, file: "other")
            #expect(other.pages[0].scale.convention == .offset(1000))
            #expect(other.pageSummaries[0].texts.count { $0.name == IntensityMark.name } == 1)
        }
        file.adopt(.fullRange)
        #expect(try file.encoded(file: "plain").bytes == plain, "the range of the format needs no mark")
    }

    @Test func `of wrapped values keeps the file's own`() throws {
        let stored: [Double] = [64536, 0, 40, 65535]
        var file = ImageFile(
            pages: [CTSlice(width: 2, height: 2, samples: stored, format: .uint16)], container: .tiff)
        let before = try file.encoded(file: "before").bytes
        file.adopt(.wrapped)
        #expect(file.pages[0].hu == [-1000, 0, 40, -1])
        let bytes = try file.encoded(file: "wrapped").bytes
        #expect(try ImageFile(bytes: bytes, file: "wrapped").pages[0].hu == [-1000, 0, 40, -1])
        var read = try ImageFile(bytes: before, file: "before")
        #expect(read.pages[0].samples == stored)
        read.adopt(.wrapped)
        #expect(read.pages[0].samples == [-1000, 0, 40, -1])
        read.adopt(.offset(1024))
        #expect(read.pages[0].samples == stored)
    }

    @Test func `does not count where a page cannot follow it`() throws {
        let slices = [
            CTSlice(width: 1, height: 1, samples: [5], format: .uint16),
            CTSlice(width: 1, height: 1, samples: [5], format: .float32),
        ]
        var file = ImageFile(pages: slices, container: .tiff)
        let isAdopted = file.adopt(.window(-160...240))
        #expect(!isAdopted && file.pages == slices)
    }
}
