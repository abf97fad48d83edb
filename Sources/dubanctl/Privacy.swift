// dubanctl privacy: personal data erased, on record.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Privacy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Personal data: messages as sent, and who reported a matter.", subcommands: [Erase.self])

  struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Erases messages as sent and reporters' contacts, with a record of who did it and why.",
      discussion: """
        The log holds facts and none of this: items, deadlines and breaches stay as they are. Items are taken 500 at a time, each time in a \
        transaction of its own: if it is interrupted, run it again.
        """)

    @OptionGroup var connections: Connections
    @Option(help: "All items closed before this time; RFC 3339.") var closedBefore: Instant?
    @Option(help: "One item: Duban's id, the number upstream, or SOURCE/NUMBER.") var item: String?
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
      if (closedBefore == nil) == (item == nil) { throw ValidationError("give --closed-before TIME or --item ID") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      if let closedBefore {
        let now = try store.now()
        if closedBefore > now {
          throw ValidationError("--closed-before is still ahead: it is \(now.rfc3339) by the database's clock")
        }
      }
      var total = (items: 0, originals: 0, contacts: 0)
      func erase(_ items: [Int64]) throws {
        let (originals, contacts) =
          dryRun ? try store.personalData(of: items) : try store.erase(items, by: operatorName, because: because)
        total = (total.items + items.count, total.originals + originals, total.contacts + contacts)
      }
      if let item {
        try erase([store.find(item).matter.id])
      } else if let closedBefore {
        var last: Int64 = 0
        while case let items = try store.personalData(closedBefore: closedBefore, after: last, limit: 500), let id = items.last {
          try erase(items)
          last = id
        }
      }
      let what = "\(total.originals.of("message")) as sent and \(total.contacts.of("contact")) of \(total.items.of("item"))"
      print("\(dryRun ? "would erase" : "erased") \(what)")
    }
  }
}
