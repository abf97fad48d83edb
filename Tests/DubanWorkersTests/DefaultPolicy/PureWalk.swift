// The walk at the pure level: matters run through the item machine alone, with a sweep that is always in time.

import Duban
import Foundation
import TestServers

struct PureWalk: Sendable {
  /// A matter with its messages read.
  struct Prepared: Sendable {
    var matter: Matter
    var messages: [(heardAt: Instant, envelope: Envelope)]
  }

  let matters: [Prepared]
  private let directory: Directory
  private let calendar: WorkCalendar

  init(_ matters: [Matter]) throws {
    self.matters = try matters.map { matter in
      let messages = try matter.events.map { ($0.heardAt, try Envelope(RawMessage(body: Array($0.text.utf8)))) }
      return Prepared(matter: matter, messages: messages)
    }
    directory = try Directory(DirectoryDraft.read(yaml: Matter.withHours(deployed("directory/huangshi.yaml"))))
    calendar = try WorkCalendar(csv: deployed("calendars/cn-workdays.csv"), version: 1)
  }

  /// What Duban would tell of a matter until the end of the year.
  func told(of prepared: Prepared, under policy: Policy) throws -> [Matter.Told] {
    guard let first = prepared.messages.first?.envelope else { return [] }
    var item = Item(awaited: first.item, id: 1, kind: first.type.kind, policyVersion: policy.version)
    var breaches: [Breach] = []
    var told: [Matter.Told] = []
    func act(at now: Instant, _ body: (ItemMachine, inout Effects) throws -> Void) throws {
      var effects = Effects()
      try body(
        ItemMachine(policies: PolicyBook(current: policy), directory: directory, calendar: calendar, now: now), &effects)
      breaches += effects.breaches
      for event in effects.announcements { told.append(try ToldEvent(event).told) }
    }
    func pass(until end: Instant) throws {
      while let wakeAt = item.wakeAt, wakeAt <= end {
        try act(at: Halt.sweep(inMinuteOf: wakeAt)) { $0.wake(&item, history: breaches, into: &$1) }
      }
    }
    for (heardAt, envelope) in prepared.messages {
      try pass(until: heardAt)
      do {
        try act(at: Halt.hearing(inMinuteOf: heardAt)) { machine, effects in
          try machine.apply(envelope, to: &item, history: breaches, into: &effects)
        }
      } catch let refusal as Refusal {
        told.append(.init(at: heardAt.minuteText, what: "rejected \(refusal.reason.rawValue)"))
      }
    }
    try pass(until: minute("12-31 23:59"))
    return told
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

extension Directory {
  /// As the store would keep a file.
  init(_ draft: DirectoryDraft) {
    var organs = [Organ(id: 1, tier: .city, name: draft.city, parentID: nil, officeHours: draft.hours)]
    for district in draft.districts {
      let districtID = Int64(organs.count + 1)
      organs.append(Organ(id: districtID, tier: .district, name: district.name, parentID: 1, officeHours: district.hours))
      for street in district.streets {
        organs.append(
          Organ(
            id: Int64(organs.count + 1), tier: .street, name: street.name, parentID: districtID, officeHours: street.hours))
      }
    }
    let sources = draft.sources.map { source in
      UpstreamSource(
        uri: source.uri, name: source.name, wantsReceipts: source.receipts ?? false, users: source.users ?? [],
        isConfidential: source.confidential ?? false)
    }
    self.init(version: 1, organs: organs, sources: sources)
  }
}
