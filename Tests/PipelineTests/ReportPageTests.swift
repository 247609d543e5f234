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
