// dubanctl items and notices: what Duban holds, and what happened to it.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

struct Items: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Items (件) and their timelines.", subcommands: [List.self, Due.self, Show.self, Explain.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows one item with its timeline.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; of a unit's part with #UNIT behind.") var item: String

    func run() async throws {
      let store = try await connections.migratedStore()
      let summary = try store.find(item)
      let (references, now) = try store.referencesInForce()
      let detail = ItemDetail(
        summary, parts: summary.unit == nil ? try store.parts(of: summary.matter) : [], try store.record(of: summary.matter),
        references: references, now: now)
      let parts = detail.parts.map { part in
        [
          "part (协办)",
          "\(part.unit ?? ""): \(part.phase), \(part.standing.map { part.whyStopped ?? "due \($0)" } ?? "no deadline runs")",
        ]
      }
      let lines = detail.lines.map { [$0.name, $0.text] } + parts
      try output.print(detail, table: Table(heading: ["", ""], rows: lines + [["", ""]]))
      guard !output.json else { return }
      if !detail.breaches.isEmpty { print(breachTable(detail.breaches).text + "\n") }
      print(
        Table(
          heading: ["#", "happened", "recorded", "event", "from"],
          rows: detail.timeline.map {
            [
              $0.number.map { "\($0)" } ?? "", $0.occurredAt.rfc3339, $0.recordedAt.rfc3339, $0.summary, $0.source ?? "duban",
            ]
          }
        ).text)
    }
  }
}

extension Store {
  /// The item that an operator names.
  func find(_ name: String) throws -> ItemSummary {
    guard let summary = try item(named: name) else { throw ValidationError("no item \(name)") }
    return summary
  }
}

struct Notices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "通报 and 约谈, the latest first.")

  @OptionGroup var connections: Connections
  @OptionGroup var output: Output
  @Option(help: "How many at most.", transform: oneOrMore) var limit = 20
  @Flag(help: "Print the texts too.") var text = false

  func run() async throws {
    struct View: Encodable {
      var reference, kind, status, organ, title, body, createdAt: String
    }
    let notices = try await connections.migratedStore().notices(limit: limit).map {
      View(
        reference: $0.reference, kind: $0.kind, status: $0.status, organ: $0.organ, title: $0.title, body: $0.body,
        createdAt: $0.createdAt.rfc3339)
    }
    try output.print(
      notices,
      table: Table(
        heading: ["made", "kind", "status", "to", "title"],
        rows: notices.map { [$0.createdAt, $0.kind, $0.status, $0.organ, $0.title] }))
    guard text && !output.json else { return }
    for notice in notices { print("\n\(notice.title)\n\(notice.body)") }
  }
}

extension Kind: ExpressibleByArgument {}
extension Item.Phase: ExpressibleByArgument {}
extension Tier: ExpressibleByArgument {}
