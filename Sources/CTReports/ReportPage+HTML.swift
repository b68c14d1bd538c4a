extension ReportPage {
    /// The page as HTML, including its style sheet, its script and all pictures. It can be opened from a disk or an
    /// e-mail; its content security policy prevents the browser from fetching anything.
    package var html: String {
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
            style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="data:,">
            <title>\(title)</title>
            <style>
            \(Markup(trusted: String(decoding: PackageResources.report_css, as: UTF8.self)))
            </style>
            </head>
            <body>
            <header>
            <div><h1>\(title)</h1><p>\(summary)</p></div>
            <button type="button" id="theme" class="control" aria-pressed="false">Dark</button>
            </header>
            <main>
            \(cardList)
            \(remarkList)
            \(chartList)
            \(viewer)
            \(patientTable)
            \(sliceTable)
            \(factList)
            </main>
            <script type="application/json" id="data">
            \(Markup(trusted: data))
            </script>
            <script>
            \(Markup(trusted: String(decoding: PackageResources.report_js, as: UTF8.self)))
            </script>
            </body>
            </html>

            """
        return page.text
    }

    // MARK: - Parts

    private var cardList: Markup {
        guard !cards.isEmpty else { return "" }
        let boxes = cards.map { card -> Markup in
            """
            <li><p class="title">\(card.title)</p><p class="value">\(card.value)</p>\
            <p class="note">\(card.note)</p></li>
            """
        }
        return "<section aria-label=\"Summary\"><ul class=\"cards\">\(Markup(boxes))</ul></section>"
    }

    private var remarkList: Markup {
        guard !remarks.isEmpty else { return "" }
        return "<ul class=\"remarks\">\(Markup(remarks.map { "<li>\($0)</li>" }))</ul>"
    }

    private var chartList: Markup {
        guard !figures.isEmpty else { return "" }
        return """
            <section aria-labelledby="charts"><h2 id="charts">Over all slices</h2>
            <div class="charts">\(Markup(figures.map(\.markup)))</div></section>
            """
    }

    private var factList: Markup {
        let entries = facts.map { fact -> Markup in "<dt>\(fact.name)</dt><dd>\(fact.value)</dd>" }
        let meanings = metrics.map { metric -> Markup in
            "<dt>\(metric.name)</dt><dd>\(metric.meaning) \(Self.phrase(metric.better))</dd>"
        }
        return """
            <section aria-labelledby="facts"><h2 id="facts">Conventions</h2>\
            <dl>\(Markup(entries))</dl>
            <h2>Metrics</h2><dl>\(Markup(meanings))</dl></section>
            """
    }

    private static func phrase(_ better: Metric.Better) -> String {
        switch better {
        case .higher: "Higher is better."
        case .lower: "Lower is better."
        case .nearZero: "Better near zero."
        case .neither: ""
        }
    }

    /// The viewer, which the script fills with the images it reconstructs.
    private var viewer: Markup {
        let shown = rows.count { $0.pictures != nil }
        guard shown > 0 else { return "" }
        let note: String =
            shown < rows.count ? "Pictures of the \(shown) worst of \(rows.count) slices. " : ""
        return """
            <section id="viewer" aria-labelledby="pictures"><h2 id="pictures">Pictures</h2>
            <p class="hint">\(note)<noscript>Pictures need JavaScript, which is disabled in this browser.</noscript></p>
            <div id="panel" hidden>
            <div class="tools">
            <label>Slice <select id="slice"></select></label>
            <button type="button" class="control" id="previous" aria-label="Previous slice">◀</button>
            <button type="button" class="control" id="next" aria-label="Next slice">▶</button>
            </div>
            <div class="tools" role="group" aria-label="View">
            <button type="button" class="control view" data-view="compare" aria-pressed="true">Compare</button>
            <button type="button" class="control view" data-view="difference" aria-pressed="false">Difference</button>
            <button type="button" class="control view" data-view="removed" aria-pressed="false">\
            Removed noise</button>
            <label id="leftside">left <select id="left"></select></label>
            <span class="zooming">
            <button type="button" class="control" id="farther" aria-label="Zoom out">−</button>
            <output id="zoom">1×</output>
            <button type="button" class="control" id="closer" aria-label="Zoom in">+</button>
            </span>
            </div>
            <div class="tools" role="group" aria-label="Display window" id="windows">
            <button type="button" class="control window" data-level="-600" data-width="1500" aria-pressed="true">\
            Lung</button>
            <button type="button" class="control window" data-level="50" data-width="400" aria-pressed="false">\
            Mediastinum</button>
            <button type="button" class="control window" data-level="400" data-width="1800" aria-pressed="false">\
            Bone</button>
            <label>level <input type="number" id="level" value="-600" step="10"></label>
            <label>width <input type="number" id="width" value="1500" min="1" step="10"></label>
            </div>
            <div class="tools" id="scales" hidden>
            <label>From black to white <select id="scale">
            <option value="50">±50 HU</option><option value="100" selected>±100 HU</option>
            <option value="200">±200 HU</option><option value="500">±500 HU</option>
            </select></label>
            </div>
            <div class="viewing"><div>
            <div class="stage" id="stage" tabindex="0" role="group" aria-label="Image; scroll when zoomed">
            <div class="layers" id="layers">
            <canvas id="under" role="img"></canvas><canvas id="over" role="img"></canvas><div id="divider"></div>
            </div></div>
            <label class="slider" id="sliding"><span id="leftname"></span>
            <input type="range" id="slider" min="0" max="100" value="50" step="1" \
            aria-label="Position of the divider, percent from the left">
            <span id="rightname"></span></label>
            <p id="caption" aria-live="polite"></p>
            </div>
            <table id="figures" aria-label="Figures of this slice"><thead></thead><tbody></tbody></table>
            </div>
            </div></section>
            """
    }

    /// The data that the script needs in addition to the page, as JSON.
    private var data: String {
        func numbers(_ values: [Double]) -> String {
            "[" + values.map { Number.plain($0, places: 2) }.joined(separator: ",") + "]"
        }
        let hasPatients = hasPatients
        let slices = rows.compactMap { row -> String? in
            guard let pictures = row.pictures else { return nil }
            var parts = [
                "\"name\":\(jsonString(row.name))", "\"patient\":\(jsonString(hasPatients ? row.patient : ""))",
                "\"width\":\(pictures.width)", "\"height\":\(pictures.height)", "\"reduction\":\(pictures.reduction)",
                "\"test\":\"\(base64(pictures.test))\"",
            ]
            if let difference = pictures.difference { parts.append("\"difference\":\"\(base64(difference))\"") }
            if let removed = pictures.removed { parts.append("\"removed\":\"\(base64(removed))\"") }
            let figures = metrics.indices.map { index -> String in
                let metric = metrics[index]
                var cells = [
                    metric.name + (metric.unit.isEmpty ? "" : " \(metric.unit)"), said(row.values[index], metric),
                ]
                if isCompared(metric), row.baseline.indices.contains(index) {
                    cells.append(said(row.baseline[index], metric))
                }
                return "[" + cells.map(jsonString).joined(separator: ",") + "]"
            }
            parts.append("\"figures\":[\(figures.joined(separator: ","))]")
            return "{" + parts.joined(separator: ",") + "}"
        }
        return "{\"huLevels\":\(numbers(Pictures.huCodes.levels)),"
            + "\"differenceLevels\":\(numbers(Pictures.differenceCodes.levels)),"
            + "\"names\":{\"test\":\(jsonString(testName)),\"baseline\":\(jsonString(baselineName)),"
            + "\"reference\":\"reference\"},"
            + "\"slices\":[\(slices.joined(separator: ",\n"))]}"
    }

    private func said(_ value: Double?, _ metric: Metric) -> String {
        value.map { Number.text($0, places: metric.places) } ?? "–"
    }

    // MARK: - Tables

    /// Returns whether the baseline has a separate column.
    private func isCompared(_ metric: Metric) -> Bool { metric.isOfBaseline && !baselineName.isEmpty }

    private var hasPatients: Bool { Set(rows.map(\.patient)).count > 1 }

    private var sliceTable: Markup {
        guard !rows.isEmpty else { return "" }
        let hasPatients = hasPatients
        var picture = 0
        let lines = rows.map { row -> Markup in
            let name: Markup
            if row.pictures != nil {
                name = """
                    <td><button type="button" class="open" data-picture="\(picture)" \
                    title="Show pictures">\(row.name)</button></td>
                    """
                picture += 1
            } else {
                name = "<td>\(row.name)</td>"
            }
            let patient: Markup = hasPatients ? "<td class=\"name\">\(row.patient)</td>" : ""
            return "<tr>\(name)\(patient)\(cells(row.values, row.baseline))</tr>"
        }
        let means = meanCells(rows)
        let blank: Markup = hasPatients ? "<td></td>" : ""
        return """
            <section aria-labelledby="slices"><h2 id="slices">Slices</h2>
            <p class="hint">Select a column heading to sort by it.</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of slices"><table class="sortable">
            \(head(["Slice"] + (hasPatients ? ["Patient"] : [])))
            <tbody>
            \(Markup(lines))
            </tbody>
            <tfoot><tr><td>Mean of \(rows.count)</td>\(blank)\(means)</tr></tfoot>
            </table></div></section>
            """
    }

    private var patientTable: Markup {
        guard hasPatients else { return "" }
        let patients = Dictionary(grouping: rows, by: \.patient).sorted { $0.key < $1.key }
        let lines = patients.map { patient, rows -> Markup in
            "<tr><td>\(patient)</td><td data-value=\"\(rows.count)\">\(rows.count)</td>\(meanCells(rows))</tr>"
        }
        return """
            <section aria-labelledby="patients"><h2 id="patients">Patients</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of patients"><table class="sortable">
            \(head(["Patient", "Slices"]))
            <tbody>
            \(Markup(lines))
            </tbody></table></div></section>
            """
    }

    /// Returns headings that sort the table: a group for each metric, and below it a column for each image.
    private func head(_ names: [String]) -> Markup {
        func sorter(_ name: String, _ label: String) -> Markup {
            "<button type=\"button\" aria-label=\"Sort by \(label)\">\(name)</button>"
        }
        let leading = names.map { name -> Markup in
            "<th scope=\"col\" rowspan=\"2\" class=\"name\" aria-sort=\"none\">\(sorter(name, name))</th>"
        }
        let groups = metrics.map { metric -> Markup in
            let unit = metric.unit.isEmpty ? "" : " \(metric.unit)"
            let width = isCompared(metric) ? 2 : 1
            return "<th class=\"group\" colspan=\"\(width)\" title=\"\(metric.meaning)\">\(metric.name)\(unit)</th>"
        }
        let columns = metrics.map { metric -> Markup in
            let test: Markup =
                "<th scope=\"col\" aria-sort=\"none\">\(sorter(testName, "\(metric.name), \(testName)"))</th>"
            guard isCompared(metric) else { return test }
            let baseline = sorter(baselineName, "\(metric.name), \(baselineName)")
            return "\(test)<th scope=\"col\" class=\"baseline\" aria-sort=\"none\">\(baseline)</th>"
        }
        return """
            <thead><tr>\(Markup(leading, separator: ""))\(Markup(groups, separator: ""))</tr>
            <tr>\(Markup(columns, separator: ""))</tr></thead>
            """
    }

    /// Returns cells with the means over some rows.
    private func meanCells(_ rows: [Row]) -> Markup {
        cells(
            metrics.indices.map { index in Number.mean(rows.map { $0.values[index] }) },
            metrics.indices.map { index in
                Number.mean(rows.map { $0.baseline.indices.contains(index) ? $0.baseline[index] : nil })
            })
    }

    private func cells(_ values: [Double?], _ baseline: [Double?]) -> Markup {
        func cell(_ value: Double?, _ places: Int, _ style: String) -> Markup {
            guard let value else { return "<td class=\"\(style)\">–</td>" }
            let number = value.isFinite ? "\(value)" : value.isNaN ? "" : value < 0 ? "-Infinity" : "Infinity"
            return "<td class=\"\(style)\" data-value=\"\(number)\">\(Number.text(value, places: places))</td>"
        }
        let all = metrics.indices.map { index -> Markup in
            let test = cell(values[index], metrics[index].places, "number")
            guard isCompared(metrics[index]) else { return test }
            let other = baseline.indices.contains(index) ? baseline[index] : nil
            return "\(test)\(cell(other, metrics[index].places, "number baseline"))"
        }
        return Markup(all, separator: "")
    }
}

/// Returns bytes in base 64 (RFC 4648).
func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0..<4 {
            text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
