import ArgumentParser
import Foundation
import Groundwork
import Pipeline

Interruption.watch()
// A reader that goes away (`retort … | head`) ends the output, not the work's files.
signal(SIGPIPE, SIG_IGN)
exit(CommandLineRun.exitCode(for: Array(CommandLine.arguments.dropFirst())))
