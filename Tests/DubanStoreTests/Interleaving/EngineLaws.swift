// The laws of the engine: what holds after every run, in whatever order things happened.

import Foundation

@testable import Duban
@testable import DubanStore

extension EngineOutcome {
  /// What is broken, in words; empty where every law holds.
  func violations() -> [String] {
    var found = record + messageViolations() + publishingViolations() + mergingViolations()
    for matter in matters { found += violations(of: matter).map { "\(matter.key.subject): \($0)" } }
    if work.isDue { found.append("something is due and nobody does it") }
    if work.isToPublish { found.append("something waits to be published and nobody does it") }
    if work.isToFollow { found.append("duplicates are to be told and nobody does it") }
    return found
  }

  private func decode<T: Decodable>(_ text: String) -> T? { try? JSONDecoder().decode(T.self, from: Data(text.utf8)) }

  // MARK: - Messages

  /// Each message that was sent is taken once, with what one of its deliveries said, or refused; none is lost, none counts twice.
  private func messageViolations() -> [String] {
    var found: [String] = []
    var places: [MessageKey: Int] = [:]
    for key in pasts.values.flatMap(\.log).compactMap(\.key) { places[key, default: 0] += 1 }
    for (key, contents) in sent {
      let taken = messages[key]
      if places[key] ?? 0 != (taken == nil ? 0 : 1) {
        found.append("message \(key.id) stands \(places[key] ?? 0) times in the logs")
      }
      for content in contents where content != taken && !refused.contains(content) {
        found.append("message \(key.id) is neither taken nor refused")
      }
    }
    for key in messages.keys where sent[key] == nil { found.append("message \(key.id) was never sent") }
    if originals != messages.count { found.append("\(originals) originals of \(messages.count) messages") }
    return found + receiptViolations()
  }

  private struct Receipt: Decodable {
    var source, id: String?
    var revision: Int32
  }

  /// The latest receipt of each message says what has become of it; sources that do not ask are told of what does not count alone.
  private func receiptViolations() -> [String] {
    var latest: [MessageKey: (type: String, revision: Int32)] = [:]
    var found: [String] = []
    for entry in announced where entry.type.hasPrefix("receipt.") && !entry.eventID.hasPrefix("duban-rejected-") {
      guard let receipt: Receipt = decode(entry.data), let source = receipt.source, let id = receipt.id else { continue }
      let key = MessageKey(source: source, id: id)
      if let before = latest[key], before.revision >= receipt.revision {
        found.append("\(id) has receipt \(receipt.revision) (\(entry.type)) after \(before)")
      }
      latest[key] = (entry.type, receipt.revision)
    }
    for (id, past) in pasts {
      for entry in past.log {
        guard let key = entry.key else { continue }
        let verdict = past.chronicle.verdicts[entry.number]?.verdict ?? .applied
        let isRejected = if case .inapplicable = verdict { true } else { false }
        let expected = isRejected ? "receipt.rejected" : key.source == "/qr/mashang" ? "receipt.accepted" : nil
        if let expected, latest[key]?.type != expected, verdict != .setAside {
          found.append("\(key.id) of \(id) is \(verdict), its receipt \(latest[key]?.type ?? "-")")
        }
      }
    }
    return found
  }

  // MARK: - Announcements

  /// What was committed is published and nothing else, again only under its own id, and each matter's in the order in which it was written.
  private func publishingViolations() -> [String] {
    var found: [String] = []
    var seen: Set<Announced> = []
    let first = published.filter { seen.insert($0).inserted }
    if seen != Set(announced) {
      found.append(
        "published: \(seen.count), announced: \(announced.count); different: \(seen.symmetricDifference(announced).map(\.id))")
    }
    for (lane, entries) in Dictionary(grouping: first, by: \.lane) where entries.map(\.id) != entries.map(\.id).sorted() {
      // A lane is published in the order of its ids; where two transactions share it, as far as one was committed before the other.
      for (subject, own) in Dictionary(grouping: entries, by: \.subject) where own.map(\.id) != own.map(\.id).sorted() {
        found.append("what is said of \(subject) on lane \(lane) was published in the order \(own.map(\.id))")
      }
    }
    // A refusal alone may be announced again, because it leaves no other trace: under the id that its content gives it.
    let ids = announced.filter { $0.type != "receipt.rejected" }.map(\.eventID)
    if Set(ids).count != ids.count { found.append("two announcements have one id") }
    return found
  }

