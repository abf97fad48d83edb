// dubanctl items due: what should have been handled by now, for when the audit says that deadlines are behind.

import ArgumentParser
import DubanReading
import DubanStore

extension Items {
  struct Due: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists items that are due and not handled yet, the oldest first.",
      discussion: """
        An item is due when its deadline, or the warning before it, has come; a duband with the role deadlines handles it within \
        moments. If one stays here, no duband is at work, or the database refuses what is to be written about this item: then \
        duband's log says why it was left aside.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "How many at most.", transform: oneOrMore) var limit = 50

    func run() async throws {
      let items = try await connections.migratedStore().dueItems(limit: limit).map(DueView.init)
      try output.print(
        items,
        table: Table(
          heading: ["id", "item", "due since", "seconds ago"],
          rows: items.map { ["\($0.id)", "\($0.key)", $0.since.rfc3339, "\($0.seconds)"] },
          empty: "nothing is due that is not handled"))
    }
  }
}
