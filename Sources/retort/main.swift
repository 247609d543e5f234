import ArgumentParser
import Foundation
import Groundwork
import Pipeline

if let objection = Processor.objection {
    CommandLineRun.report(objection)
    exit(CommandLineRun.failed)
}
Interruption.watch()
// A reader that goes away (`retort … | head`) is `ReaderGone` where something is written.
signal(SIGPIPE, SIG_IGN)
exit(CommandLineRun.exitCode(for: Array(CommandLine.arguments.dropFirst())))
