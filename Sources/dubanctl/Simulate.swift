// dubanctl policy simulate: what another policy would have done with what has really happened.

import ArgumentParser
import Duban
import DubanReading
import DubanStore

extension PolicyCommand {
  struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the log of real items under another policy and compares.",
      discussion:
        """
        Takes the items opened from --from on and before --to, and what was recorded of them before --to, which is now at the latest. The other \
        policy is tried as if every deadline had been handled in time. Changes nothing.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "A YAML file with the policy to try.") var file: String
    @Option(help: "RFC 3339, e.g. 2026-10-01T00:00:00+08:00.") var from: Instant
    @Option(help: "RFC 3339; now if left out.") var to: Instant?
    @Option(help: "How many of the items that differ to list.", transform: oneOrMore) var limit = 50

    func validate() throws {
      if let to, to <= from { throw ValidationError("--to is not later than --from: nothing lies between them") }
    }

    func run() async throws {
      let policy = try await readPolicy(file)
      let store = try await connections.migratedStore()
      let (references, now) = try store.referencesInForce()
      guard from < now else {
        throw ValidationError("--from is still ahead: it is \(now.rfc3339) by the database's clock")
      }
      let end = min(to ?? now, now)
      if let to, to > now { warn("--to is still ahead, so both policies are compared up to now, \(now.rfc3339)") }
      var comparison = PolicyComparison(trying: policy, against: references, until: end, limit: limit)
      var last: Int64 = 0
      while case let matters = try store.mattersOpened(from: from, to: end, after: last, limit: 1000), let id = matters.last?.id {
        let logs = try store.logs(of: matters)
        let breaches = try store.breaches(of: matters.map(\.id))
        for matter in matters { comparison.add(matter, logs[matter.id] ?? [], breaches[matter.id] ?? []) }
        last = id
      }
      try output.print(
        comparison,
        table: Table(
          heading: ["", "items", "breaches", "→", "climbs", "→", "slips", "→", "约谈", "→", "warnings", "→"], rows: comparison.rows)
      )
      guard !output.json else { return }
      if comparison.entriesInapplicable > 0 { print("\(comparison.entriesInapplicable) entries would not have counted") }
      guard comparison.itemsThatDiffer > 0 else { return print("\nno item differs") }
      print("\n\(comparison.itemsThatDiffer.of("item")) \(comparison.itemsThatDiffer == 1 ? "differs" : "differ"):")
      print(
        Table(
          heading: ["item", "district", "breaches", "would have been"],
          rows: comparison.items.map { [$0.item, $0.district, $0.breaches.text, $0.wouldBe.text] }
        ).text)
    }
  }
}

extension PolicyComparison {
  fileprivate var rows: [[String]] {
    districts.map { d in
      [d.district, "\(d.items)"]
        + [
          (d.was.breaches, d.wouldBe.breaches), (d.was.climbs, d.wouldBe.climbs), (d.was.slips, d.wouldBe.slips),
          (d.was.summonses, d.wouldBe.summonses), (d.was.warnings, d.wouldBe.warnings),
        ].flatMap { ["\($0)", "\($1)"] }
    }
  }
}

extension Instant: ExpressibleByArgument {
  public init?(argument: String) { self.init(rfc3339: argument) }
}

extension [String] {
  fileprivate var text: String { isEmpty ? "none" : joined(separator: ", ") }
}
