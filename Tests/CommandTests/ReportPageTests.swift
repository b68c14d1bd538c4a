import Foundation
import Testing

/// Tests of pages in a browser, driven by a script in a copy of the page, which needs nothing but a browser.
@Suite struct `The page of a report` {
    /// Chromium as in Debian, or another browser of this name.
    static let browser: String? = {
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Records problems from the start.
    private static let watch = """
        <script>
        window.problems = [];
        addEventListener("error", (event) => problems.push("error: " + event.message));
        addEventListener("unhandledrejection", (event) => problems.push("rejection: " + event.reason));
        addEventListener("securitypolicyviolation", (event) => problems.push("policy: " + event.blockedURI));
        const told = console.error;
        console.error = (...words) => { problems.push("console: " + words.join(" ")); told(...words); };
        </script>
        """

    /// Opens a page in a window of the given width, runs `script`, the body of an async function that returns an
    /// object, and returns that object.
    private func drive(
        _ program: Program, _ page: String, width: Int = 1400, dark: Bool = false, script: String
    ) throws -> [String: Any] {
        let browser = try #require(Self.browser)
        let html = try String(contentsOf: program.url(page), encoding: .utf8)
        let test = """
            <script>
            (async () => {
              const $ = (id) => document.getElementById(id);
              const wait = (condition) => new Promise((done) => {
                const look = () => condition() ? done() : setTimeout(look, 10);
                look();
              });
              let found;
              try {
                found = await (async () => { \(script) })();
              } catch (error) {
                found = { failure: String(error) };
              }
              const asked = performance.getEntriesByType("resource").map((entry) => entry.name);
              found.outside = asked.filter((name) => !name.startsWith("data:"));
              found.problems = problems;
              const result = document.createElement("pre");
              result.id = "driven";
              result.textContent = JSON.stringify(found);
              document.body.append(result);
            })();
            </script>
            </body>
            """
        try program.write(
            Data(
                html.replacingOccurrences(of: "<head>", with: "<head>" + Self.watch)
                    .replacingOccurrences(of: "</body>", with: test).utf8), to: "driven.html")
        let outcome = try program.shell(
            """
            exec "\(browser)" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
            --user-data-dir="$PWD/profile" --virtual-time-budget=60000 --window-size=\(width),1200 \
            --blink-settings=preferredColorScheme=\(dark ? 0 : 1) --enable-logging=stderr \
            --dump-dom "file://$PWD/driven.html"
            """)
        #expect(!outcome.messages.contains("Uncaught"), "\(outcome.messages)")
        let found = outcome.output.components(separatedBy: "<pre id=\"driven\">").dropFirst().first
        let text = try #require(
            found?.components(separatedBy: "</pre>").first, "no result; status \(outcome.status): \(outcome.messages)")
        let json = text.replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&amp;", with: "&")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["failure"] == nil, "\(object)")
        return object
    }

    /// Three patients' phantoms, noisy, and a page about them.
    private func evaluated() throws -> Program {
        let program = try Program()
        for patient in ["a", "b", "c"] {
            try program.makePhantoms("clean/\(patient)/1.png", side: 64, "--seed", "\(patient.utf8.first ?? 0)")
        }
        try program.makePhantoms("clean/c/2.png", side: 64, "--seed", "7")
        try program.run("noise", "clean", "-o", "noisy", "--white", "8%", "--seed", "2")
        try program.run("noise", "clean", "-o", "less", "--white", "2%", "--seed", "3")
        let outcome = try program.run(
            "evaluate", "clean", "less", "--baseline", "noisy", "--report", "page.html", "--noise")
        try #require(outcome.status == 0, "\(outcome.messages)")
        return program
    }

