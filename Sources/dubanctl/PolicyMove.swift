// dubanctl policy move: open items put on another policy version, on record.

import ArgumentParser
import DubanReading
import DubanStore

extension PolicyCommand {
  struct Move: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Moves open items to another policy version, with a record of who did it and why.",
      discussion: """
        Clocks count from when they did, and what was breached stays so. A deadline that would have passed already by the other policy \
        stays as it was: no organ is blamed for what it was not told. `items show` says what the deadlines were before and after.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Items: Duban's id, the number upstream, or SOURCE/NUMBER.") var items: [String] = []
    @Option(help: "All items in work that are on this version.") var from: Int?
    @Option(help: "The version to move them to; `policy show --versions` lists them.") var to: Int
    @Option(help: "Why, without anything personal: it is kept with who did it.", transform: reason) var because: String
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
      if items.isEmpty == (from == nil) { throw ValidationError("name items, or with --from the version that they are on") }
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
            return item.matter.id
          })
      }
      let views = rows.map(PolicyMoveView.init)
      try output.print(
        views,
        table: Table(
          heading: ["id", "item", "policy", "响应 before", "响应", "办结 before", "办结", ""], rows: views.map(\.cells),
          empty: "no item in work is on version \(from ?? 0)"))
      if !output.json && dryRun { print("nothing was changed") }
      if !items.isEmpty && rows.contains(where: { $0.refusal != nil }) { throw ExitCode.failure }
    }
  }
}

extension PolicyMoveView {
  fileprivate var cells: [String] {
    [
      "\(id)", item, fromPolicy == toPolicy ? "\(fromPolicy)" : "\(fromPolicy) → \(toPolicy)",
      responseDueAtBefore?.rfc3339 ?? "–", responseDueAt?.rfc3339 ?? "–", resolutionDueAtBefore?.rfc3339 ?? "–",
      resolutionDueAt?.rfc3339 ?? "–", refused.map { "not moved: \($0)" } ?? "",
    ]
  }
}
