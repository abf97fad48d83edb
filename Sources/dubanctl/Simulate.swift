// dubanctl policy simulate: what another policy would have done with what has really happened.

import ArgumentParser
import Duban
import DubanStore

extension PolicyCommand {
  struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the log of real items under another policy and compares.",
      discussion:
        """
        Takes the items opened from --from on and before --to, and what came in about them before --to, which is now at the latest: what is \
        still to come has happened under no policy. Changes nothing.
        """)

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "A YAML file with the policy to try.") var file: String
    @Option(help: "RFC 3339, e.g. 2026-10-01T00:00:00+08:00.") var from: Instant
    @Option(help: "RFC 3339; now if left out.") var to: Instant?
    @Option(help: "How many of the items that differ to list.") var limit = 50

    func validate() throws {
      if let to, to <= from { throw ValidationError("--to is not later than --from: nothing lies between them") }
    }

    func run() async throws {
      let policy = try await readPolicy(file)
      let store = try await connections.migratedStore()
      let now = try store.now()
      guard from < now else {
        throw ValidationError("--from is still ahead: it is \(now.rfc3339) by the database's clock")
      }
      let end = min(to ?? now, now)
      if let to, to > now { warn("--to is still ahead, so both policies are compared up to now, \(now.rfc3339)") }
      let real = try store.replay()
      let other = Replay(policies: PolicyBook(current: policy), directory: real.directory, calendar: real.calendar)
      var comparison = PolicyComparison(directory: real.directory)
      var last: Int64 = 0
      while case let items = try store.itemsOpened(from: from, to: end, after: last, limit: 1000), let id = items.last?.id {
        let logs = try store.logs(of: items.map(\.id))
        for item in items { comparison.add(item, logs[item.id] ?? [], as: real, under: other, until: end) }
        last = id
      }
      try output.print(
        comparison.view(limit: limit, until: end),
        table: Table(
          heading: ["", "items", "breaches", "→", "climbs", "→", "slips", "→", "约谈", "→", "warnings", "→"], rows: comparison.rows)
      )
      guard !output.json else { return }
      if comparison.unreadable > 0 {
        print("\(comparison.unreadable) items have logs that cannot be read any more and are left out")
      }
      if comparison.refused > 0 { print("\(comparison.refused) messages would not have been taken") }
      guard !comparison.differing.isEmpty else { return print("\nno item differs") }
      print("\n\(comparison.differing.count) items differ:")
      print(
        Table(
          heading: ["item", "district", "breaches", "would have been"],
          rows: comparison.differing.prefix(limit).map { [$0.item, $0.district, $0.breaches.text, $0.wouldBe.text] }
        ).text)
    }
  }
}

extension Instant: ExpressibleByArgument {
  public init?(argument: String) { self.init(rfc3339: argument) }
}

extension [String] {
  fileprivate var text: String { isEmpty ? "none" : joined(separator: ", ") }
}

/// Totals of two policies side by side, by district, and the items in which they differ.
private struct PolicyComparison {
  struct Totals: Encodable {
    var breaches = 0
    var climbs = 0
    var slips = 0
    var summonses = 0
    var warnings = 0

    mutating func add(_ outcome: Replay.Outcome) {
      breaches += outcome.breaches.count
      climbs += Int(outcome.item.escalations)
      slips += outcome.breaches.count { $0.slip != nil }
      summonses += outcome.notices.count
      warnings += outcome.warnings
    }
  }

  struct District: Encodable {
    var district: String
    var items = 0
    var was = Totals()
    var wouldBe = Totals()
  }

  struct Difference: Encodable {
    var item: String
    var district: String
    var breaches: [String]
    var wouldBe: [String]
  }

  struct View: Encodable {
    /// Up to when they are compared.
    var until: String
    var districts: [District]
    var unreadable, messagesRefused, itemsThatDiffer: Int
    var items: [Difference]
  }

  let directory: Directory
  var districts: [String: District] = [:]
  var differing: [Difference] = []
  var unreadable = 0
  var refused = 0

  init(directory: Directory) { self.directory = directory }

  mutating func add(_ item: Item, _ log: [LoggedEvent], as real: Replay, under other: Replay, until end: Instant) {
    guard let was = try? real.asItWas(item, log.filter { $0.recordedAt < end }),
      let wouldBe = try? other.underCurrentPolicy(item, log, until: end)
    else {
      unreadable += 1
      return
    }
    let name = directory.name(of: item.place.districtID) ?? directory.name(of: item.place.cityID) ?? "–"
    districts[name, default: District(district: name)].items += 1
    districts[name]?.was.add(was)
    districts[name]?.wouldBe.add(wouldBe)
    refused += wouldBe.refusals.count
    func breaches(_ outcome: Replay.Outcome) -> [String] {
      outcome.breaches.map { "\($0.tier.chinese)\($0.clock.chinese) \($0.dueAt.rfc3339)" }
    }
    if breaches(was) != breaches(wouldBe) {
      differing.append(
        Difference(item: "\(item.key)", district: name, breaches: breaches(was), wouldBe: breaches(wouldBe)))
    }
  }

  var all: [District] {
    let each = districts.values.sorted { $0.district < $1.district }
    guard each.count > 1 else { return each }
    var total = District(district: "all")
    for d in each {
      total.items += d.items
      total.was = total.was + d.was
      total.wouldBe = total.wouldBe + d.wouldBe
    }
    return each + [total]
  }

  var rows: [[String]] {
    all.map { d in
      [d.district, "\(d.items)"]
        + [
          (d.was.breaches, d.wouldBe.breaches), (d.was.climbs, d.wouldBe.climbs), (d.was.slips, d.wouldBe.slips),
          (d.was.summonses, d.wouldBe.summonses), (d.was.warnings, d.wouldBe.warnings),
        ].flatMap { ["\($0)", "\($1)"] }
    }
  }

  func view(limit: Int, until end: Instant) -> View {
    View(
      until: end.rfc3339,
      districts: all, unreadable: unreadable, messagesRefused: refused, itemsThatDiffer: differing.count,
      items: Array(differing.prefix(limit)))
  }
}

extension PolicyComparison.Totals {
  fileprivate static func + (a: Self, b: Self) -> Self {
    Self(
      breaches: a.breaches + b.breaches, climbs: a.climbs + b.climbs, slips: a.slips + b.slips,
      summonses: a.summonses + b.summonses, warnings: a.warnings + b.warnings)
  }
}
