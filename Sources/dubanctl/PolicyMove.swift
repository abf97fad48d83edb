// dubanctl policy move: open items put on another policy version, on record.

import ArgumentParser
import Duban
import DubanStore

extension PolicyCommand {
  struct Move: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Moves open items to another policy version, with a record of who did it and why.",
      discussion: """
        Clocks count from when they did, and what was breached stays so. A deadline that would have passed already by the other policy \
        stays as it was: nobody is blamed for what it was not told. Each item's log says what its deadlines were before and after.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Items: Duban's id, the number upstream, or SOURCE/NUMBER.") var items: [String] = []
    @Option(help: "All items in work that stand on this version.") var from: Int?
    @Option(help: "The version to move them to; `policy show --versions` lists them.") var to: Int
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
      if items.isEmpty == (from == nil) { throw ValidationError("name items, or with --from the version that they stand on") }
    }

    func run() async throws {
      let store = try await connections.migratedStore()
      guard try store.policyVersions().contains(where: { $0.version == to }) else {
        throw ValidationError("there is no policy version \(to); policy show --versions lists them")
      }
      var rows: [PolicyMoveRow] = []
      func move(_ ids: [Int64]) throws {
        rows += try store.move(ids, to: to, by: operatorName, because: because, isTrial: dryRun)
      }
      if let from {
        var last: Int64 = 0
        while case let ids = try store.itemsInWork(onPolicy: from, after: last, limit: 500), let id = ids.last {
          try move(ids)
          last = id
        }
      } else {
        try move(
          items.map { name in
            guard let item = try store.item(named: name) else { throw ValidationError("no item \(name); nothing was changed") }
            return item.item.id
          })
      }
      try output.print(
        rows.map(View.init),
        table: Table(
          heading: ["id", "item", "policy", "due before", "due", "settle by before", "settle by", ""],
          rows: rows.map { View($0).cells }, empty: "no item in work stands on version \(from ?? 0)"))
      if !output.json && dryRun { print("nothing was changed") }
      if !items.isEmpty && rows.contains(where: { $0.refusal != nil }) { throw ExitCode.failure }
    }
  }
}

/// What a move does to an item, as it is printed.
private struct View: Encodable {
  var id: Int64
  var item: String
  var fromPolicy, toPolicy: Int
  var dueAtBefore, dueAt, resolutionDueAtBefore, resolutionDueAt: String?
  var refused: String?

  init(_ row: PolicyMoveRow) {
    let after = row.after ?? row.before
    (id, item) = (row.before.id, row.before.key.description)
    (fromPolicy, toPolicy) = (row.before.policyVersion, after.policyVersion)
    (dueAtBefore, dueAt) = (row.before.deadline?.dueAt.rfc3339, after.deadline?.dueAt.rfc3339)
    (resolutionDueAtBefore, resolutionDueAt) = (row.before.resolutionDueAt?.rfc3339, after.resolutionDueAt?.rfc3339)
    refused = row.refusal?.detail
  }

  var cells: [String] {
    [
      "\(id)", item, fromPolicy == toPolicy ? "\(fromPolicy)" : "\(fromPolicy) → \(toPolicy)", dueAtBefore ?? "–", dueAt ?? "–",
      resolutionDueAtBefore ?? "–", resolutionDueAt ?? "–", refused.map { "not moved: \($0)" } ?? "",
    ]
  }
}
