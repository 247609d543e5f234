import Checkpoints
import Foundation
import Groundwork
import Testing

import Pipeline

@Suite struct ReportPageTests {
    private func read(_ runs: [SampleRun], price: Double? = nil) throws -> (page: String, reader: PageReader) {
        let page = try ReportPage.html(of: runs.map(\.run), pricePerHour: price)
        return (page, PageReader(page))
    }

    @Test func everyTextIsEscapedAndThePageIsWellFormed() throws {
        let (page, reader) = try read([SampleRun()])
        #expect(reader.failure == nil)
        #expect(reader.all("script").isEmpty && reader.all("em").isEmpty)
        let shown = SampleRun.hostile.replacingOccurrences(of: "\u{1B}", with: "\u{FFFD}").replacingOccurrences(of: "\u{0}", with: "\u{FFFD}")
        #expect(reader.all("p", class: "question").contains { $0.text.hasPrefix(shown) })
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    }

    @Test func nothingIsFetched() throws {
        let (page, reader) = try read([SampleRun()])
        #expect(reader.elements.allSatisfy { $0.attributes["src"] == nil && ($0.attributes["href"] ?? "#").hasPrefix("#") })
        #expect(!page.contains("url(") && !page.contains("@import"))
        // A style sheet is no place for escapes: a browser reads it raw.
        let style = reader.all("style")[0].text
        #expect(!style.contains { "<>&".contains($0) })
    }

    @Test func everyPlotHasATitleAndATableBehindIt() throws {
        let reader = try read([SampleRun()]).reader
        let plots = reader.all("svg", class: "plot")
        #expect(plots.count == reader.all("figure").count && plots.count == 13)
        #expect(plots.allSatisfy { $0.attributes["role"] == "img" && $0.attributes["aria-label"]?.isEmpty == false })
        #expect(reader.all("title").count { $0.path.last == "svg" } == plots.count)
        #expect(reader.all("desc").allSatisfy { !$0.text.isEmpty })
        #expect(reader.all("table").count { $0.path.contains("figure") } == plots.count)
        #expect(reader.all("table").allSatisfy { !$0.text.isEmpty } && reader.all("caption").count == reader.all("table").count)
    }

    @Test func everyPlaceIsNamedOnceAndTheContentsLeadThere() throws {
        let reader = try read([SampleRun(), SampleRun()]).reader
        let ids = reader.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        let links = reader.all("a").compactMap { $0.attributes["href"]?.dropFirst() }
        #expect(!links.isEmpty && links.allSatisfy { ids.contains(String($0)) })
    }

