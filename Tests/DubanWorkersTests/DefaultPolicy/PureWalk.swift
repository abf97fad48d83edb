// The walk at the pure level: matters run through intake and the fold alone, with a sweep that is always in time.

import Duban
import Foundation
import TestServers

struct PureWalk: Sendable {
  /// A matter with its messages read.
  struct Prepared: Sendable {
    var matter: WalkMatter
    var messages: [(heardAt: Instant, envelope: Envelope)]
  }

  let matters: [Prepared]
  private let directory: Directory
  private let calendars: Calendars

  init(_ matters: [WalkMatter]) throws {
    self.matters = try matters.map { matter in
      let messages = try matter.events.map { ($0.heardAt, try Envelope(RawMessage(body: Array($0.text.utf8)))) }
      return Prepared(matter: matter, messages: messages)
    }
    directory = try DirectoryUpdate(
      DirectoryDraft.read(yaml: WalkMatter.withHours(deployed("directory/huangshi.yaml"))), onto: .empty
    ).after
    calendars = Calendars(try WorkCalendar(csv: deployed("calendars/cn-workdays.csv"), version: 1))
  }

  /// What Duban would tell of a matter until the end of the year.
  func told(of prepared: Prepared, under policy: Policy) throws -> [WalkMatter.Told] {
    guard let key = prepared.messages.first?.envelope.item else { return [] }
    var ledger = Ledger(References(policies: PolicyBook(current: policy), directory: directory, calendars: calendars))
    func pass(until end: Instant) {
      while let wakeAt = ledger.rows[key]?.matter.wakeAt, wakeAt <= end { ledger.sweep(key, at: Halt.sweep(inMinuteOf: wakeAt)) }
    }
    for (heardAt, envelope) in prepared.messages {
      // What falls due in the minute of a message is handled behind it.
      pass(until: heardAt - .seconds(1))
      ledger.hear([envelope], at: Halt.hearing(inMinuteOf: heardAt))
    }
    pass(until: minute("12-31 23:59"))
    guard ledger.faults.isEmpty else { throw TestFault("\(prepared.matter.name): \(ledger.faults)") }
    return try ledger.announcements.filter(\.type.mustArrive).map { try ToldEvent($0) }.filter { $0.matter != nil }.map(\.told)
  }
}

/// To when in a minute the clock is set: first for what is heard in it, then for what falls due in it. It runs on from there, so the rest of
/// the minute is what a busy machine may take.
enum Halt {
  static func hearing(inMinuteOf time: Instant) -> Instant { time.startOfMinute + .seconds(2) }
  static func sweep(inMinuteOf time: Instant) -> Instant { time.startOfMinute + .seconds(20) }
}

extension Instant {
  var startOfMinute: Instant { Instant(microseconds: microseconds - microseconds % 60_000_000) }
}

/// A file of the folder `deploy`.
func deployed(_ path: String) throws -> String {
  try String(contentsOf: TestStore.root.appending(path: "deploy/\(path)"), encoding: .utf8)
}