  // MARK: - Breaches

  private struct Facts: Decodable {
    var breach: Int32
    var revision: Int32
  }

  private struct End: Decodable { var closedAt: String }

  private struct SlipFacts: Decodable {
    var reference: String
    var revision: Int32
  }

  private func violations(of matter: Matter) -> [String] {
    guard let past = pasts[matter.id] else { return ["is not on record"] }
    let breaches = past.chronicle.breaches
    let keys = Set(matter.items.map { matter.key(of: $0.unit).description })
    let said = announced.filter { keys.contains($0.subject) && !$0.type.hasPrefix("receipt.") }
    var found: [String] = []
    // What is found is on record and announced, once, with the same facts.
    let told = ["item.due-soon", "item.escalated", "item.overdue"]
    func isFinding(_ type: String) -> Bool { told.contains(type) || type.hasPrefix("breach.") && type != "breach.decided" }
    let events = said.filter { isFinding($0.type) }.map { [$0.type, $0.data] }
    let record = (findings[matter.id] ?? []).filter { isFinding($0.type) }.map { [$0.type, $0.data] }
    if events != record { found.append("the record says \(record), the events say \(events)") }
    // Each revision of each breach is said once.
    let revisions = said.filter { isFinding($0.type) && $0.type != "item.due-soon" }.compactMap { decode($0.data) as Facts? }
    let expected = breaches.flatMap { breach in (1...breach.revision).map { [breach.number, $0] } }
    if revisions.map({ [$0.breach, $0.revision] }).sorted(by: { $0.lexicographicallyPrecedes($1) })
      != expected.sorted(by: { $0.lexicographicallyPrecedes($1) })
    {
      found.append(
        "of breaches \(breaches.map { [$0.number, $0.revision] }) it is said \(revisions.map { [$0.breach, $0.revision] })")
    }
    // One slip for each breach that was found with one; withdrawn once where it counts no more.
    func slips(_ type: String) -> [String] {
      said.filter { $0.type == type }.compactMap { (decode($0.data) as SlipFacts?)?.reference }.sorted()
    }
    let issued = breaches.filter { $0.lapse.slip != nil }
    if Set(slips("slip.issued")).count != slips("slip.issued").count {
      found.append("a slip was issued twice: \(slips("slip.issued"))")
    }
    for breach in issued where !slips("slip.issued").contains("slip/\(matter.id)/\(breach.number)") {
      found.append("no slip for breach \(breach.number)")
    }
    for breach in issued {
      let withdrawn = slips("slip.withdrawn").contains("slip/\(matter.id)/\(breach.number)")
      if !breach.status.counts, !withdrawn {
        found.append("the slip of breach \(breach.number), \(breach.status), is not withdrawn")
      }
    }
    for (unit, item) in matter.items where item.phase == .closed {
      let key = matter.key(of: unit).description
      let ends = said.filter { $0.type == "item.closed" && $0.subject == key }.compactMap { (decode($0.data) as End?)?.closedAt }
      if ends.last != item.closedAt?.rfc3339 { found.append("\(key) ended at \(item.closedAt?.rfc3339 ?? ""), told \(ends)") }
    }
    return found + summonsViolations(of: matter, past) + restViolations(of: matter, breaches)
  }

