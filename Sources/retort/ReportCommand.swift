import ArgumentParser
import Foundation
import Groundwork
import Pipeline

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a run's report as one HTML page, or several runs' beside each other.",
        discussion: """
            The page needs no network. It draws what lies in the run folders, also of a run that was stopped, and says what is missing. \
            Of several runs the first is what the others are held against.
            """)

    @Argument(help: ArgumentHelp("Run folders, such as runs/NAME.", valueName: "run"))
    var runs: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp(
        "Where to write the page. (default: report.html in the run's folder; comparison.html for several)", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("What an hour of the machine costs, in whatever currency.", valueName: "amount"))
    var price: Double?

    func validate() throws {
        if let price, !(price >= 0 && price.isFinite) { throw ValidationError("--price is a number of at least 0.") }
    }

    func run() throws {
        let folders = runs.map { RunFolder($0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0) }
        let path = output ?? (folders.count == 1 ? folders[0].file("report.html") : "comparison.html")
        try WholeFile.write(ReportPage.html(of: folders, pricePerHour: price), to: path)
        print(path)
    }
}