    @Test func everyNumberInADrawingIsFiniteAndInsideIt() throws {
        let reader = try read([SampleRun()]).reader
        for shape in reader.elements where ["line", "circle", "rect", "text"].contains(shape.name) && shape.path.contains("figure") {
            for key in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy"] {
                guard let value = shape.attributes[key] else { continue }
                #expect(Double(value).map { $0.isFinite && (-1...461).contains($0) } == true, "\(shape.name) \(key)=\(value)")
            }
            if shape.attributes["text-anchor"] == "end", let end = shape.attributes["x"].flatMap(Double.init) {
                #expect(end - 6.5 * Double(shape.text.count) >= 0, "\(shape.text) begins left of the drawing")
            }
        }
    }

    @Test func phasesStandInTheOrderInWhichTheyRan() throws {
        let names = try read([SampleRun()]).reader.all("text", class: "name").map(\.text)
        #expect(names.suffix(3) == ["collect", "train:humanities", "merge"])
    }

    @Test func aHalfLiesInTheMiddleOfTheForestPlot() throws {
        let reader = try read([SampleRun()]).reader
        // The base is right at 2 of 4; the plot reaches from 100 to 320.
        let mark = reader.all("circle", class: "mark").first { $0.path.contains("figure") }
        #expect(mark?.attributes["cx"] == "210")
        let notes = reader.all("text").map(\.text)
        #expect(notes.contains("50.0") && notes.contains("75.0 no evidence") && notes.contains("100.0 no evidence"))
    }

    @Test func theHeatMapHasACellForEachLayerAndModule() throws {
        let cells = try read([SampleRun()]).reader.all("rect", class: "heat").filter { $0.path.last == "g" }
        // Conflicts, cosines and what the cut kept, three layers of two modules each.
        #expect(cells.count == 18)
        #expect(cells.prefix(3).compactMap { $0.attributes["fill-opacity"] } == ["0.06", "0.53", "1"])
    }

    @Test func whatTheMergeTrimmedAndCutIsTold() throws {
        let reader = try read([SampleRun()]).reader
        #expect(reader.text.contains("The cut to a rank kept 90.0 % of the squared singular values."))
        let cells = reader.all("td").map(\.text)
        #expect(cells.contains("20.0 %") && cells.contains("25.0 %"))
    }

    @Test func theHistogramDrawsTheLimitAndEveryRequest() throws {
        let reader = try read([SampleRun()]).reader
        #expect(reader.all("text", class: "limit-name").map(\.text) == ["limit 10 s", "limit 6 s"])
        let bars = reader.all("title").filter { $0.path.suffix(2) == ["svg", "g"] }.map(\.text)
        #expect(bars.contains("3 to 3.5: 1") || bars.contains("2.5 to 3.75: 1"), "\(bars)")
        #expect(reader.text.contains("1 later than the limit of 10.00 s"))
    }

    @Test func aRetryTakesBackItsStepsAndIsTold() throws {
        let reader = try read([SampleRun()]).reader
        let warning = reader.all("p", class: "warning").map(\.text)
        #expect(warning == ["math collapsed at step 4 and went back to step 2: one letter <A>"])
        let losses = reader.all("table").first { $0.text.contains("Loss by step") }
        #expect(losses?.text == "Loss by stepstepmath142332")
        let probes = reader.all("table").first { $0.text.contains("Probes answered right by step") }
        #expect(probes?.text == "Probes answered right by stepstepmath30.75")
    }

    @Test func theFunnelShowsReasonsThatItDoesNotKnow() throws {
        let reader = try read([SampleRun()]).reader
        let table = reader.all("table").first { $0.text.hasPrefix("Labels by domain") }?.text ?? ""
        #expect(table.hasSuffix("keptkept without the teacher's scoresdropped: new reasondropped: too many wordsmatht<1>1065221"), "\(table)")
    }

    @Test func goodAndBadSamplesStandApart() throws {
        let reader = try read([SampleRun()]).reader
        // A question, a right answer, a question gained; a broken question, a wrong answer.
        #expect(reader.all("blockquote", class: "good").count == 3 && reader.all("blockquote", class: "bad").count == 2)
        #expect(reader.text.contains("gained against the base: 1") && reader.text.contains("lost against the base: 0"))
    }

    @Test func whatIsNotThereIsLeftOutWithItsReason() throws {
        let reader = try read([SampleRun(isWhole: false)]).reader
        #expect(reader.failure == nil)
        #expect(reader.all("p", class: "verdict")[0].text == "Nothing has been measured yet: the phase validate is not done.")
        for file in ["validate/accuracy", "validate/agents", "validate/questions", "validate/answers", "labels/funnel", "tournament/match"] {
            #expect(reader.all("p", class: "absent").contains { $0.text.contains("no \(file).json") }, "\(file)")
        }
        #expect(reader.all("p", class: "absent").contains { $0.text.contains("No adapter has been merged yet") })
    }

    @Test func aDamagedFileCostsItsOwnSectionOnly() throws {
        let sample = try SampleRun()
        try sample.write("validate/agents.json", "{\"questions\": 3")
        try sample.write("train/math/training/metrics.jsonl", "not json\n")
        let reader = try read([sample]).reader
        #expect(reader.failure == nil)
        #expect(reader.all("p", class: "absent").contains { $0.text.hasPrefix("validate/agents.json cannot be understood") })
        #expect(reader.all("section").first { $0.attributes["id"] == "accuracy" }?.text.contains("75.0") == true)
    }

    /// Puts `new`, in JSON, at a place of a file, such as "0/domains/0/base".
    private func damage(_ sample: SampleRun, _ file: String, _ place: String, _ new: String) throws {
        func put(_ new: JSONValue, at place: ArraySlice<Substring>, in value: JSONValue) throws -> JSONValue {
            guard let key = place.first else { return new }
            switch value {
            case .array(var items):
                let index = try #require(Int(key))
                items[index] = try put(new, at: place.dropFirst(), in: items[index])
                return .array(items)
            case .object(var object):
                object[String(key)] = try put(new, at: place.dropFirst(), in: #require(object[String(key)], "\(key)"))
                return .object(object)
            default:
                throw FileError(path: file, action: "damage", reason: "there is nothing at \(place)")
            }
        }
        let whole = try JSONValue(parsing: String(decoding: WholeFile.read(sample.run.file(file)), as: UTF8.self))
        try sample.write(file, put(JSONValue(parsing: new), at: place.split(separator: "/")[...], in: whole).text())
    }

    private static let accuracy = "validate/accuracy.json"

    @Test(arguments: [
        (accuracy, "0/domains/0/records/0/records/0/log_probabilities", "[-1, -1, -1]"),
        (accuracy, "0/domains/0/records/2/records/3/log_probabilities", "[900, -1, -1, -1]"),
        (accuracy, "0/domains/0/records/1/records/0/correct", "false"),
        (accuracy, "0/domains/0/records/1/records/0/tokens", "9223372036854775807"),
        (accuracy, "0/domains/0/records/1/records", "[]"),
        (accuracy, "0/domains/0/records", "[]"),
        (accuracy, "0/domains/0/base/successes", "5"),
        (accuracy, "0/domains/0/base/successes", "1"),
        (accuracy, "0/domains/0/unified/onlyFirst", "50"),
        (accuracy, "0/domains/0/specialist/onlySecond", "9223372036854775807"),
        (accuracy, "0/domains/0/letters/B", "9223372036854775807"),
        ("unified/merge.json", "modules/0/trimmed", "[0.2]"),
        ("unified/merge.json", "modules/1/cosines", "[]"),
        ("unified/merge.json", "modules/5/norms", "[1, 1, 1]"),
        ("unified/merge.json", "modules/0/parameters", "9223372036854775807"),
        ("labels/funnel.json", "math/funnel/kept", "-9223372036854775808"),
        ("labels/funnel.json", "math/funnel/dropped/newReason", "9223372036854775807"),
    ])
    func whatContradictsItselfIsDamaged(file: String, place: String, new: String) throws {
        let sample = try SampleRun()
        try damage(sample, file, place, new)
        let reader = try read([sample]).reader
        #expect(reader.failure == nil)
        #expect(reader.all("p", class: "absent").contains { $0.text.hasPrefix("\(file) cannot be understood") })
        #expect(reader.all("section").first { $0.attributes["id"] == "agents" }?.text.contains("Under the clock 1 of 2") == true)
        // Where nothing says how good the adapter is, neither does the page.
        let verdict = reader.all("p", class: "verdict")[0].text
        #expect(file == Self.accuracy ? verdict.hasPrefix("\(file) cannot be understood") : verdict.hasPrefix("On 4 held-out questions"), "\(verdict)")
    }

    /// What the cases above begin with is whole: writing it anew changes nothing of the page.
    @Test func aFileWrittenAnewIsNotDamaged() throws {
        let sample = try SampleRun()
        let before = try read([sample]).page
        try damage(sample, Self.accuracy, "0/domains/0/domain", "\"math\"")
        try damage(sample, "unified/merge.json", "modules/0/rank", "8")
        try damage(sample, "labels/funnel.json", "math/funnel/labels", "10")
        #expect(try read([sample]).page == before)
    }

    @Test func aDomainThatStandsTwiceIsDamaged() throws {
        let sample = try SampleRun()
        let text = String(decoding: try WholeFile.read(sample.run.file(Self.accuracy)), as: UTF8.self)
        guard case .array(let modes) = try JSONValue(parsing: text), case .object(let mode)? = modes.first, case .array(let domains)? = mode["domains"] else {
            Issue.record("no list of domains")
            return
        }
        try damage(sample, Self.accuracy, "0/domains", JSONValue.array(domains + domains).text())
        #expect(try read([sample]).reader.all("p", class: "absent").contains { $0.text.hasPrefix("\(Self.accuracy) cannot be understood") })
    }

    /// Times, steps and counts may be any number that JSON has.
    @Test func numbersThatFitNowhereAreDrawnAtTheEdge() throws {
        let sample = try SampleRun()
        try damage(sample, "manifest.json", "phases/collect/seconds", "1e30")
        try damage(sample, "validate/questions.json", "0/seconds", "1e308")
        try damage(sample, "validate/questions.json", "1/seconds", "-1e308")
        try sample.write("train/math/training/metrics.jsonl", "{\"step\": 9223372036854775807, \"loss\": {\"total\": 1e308}}\n")
        for adapter in ["math", "code"] {
            try sample.write("train/\(adapter)/training.json", """
                {"examples": 1, "steps": 1, "tokens": 9223372036854775807, "seconds": 1, "tokensPerSecond": 1, "losses": [2],
                "final": {"hard": 1, "soft": 0, "reasoning": 0, "total": 1, "accuracy": 1}}
                """)
        }
        let reader = try read([sample], price: 40).reader
        #expect(reader.failure == nil)
        #expect(reader.text.contains("The run took 1e+30 s") && reader.text.contains("Training saw 18446744073709551616 tokens."))
        for shape in reader.elements where ["line", "circle", "rect", "text"].contains(shape.name) && shape.path.contains("figure") {
            for key in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy"] {
                #expect(shape.attributes[key].map { Double($0).map { $0.isFinite && (-1...461).contains($0) } ?? false } ?? true, "\(shape)")
            }
        }
    }

    /// The specialist gained six questions and lost none: p = 0.031.
    @Test func theVerdictCountsSpecialistsByTheTablesLevel() throws {
        let reader = try read([SampleRun(right: (0..<8).map { $0 < 4 })]).reader
        let verdict = reader.all("p", class: "verdict")[0].text
        #expect(verdict.contains(", p = 0.500. 1 of 1 specialists are better than the base at p < 0.05 (Holm), on 8 questions each an indication: math."), "\(verdict)")
        #expect(reader.all("text").map(\.text).contains("100.0 indication (better)") && reader.all("td").map(\.text).contains("0.031"))
    }

    @Test func aFolderThatIsNoRunIsRefused() throws {
        let error = #expect(throws: FileError.self) { try ReportPage.html(of: [RunFolder("/no/such/run")]) }
        #expect(error.map { "\($0)".contains("/no/such/run") && "\($0)".contains("manifest.json") } == true)
    }

    @Test func aPriceTurnsTimeIntoCost() throws {
        // 90 seconds at 40 an hour.
        #expect(try read([SampleRun()], price: 40).reader.text.contains("The run took 1 min 30 s, 1.00 at 40 an hour."))
    }

    @Test func runsOnTheSameQuestionsArePaired() throws {
        let first = try SampleRun(right: [true, true, false, false]), second = try SampleRun(right: [true, true, true, true], rank: 16)
        let reader = try read([first, second]).reader
        #expect(reader.failure == nil)
        #expect(reader.all("p", class: "verdict")[0].text.contains("On the same 4 held-out questions"))
        #expect(reader.all("p", class: "verdict")[0].text.contains("50.0 % → 100.0 %"))
        #expect(reader.all("table").contains { $0.text.contains("Settings that differ") && $0.text.hasSuffix("collect: train.rank816") })
        #expect(reader.all("details", class: "run").count == 2)
    }

    @Test func runsOnOtherQuestionsAreNot() throws {
        let reader = try read([SampleRun(), SampleRun(ask: "other")]).reader
        #expect(reader.all("p", class: "verdict")[0].text.contains("was measured on other questions"))
    }

    @Test func tenThousandStepsMakeASmallPage() throws {
        let sample = try SampleRun()
        let steps = (1...10_000).map { "{\"step\": \($0), \"loss\": {\"total\": \(1 + 1 / Double($0))}, \"learningRate\": 1e-4}" }
        try sample.write("train/math/training/metrics.jsonl", steps.joined(separator: "\n") + "\n")
        let (page, reader) = try read([sample])
        #expect(page.utf8.count < 200_000)
        #expect(reader.all("p", class: "note").contains { $0.text == "Drawn are means over neighbouring steps." })
        let points = reader.all("polyline").compactMap { $0.attributes["points"]?.split(separator: " ").count }
        #expect(points.max() == 300)
    }
}
