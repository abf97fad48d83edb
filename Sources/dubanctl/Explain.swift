// dubanctl items explain: why each deadline of an item is when it is.

import ArgumentParser
import Duban
import DubanReading
import DubanStore
import FoundationEssentials

extension Items {
  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Says why each deadline of an item is when it is: what was counted, by which policy and calendar, and what became of it.",
      discussion: """
        Two times of the past can be asked about. --as-at: what Duban knew then, by entries recorded and breaches found up to it. --as-of: how \
        things stood then, by all entries that happened, and deadlines that lapsed, up to it. Together: how things stood at one time, by what \
        was known at another.

        Where the log comes to other deadlines than the item has, that is a defect: it says so, and exits with 1.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; of a unit's part with #UNIT behind.") var item: String
    @Option(help: "What Duban knew at this time; RFC 3339.") var asAt: Instant?
    @Option(help: "How things stood at this time; RFC 3339.") var asOf: Instant?
    @Option(help: "zh or en; the language of the locale if left out.") var lang: Language?

    func run() async throws {
      let store = try await connections.migratedStore()
      let summary = try store.find(item)
      let (references, now) = try store.referencesInForce()
      for (option, time) in [("--as-at", asAt), ("--as-of", asOf)] {
        if let time, time > now {
          throw ValidationError("\(option) is still ahead: it is \(now.rfc3339) by the database's clock")
        }
      }
      let account = Account(
        of: summary.matter, try store.record(of: summary.matter), references: references, now: now, asAt: asAt, asOf: asOf)
      let language = lang ?? Language(environment: ProcessInfo.processInfo.environment)
      let view = ExplanationView(summary, account, in: language, now: now)
      if output.json {
        try output.print(view, table: Table(heading: [], rows: []))
      } else {
        print(([summary.key.description] + view.text).joined(separator: "\n\n"))
      }
      if let contradiction = view.contradiction {
        warn(contradiction)
        throw ExitCode.failure
      }
    }
  }
}

extension Language: ExpressibleByArgument {}
