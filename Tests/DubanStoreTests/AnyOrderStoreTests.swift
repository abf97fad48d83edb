// Law 2 on a real database: within the tolerances the order in which a matter is heard does not show.

import Duban
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("The law of order in the store")
struct AnyOrderStoreTests {
  private static let policy = """
    policy: order
    counts-from-hearing-after: 1h
    annuls-within: 2h
    sources:
      /portal/night: { counts-from-hearing-after: 2h, annuls-within: 24h }
    rules:
      - kind: complaint
        category: 应急
        response: { within: 2h, district: 1h, city: 1h, warn: 30m }
        resolution: { within: 6h, district: 2h, city: 2h, warn: 1h }
        supporting: { within: 4h, district: 2h, city: 2h }
        extensions: 2
        summons-at: district
        slips: [orange, red, red]
      - kind: complaint
        category: 保洁
        response: { within: 5wh, district: 2wh, city: 2wh }
        resolution: { within: 2wd from-next-day until-close, district: 1wd, city: 1wd, warn: 4h }
        supporting: { within: 1wd, district: 1wd, city: 1wd }
        pauses: [等待居民配合]
        slips: [blue, orange, red]
      - kind: complaint
        response: { within: 4h, district: 2h, city: 2h, warn: 1h }
        resolution: { within: 24h, district: 8h, city: 8h, warn: 4h }
        slips: [blue, orange, red]
      - { kind: inspection, response: { within: 1d, district: 4h, city: 4h }, resolution: { within: 3d, district: 1d, city: 1d } }
      - { kind: funding, resolution: { within: 3wd, district: 1wd, city: 1wd } }
      - { kind: reminder, resolution: { within: 3h, district: 2h, city: 2h, warn: 30m } }
    """

  private static let calendars = [
    "date,kind,name\n2026-10-01,holiday,国庆节\n",
    "date,kind,name\n2026-10-01,holiday,国庆节\n2026-11-23,holiday,市庆\n2026-11-24,holiday,市庆\n2026-11-28,workday,市庆调休\n",
    "date,kind,name\n2026-11-21,workday,调休\n2026-11-22,workday,调休\n2027-01-01,holiday,元旦\n",
  ]

  @Test(
    "Law 2: in whatever order matters, their parts and duplicates are heard, they end the same, breaches and all",
    arguments: 0..<2)
  func law(_ share: UInt64) async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      _ = try store.apply(policy: Self.policy)
      try store.apply(directory: .read(yaml: TestStore.directory + "\n  - { uri: /portal/night, name: 夜间同步 }"))
      for seed in stride(from: share + 1, through: 24, by: 2) {
        var random = Seeded(seed)
        var history = MatterHistory(&random, for: .arrival)
        history.acts = []
        var first: [Ending]?
        for _ in 0..<3 {
          try test.clear()
          try Play(history, test, store).inTime(&random, Self.calendars)
          try RecordLaws.expect(store, "seed \(seed)")
          let endings = try Ending.all(store)
          #expect(first == nil || first == endings, "seed \(seed):\n\(Ending.difference(first ?? [], endings))\n\(history)")
          first = first ?? endings
          history.reheard(&random)
        }
      }
    }
  }
}

extension TestStore {
  /// Forgets all that was taken, for another run. Not by TRUNCATE, after which every session would have to plan every statement anew.
  func clear() throws {
    try run(
      """
      DELETE FROM notice_ground; DELETE FROM notice; DELETE FROM item; DELETE FROM item_event; DELETE FROM original; DELETE FROM contact;
      DELETE FROM message; DELETE FROM verdict; DELETE FROM breach; DELETE FROM finding; DELETE FROM merging; DELETE FROM following;
      DELETE FROM outbox; DELETE FROM clock_override; UPDATE reference_version SET calendar = NULL; DELETE FROM calendar;
      """)
  }
}

/// A history as it is heard and swept, each message when it is heard, each deadline at most a few minutes after it is due.
private struct Play {
  let history: MatterHistory
  let test: TestStore
  let store: Store

  init(_ history: MatterHistory, _ test: TestStore, _ store: Store) {
    (self.history, self.test, self.store) = (history, test, store)
  }

  /// Lets the clock show a time, unless it is later already: it never goes back.
  private func go(to time: Instant) throws { if try store.now() < time { try test.setClock(at: time) } }

  func inTime(_ random: inout Seeded, _ calendars: [String]) throws {
    var messages = try history.messages.map { ($0.heardAt, try $0.envelope()) }.sorted { $0.0 < $1.0 }[...]
    var change = history.calendarChange
    try test.setClock(at: MatterHistory.start - .days(30))
    _ = try store.importCalendar(calendars[0], name: "cn", by: "test")
    while true {
      let next = [messages.first?.0, change].compactMap(\.self).min() ?? history.end
      let due = try store.allMatters().compactMap(\.wakeAt).min()
      if let due, due <= next {
        // Within a few minutes; but for the next message, which may lift the blame.
        let lag = Span.seconds(Int64.random(in: 0...600, using: &random))
        try go(to: max(due, min(due + lag, next)))
        try sweep(store)
      } else if change == next {
        change = nil
        try go(to: next)
        _ = try store.importCalendar(calendars[history.calendar], name: "cn", by: "test")
        while try !store.recomputeChanged(limit: 9).isAtEnd {}
      } else if let message = messages.popFirst() {
        try go(to: message.0)
        try take([message.1], store)
        try follow(store)
      } else {
        break
      }
    }
    try go(to: history.end)
    try sweep(store)
  }
}

/// How a matter has ended, without what names the order of hearing.
private struct Ending: Equatable {
  var matter: Matter
  var breaches: Set<Lapse>

  static func all(_ store: Store) throws -> [Ending] {
    let matters = try store.allMatters()
    let (logs, breaches) = (try store.logs(of: matters), try store.breaches(of: matters.map(\.id)))
    return matters.sorted { $0.key.subject < $1.key.subject }.map {
      Ending($0, logs[$0.id] ?? [], breaches[$0.id] ?? [])
    }
  }

  init(_ matter: Matter, _ log: [Entry], _ recorded: [Breach]) {
    func name(_ number: Int32) -> Int32 { log.first { $0.number == number }?.key.flatMap { Int32($0.id.dropFirst()) } ?? -number }
    self.matter = matter
    self.matter.id = 0
    self.matter.log = .init()
    self.matter.whole.rename(name)
    for i in matter.parts.indices { self.matter.parts[i].item.rename(name) }
    breaches = Set(
      recorded.filter { $0.status == .standing }.map { breach in
        var lapse = breach.lapse
        lapse.step.begunBy = name(lapse.step.begunBy)
        lapse.foundAt = lapse.dueAt
        return lapse
      })
  }

  static func difference(_ a: [Ending], _ b: [Ending]) -> String {
    zip(a, b).filter(!=).map { a, b in
      """
      \(a.matter == b.matter ? "" : "\(a.matter)\n\(b.matter)")
      only first: \(a.breaches.subtracting(b.breaches))
      only then: \(b.breaches.subtracting(a.breaches))
      """
    }.joined(separator: "\n")
  }
}

extension Item {
  fileprivate mutating func rename(_ name: (Int32) -> Int32) {
    guard var cycle else { return }
    cycle.begunBy = name(cycle.begunBy)
    switch state {
    case .awaited: break
    case .active: state = .active(cycle)
    case .duplicate(let main, _): state = .duplicate(of: main, cycle)
    case .closed(let at, let isWithdrawal, _): state = .closed(at: at, isWithdrawal: isWithdrawal, cycle)
    }
  }
}