    @Test(.enabled(if: browser != nil, "no Chromium in PATH"))
    func `can be driven: slider, windows, views, zoom, slices`() throws {
        let found = try drive(
            evaluated(), "page.html",
            script: """
                await wait(() => document.documentElement.dataset.shown === "0");
                const grey = (canvas, x, y) => $(canvas).getContext("2d").getImageData(x, y, 1, 1).data[0];
                const spread = (canvas) => {
                  const { data } = $(canvas).getContext("2d").getImageData(0, 0, 64, 64);
                  const grey = Array.from({ length: 4096 }, (_, i) => data[4 * i]);
                  const mean = grey.reduce((a, b) => a + b) / 4096;
                  return Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4096);
                };
                const found = {};
                found.size = [$("under").width, $("under").height];
                found.half = $("over").style.clipPath;
                $("slider").value = 20;
                $("slider").dispatchEvent(new Event("input"));
                found.fifth = $("over").style.clipPath;
                found.divider = $("divider").style.left;
                const box = $("layers").getBoundingClientRect();
                const clientX = box.left + box.width * 0.7;
                $("layers").dispatchEvent(new PointerEvent("pointerdown", { buttons: 1, clientX }));
                found.dragged = $("slider").value;
                // Soft tissue is grey in the mediastinal window and bright in the lung window.
                const body = [32, 20];
                found.lung = grey("over", ...body);
                document.querySelector('[data-level="50"]').click();
                found.mediastinum = grey("over", ...body);
                const pressed = () =>
                  [...document.querySelectorAll(".window")].map((button) => button.getAttribute("aria-pressed"));
                found.pressed = pressed();
                found.level = $("level").valueAsNumber;
                $("level").value = 1000;
                $("level").dispatchEvent(new Event("change"));
                found.dim = grey("over", ...body);
                found.none = pressed().every((value) => value === "false");
                document.querySelector('[data-level="-600"]').click();
                const rough = (canvas) => {
                  const { data } = $(canvas).getContext("2d").getImageData(0, 0, 64, 64);
                  const steps = Array.from({ length: 4095 }, (_, i) => Math.abs(data[4 * i] - data[4 * i + 4]));
                  return steps.reduce((a, b) => a + b);
                };
                const noisy = rough("under");
                $("left").value = "reference";
                $("left").dispatchEvent(new Event("change"));
                found.order = [noisy > rough("over"), rough("over") > rough("under")];
                document.querySelector('[data-view="difference"]').click();
                found.caption = $("caption").textContent;
                found.hidden = [$("windows").hidden, $("scales").hidden, $("over").hidden];
                const wide = spread("under");
                $("scale").value = 500;
                $("scale").dispatchEvent(new Event("change"));
                found.narrower = spread("under") < wide;
                document.querySelector('[data-view="removed"]').click();
                found.removed = $("caption").textContent;
                $("closer").click();
                $("closer").click();
                const overflows = $("stage").scrollWidth > $("stage").clientWidth;
                found.zoom = [$("zoom").textContent, $("layers").style.width, overflows];
                $("farther").click();
                $("next").click();
                await wait(() => document.documentElement.dataset.shown === "1");
                found.next = $("slice").value;
                document.querySelectorAll(".open")[3].click();
                await wait(() => document.documentElement.dataset.shown === "3");
                const rows = $("figures").tBodies[0].rows.length;
                found.last = [$("next").disabled, $("slice").selectedOptions[0].textContent, rows];
                const images = [...document.querySelectorAll("canvas, svg")];
                found.labels = images.every((image) => image.getAttribute("aria-label"));
                return found;
                """)
        #expect(found["problems"] as? [String] == [])
        #expect(found["outside"] as? [String] == [])
        #expect(found["size"] as? [Int] == [64, 64])
        #expect((found["half"] as? String)?.hasSuffix("50%)") == true)
        #expect((found["fifth"] as? String)?.hasSuffix("20%)") == true)
        #expect(found["divider"] as? String == "20%")
        #expect(found["dragged"] as? String == "70")
        let lung = try #require(found["lung"] as? Int)
        let mediastinum = try #require(found["mediastinum"] as? Int)
        #expect(lung > 200 && mediastinum < lung && mediastinum > 20)
        #expect(found["dim"] as? Int == 0)
        #expect(found["pressed"] as? [String] == ["false", "true", "false"])
        #expect(found["level"] as? Int == 50)
        #expect(found["none"] as? Bool == true)
        #expect(found["order"] as? [Bool] == [true, true])
        #expect(
            (found["caption"] as? String)?.contains("test − reference: black is −100 HU, grey 0, white +100 HU") == true
        )
        #expect(found["hidden"] as? [Bool] == [true, false, true])
        #expect(found["narrower"] as? Bool == true)
        #expect((found["removed"] as? String)?.contains("baseline − test") == true)
        #expect(found["next"] as? String == "1")
        #expect((found["zoom"] as? [Any])?[0] as? String == "4×")
        #expect((found["zoom"] as? [Any])?[2] as? Bool == true)
        #expect((found["last"] as? [Any])?[0] as? Bool == true)
        #expect((found["last"] as? [Any])?[1] as? String == "c: 2.png")
        #expect((found["last"] as? [Any])?[2] as? Int ?? 0 >= 6)
        #expect(found["labels"] as? Bool == true)
    }

    @Test(.enabled(if: browser != nil, "no Chromium in PATH"))
    func `sorts its tables`() throws {
        let found = try drive(
            evaluated(), "page.html",
            script: """
                const table = document.querySelector("#slices + p + .scroll table");
                const values = (column) =>
                  [...table.tBodies[0].rows].map((row) => Number.parseFloat(row.cells[column].dataset.value));
                const heads = [...table.querySelectorAll("th button")];
                const psnr = heads.find((button) => button.getAttribute("aria-label") === "Sort by PSNR, test");
                psnr.click();
                const down = values(2);
                const order = psnr.parentElement.getAttribute("aria-sort");
                psnr.click();
                const up = values(2);
                heads[1].click();
                const patients = [...table.tBodies[0].rows].map((row) => row.cells[1].textContent);
                return { down, up, order, patients, sorted: table.querySelectorAll('[aria-sort="ascending"]').length };
                """)
        #expect(found["problems"] as? [String] == [])
        #expect(found["outside"] as? [String] == [])
        let down = try #require(found["down"] as? [Double])
        #expect(down.count == 4 && down == down.sorted(by: >) && Set(down).count == 4)
        #expect(found["up"] as? [Double] == down.reversed())
        #expect(found["order"] as? String == "descending")
        #expect(found["patients"] as? [String] == ["a", "b", "c", "c"])
        #expect(found["sorted"] as? Int == 1)
    }

    @Test(.enabled(if: browser != nil, "no Chromium in PATH"), arguments: [false, true], [1400, 500])
    func `is light or dark as the system is, and as one likes`(dark: Bool, width: Int) throws {
        let found = try drive(
            evaluated(), "page.html", width: width, dark: dark,
            script: """
                await wait(() => document.documentElement.dataset.shown === "0");
                const light = (text) => {
                  const [r, g, b] = text.match(/\\d+/g).map(Number);
                  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const look = () => {
                  const style = getComputedStyle(document.body);
                  return [light(style.backgroundColor), light(style.color)];
                };
                const first = look();
                $("theme").click();
                const second = look();
                // Only tables may be wider than the window.
                const wide = document.documentElement.scrollWidth > innerWidth;
                return { first, second, pressed: $("theme").getAttribute("aria-pressed"), wide };
                """)
        #expect(found["problems"] as? [String] == [])
        #expect(found["outside"] as? [String] == [])
        let first = try #require(found["first"] as? [Double])
        let second = try #require(found["second"] as? [Double])
        #expect((first[0] < first[1]) == dark)
        #expect((second[0] < second[1]) == !dark)
        // A contrast of about 7 : 1 or more.
        #expect(abs(first[0] - first[1]) > 150 && abs(second[0] - second[1]) > 150)
        #expect(found["pressed"] as? String == (dark ? "false" : "true"))
        #expect(found["wide"] as? Bool == false)
    }

    @Test(.enabled(if: browser != nil, "no Chromium in PATH"))
    func `lets nothing be fetched`() throws {
        // Checks the guard: an external image is refused, and that is recorded.
        let found = try drive(
            evaluated(), "page.html",
            script: """
                const image = new Image();
                const refused = new Promise((done) => { image.onerror = done; });
                image.src = "https://ctdenoise.invalid/picture.png";
                document.body.append(image);
                await refused;
                return {};
                """)
        let problems = try #require(found["problems"] as? [String])
        #expect(problems.contains { $0.hasPrefix("policy:") })
    }

    @Test(.enabled(if: browser != nil, "no Chromium in PATH"))
    func `of denoised slices shows them before and after`() throws {
        let program = try Program()
        try program.makePhantoms("clean", count: 2, side: 96)
        try program.run("noise", "clean", "-o", "noisy", "--white", "8%")
        let outcome = try program.run("denoise", "noisy", "-o", "denoised", "--model", "fast", "--report", "page.html")
        #expect(outcome.status == 0, "\(outcome.messages)")
        let found = try drive(
            program, "page.html",
            script: """
                await wait(() => document.documentElement.dataset.shown === "0");
                return {
                  left: $("leftname").textContent, right: $("rightname").textContent,
                  difference: document.querySelector('[data-view="difference"]').hidden,
                  removed: document.querySelector('[data-view="removed"]').hidden,
                  cards: [...document.querySelectorAll(".cards .title")].map((title) => title.textContent),
                };
                """)
        #expect(found["problems"] as? [String] == [])
        #expect(found["outside"] as? [String] == [])
        #expect(found["left"] as? String == "input")
        #expect(found["right"] as? String == "denoised")
        #expect(found["difference"] as? Bool == true)
        #expect(found["removed"] as? Bool == false)
        #expect((found["cards"] as? [String])?.contains("Structure removed") == true)
    }

    @Test func `is written whole, where it may be`() throws {
        let program = try Program()
        try program.makePhantoms("clean.png")
        func evaluate(_ report: String, _ more: String...) throws -> Program.Outcome {
            try program.run(["evaluate", "clean.png", "clean.png", "--report", report] + more)
        }
        #expect(try evaluate("new/page.html").status == 0)
        #expect(try evaluate("new/page.html").status == 1)
        #expect(try evaluate("new/page.html", "--overwrite").status == 0)
        #expect(try evaluate("page.txt").messages.contains(".html"))
        #expect(try evaluate("new").status == 1)
        #expect(try evaluate("").status == 64)
        // Equal slices have no finite PSNR.
        let html = try String(contentsOf: program.url("new/page.html"), encoding: .utf8)
        #expect(html.contains("∞"))
        #expect(!html.contains("nan"))
    }
}