  /// One 约谈 for each cycle that has cause; none whose grounds are gone.
  private func summonsViolations(of matter: Matter, _ past: Intake.Past) -> [String] {
    struct Cycle: Hashable {
      var unit: String?
      var begunBy: Int32
    }
    let counting = past.chronicle.breaches.filter(\.status.counts).map {
      Cycle(unit: $0.lapse.step.unit, begunBy: $0.lapse.step.begunBy)
    }
    let own = summonses.filter { $0.itemID == matter.id }
    let proposed = own.filter { !$0.isWithdrawn }.map { Cycle(unit: $0.unit, begunBy: $0.begunBy) }
    var found: [String] = []
    if Set(proposed).count != proposed.count { found.append("two 约谈 for a cycle: \(own)") }
    for cycle in proposed where !counting.contains(cycle) { found.append("a 约谈 without grounds: \(cycle)") }
    if own.contains(where: { $0.grounds == 0 }) { found.append("a 约谈 was proposed without grounds: \(own)") }
    let whole = Fold.whole(past.log, of: matter, references: references, now: now, recorded: past.chronicle.breaches)
    for summons in whole.summonses.map({ Cycle(unit: $0.unit, begunBy: $0.begunBy) })
    where counting.contains(summons) && !proposed.contains(summons) {
      found.append("no 约谈 for \(summons): \(own)")
    }
    let told = announced.filter { $0.type == "notice.proposed" && $0.subject.hasPrefix("item/\(matter.id)") }.map(\.subject)
    if Set(told).isSuperset(of: own.map(\.reference)) == false
      || told.filter({ own.map(\.reference).contains($0) }).count != own.count
    {
      found.append("约谈 \(own.map(\.reference)), told \(told)")
    }
    let withdrawn = announced.filter { $0.type == "notice.withdrawn" }.map(\.subject)
    for notice in own where withdrawn.count(where: { $0 == notice.reference }) != (notice.isWithdrawn ? 1 : 0) {
      found.append("the withdrawal of \(notice.reference) was told \(withdrawn.count { $0 == notice.reference }) times")
    }
    return found
  }

  /// Nobody is forgotten: who has no clock running has run out of it at the top, is suspended, or follows another.
  private func restViolations(of matter: Matter, _ breaches: [Breach]) -> [String] {
    matter.items.flatMap { unit, item -> [String] in
      guard case .active(let cycle) = item.state else { return [] }
      let hasEnded = breaches.contains {
        ($0.lapse.step.unit, $0.lapse.step.begunBy, $0.lapse.step.clock, $0.lapse.raisedTo) == (
          unit, cycle.begunBy, .resolution, nil
        )
      }
      if cycle.resolution == nil && !hasEnded { return ["\(unit ?? "") is in work, without a deadline, and not overdue"] }
      if !item.clocks.isEmpty && !cycle.isStopped { return ["a clock of \(unit ?? "it") still runs at the end"] }
      return []
    }
  }

  // MARK: - Duplicates

  /// Each duplicate was told last what its main item's life makes of it, or that its merging closed a circle; and no circle is left.
  private func mergingViolations() -> [String] {
    var found: [String] = []
    let byKey = Dictionary(matters.map { ($0.key, $0) }, uniquingKeysWith: { a, _ in a })
    for edge in edges {
      guard let duplicate = byKey[edge.duplicate], let main = byKey[edge.main], main.opening != nil, let past = pasts[main.id]
      else {
        continue
      }
      let told = (pasts[duplicate.id]?.log ?? []).last { entry in
        if case .followed(let following) = entry.event { following.merging == edge.number } else { false }
      }
      guard case .followed(let following)? = told?.event else {
        found.append("\(edge.duplicate.subject) was never told of \(edge.main.subject)")
        continue
      }
      let life = Fold.whole(past.log, of: main, references: references, now: now, recorded: past.chronicle.breaches).life
      let fate = life.fate(ofMergingAt: edge.at)
      if fate?.fate == following.fate && fate?.at == told?.occurredAt { continue }
      if following.fate == .released && told?.occurredAt == edge.at && isInCircle(edge) { continue }
      found.append(
        "\(edge.duplicate.subject) was told \(following) at \(told?.occurredAt.rfc3339 ?? ""), not \(String(describing: fate))")
    }
    for matter in matters {
      var (key, steps) = (matter.whole.main, 0)
      while let next = key, steps <= matters.count { (key, steps) = (byKey[next]?.whole.main, steps + 1) }
      if steps > matters.count { found.append("\(matter.key.subject) follows in a circle") }
    }
    return found
  }

  private func isInCircle(_ edge: Edge) -> Bool {
    var (seen, front): (Set<ItemKey>, [ItemKey]) = ([], [edge.main])
    while let key = front.popLast() {
      if key == edge.duplicate { return true }
      if seen.insert(key).inserted { front += edges.filter { $0.duplicate == key }.map(\.main) }
    }
    return false
  }
}
