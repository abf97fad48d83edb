// The laws of the engine: what holds after every run, in whatever order things happened.

import Duban
import Foundation

extension EngineOutcome {
  /// What is broken, in words; empty where every law holds.
  func violations() -> [String] {
    var found = messageViolations() + publishingViolations()
    for item in items { found += violations(of: item).map { "\(item.key.subject) (\(item.phase)): \($0)" } }
    if isDue { found.append("something is due and nobody does it") }
    if isToPublish { found.append("something waits to be published and nobody does it") }
    return found
  }

  // MARK: - Messages

  /// Each message that was sent is taken once, with what one of its deliveries said, or refused; none is lost, none counts twice.
  private func messageViolations() -> [String] {
    var found: [String] = []
    var places: [MessageKey: Int] = [:]
    for key in logs.values.joined().compactMap(\.key) + waiting.map(\.key) { places[key, default: 0] += 1 }
    for (key, contents) in sent {
      let taken = messages[key]
      if places[key] ?? 0 != (taken == nil ? 0 : 1) {
        found.append("message \(key.id) stands \(places[key] ?? 0) times among what was logged and what waits")
      }
      for content in contents where content != taken && !refused.contains(content) {
        found.append("message \(key.id) is neither taken nor refused")
      }
    }
    for key in messages.keys where sent[key] == nil { found.append("message \(key.id) was never sent") }
    // For sources that ask for receipts.
    let receipts = announced.filter { $0.type == "receipt.accepted" }.map(\.subject).sorted()
    let due = messages.keys.filter { $0.source == "/qr/mashang" }.map { "\($0.source)/\($0.id)" }.sorted()
    if receipts != due { found.append("receipts \(receipts) instead of \(due)") }
    return found
  }

  // MARK: - Announcements

  /// What was committed is published and nothing else, again only under its own id, and each item's in the order in which it was
  /// written.
  private func publishingViolations() -> [String] {
    var found: [String] = []
    var seen: Set<Announced> = []
    let first = published.filter { seen.insert($0).inserted }
    if seen != Set(announced) {
      found.append(
        "published: \(seen.count), announced: \(announced.count); different: \(seen.symmetricDifference(announced).map(\.id))")
    }
    for (item, entries) in Dictionary(grouping: first, by: item)
    where entries.map(\.id) != entries.map(\.id).sorted() && item != nil {
      found.append("what is said of \(item ?? "") was published in the order \(entries.map(\.id))")
    }
    // A refusal alone may be announced again, because it leaves no other trace: under the id that its content gives it.
    let ids = announced.filter { $0.type != "receipt.rejected" }.map(\.eventID)
    if Set(ids).count != ids.count { found.append("two announcements have one id") }
    return found
  }

  /// The item that an announcement is about, whose lane it shares; nil for refusals.
  private func item(of entry: Announced) -> String? {
    switch entry.type {
    case "receipt.rejected": nil
    case "receipt.accepted": (decode(entry.data) as Receipt?)?.item.name
    case "notice.proposed": items.first { entry.subject.hasPrefix("item/\($0.id)/") }?.key.description
    default: entry.subject
    }
  }

  private struct Receipt: Decodable {
    struct Item: Decodable {
      var source, subject: String
      var unit: String?
      var name: String { ItemKey(source: source, subject: subject, unit: unit).description }
    }
    var item: Item
  }

  // MARK: - Items

  private func violations(of item: Item) -> [String] {
    let log = logs[item.id] ?? []
    var found: [String] = []
    if !log.map({ Int($0.sequence) }).elementsEqual(1..<log.count + 1) || Int(item.sequence) != log.count {
      found.append("the log's numbers are \(log.map(\.sequence)), the item's is \(item.sequence)")
    }
    if zip(log, log.dropFirst()).contains(where: { $0.event.recordedAt > $1.event.recordedAt }) {
      found.append("time goes back in its log: \(log.map(\.event.recordedAt.rfc3339))")
    }
    found += breachViolations(item, log) + foldViolations(item, log) + restViolations(item)
    // Each cycle but the present one has ended by one closing.
    let closings = announced(item).count { $0.type == "item.closed" }
    let ended = max(0, item.cycle - 1) + (item.phase == .closed ? 1 : 0)
    if closings != ended { found.append("closed \(closings) times and \(ended) cycles ended") }
    return found
  }

  private func announced(_ item: Item) -> [Announced] {
    announced.filter { $0.subject == item.key.description && !$0.type.hasPrefix("receipt.") }
  }

  /// The facts of a step of the chain that its log entry and its event tell.
  private struct Facts: Decodable, Hashable {
    var cycle: Int32
    var clock: String
    var from: String
  }

  private struct Reference: Decodable { var reference: String }

  private func decode<T: Decodable>(_ text: String) -> T? { try? JSONDecoder().decode(T.self, from: Data(text.utf8)) }

  /// One breach, one line of the log, one event and one slip for each tier that let a deadline pass; one 约谈 for each clock that
  /// came so far.
  private func breachViolations(_ item: Item, _ log: [LogLine]) -> [String] {
    var found: [String] = []
    let breaches = breaches[item.id] ?? []
    let steps = breaches.map { Facts(cycle: $0.cycle, clock: $0.clock.rawValue, from: $0.tier.rawValue) }
    let lapses = log.filter { ["item.escalated", "item.overdue"].contains($0.event.type) }
    let logged: [Facts] = lapses.compactMap { decode($0.event.body) }
    if logged.count != breaches.count || Set(logged) != Set(steps) || Set(steps).count != steps.count {
      found.append("breaches \(steps), and in the log \(logged)")
    }
    if let early = breaches.first(where: { $0.foundAt < $0.dueAt }) { found.append("breached before it was due: \(early)") }
    let said = announced(item).filter { ["item.due-soon", "item.escalated", "item.overdue"].contains($0.type) }
    let own = log.filter { ["item.due-soon", "item.escalated", "item.overdue"].contains($0.event.type) }
    if said.map({ [$0.type, $0.data] }) != own.map({ [$0.event.type, $0.event.body] }) {
      found.append("the log says \(own.map(\.event.type)), the events say \(said.map(\.type)), or not with the same facts")
    }
    let slips = announced(item).filter { $0.type == "slip.issued" }.compactMap { (decode($0.data) as Reference?)?.reference }
    let expected = breaches.filter { $0.slip != nil }.map {
      "slip/\(item.id)/\($0.cycle)/\($0.clock.rawValue)/\($0.tier.rawValue)"
    }
    if slips.sorted() != expected.sorted() { found.append("slips \(slips) instead of \(expected)") }
    if Int(item.escalations) != lapses.count(where: { $0.event.type == "item.escalated" }) {
      found.append("\(item.escalations) escalations")
    }
    // 约谈
    let summonsAt = policies.policy(for: item).rule(for: item)?.summonsAt ?? .city
    let due = Set(breaches.filter { $0.tier >= summonsAt }.map { "item/\(item.id)/\($0.cycle)/\($0.clock.rawValue)" })
    let proposed = summonses.filter { $0.itemID == item.id }.map(\.reference)
    let told = announced.filter { $0.type == "notice.proposed" && $0.subject.hasPrefix("item/\(item.id)/") }.map(\.subject)
    if proposed.sorted() != due.sorted() || told.sorted() != due.sorted() {
      found.append("约谈 \(proposed), told \(told), instead of \(due)")
    }
    return found
  }

  /// The item as it is stored, its breaches and its 约谈 are the fold of its log.
  private func foldViolations(_ item: Item, _ log: [LogLine]) -> [String] {
    guard item.phase != .awaited else { return log.isEmpty ? [] : ["has a log before its opening"] }
    do {
      var outcome = try replay.asItWas(item, log.map(\.event))
      outcome.item.sequence = item.sequence
      var found: [String] = []
      if outcome.item != item { found.append("stored is \(item); its log comes to \(outcome.item)") }
      if Set(outcome.breaches) != Set(breaches[item.id] ?? []) { found.append("its log has other breaches: \(outcome.breaches)") }
      let references = outcome.notices.map(\.reference).sorted()
      if references != summonses.filter({ $0.itemID == item.id }).map(\.reference).sorted() {
        found.append("its log has other 约谈: \(references)")
      }
      return found
    } catch {
      return ["its log cannot be run again: \(error)"]
    }
  }

  /// Nobody is forgotten: who has no clock running has run out of it at the top, is held, or follows another; and what came early
  /// was heard.
  private func restViolations(_ item: Item) -> [String] {
    var found: [String] = []
    let isInWork = item.phase == .open || item.phase == .responded
    let hasEnded = (breaches[item.id] ?? []).contains { ($0.cycle, $0.clock, $0.tier) == (item.cycle, .resolution, item.tier) }
    if isInWork && item.deadline == nil && !hasEnded { found.append("in work, without a deadline, and not overdue") }
    if isInWork && item.deadline != nil && item.suspendedAt == nil { found.append("a clock still runs at the end") }
    let main = item.main.flatMap { key in items.first { $0.key == key } }
    if item.phase == .merged {
      guard let main, [.open, .responded, .merged].contains(main.phase) else {
        return found + ["follows \(item.main?.subject ?? "nobody"), which is \(main?.phase.rawValue ?? "not there")"]
      }
    }
    // A unit's part may be opened again by itself.
    if isInWork, item.key.unit == nil || item.cycle == 1, let main, main.phase == .closed, !main.isWithdrawn, !wasWithdrawn(main)
    {
      found.append("in work, while its main item \(main.key.subject) is settled")
    }
    // Opening applies what waited, save what cannot be about the item.
    let harmless = ["accepted", "responded", "resolved", "withdrawn", "returned", "reopened", "rated", "resumed"]
    if item.phase != .awaited {
      for event in waiting
      where event.itemID == item.id && harmless.contains(where: { event.type == "\(item.kind.rawValue).\($0)" }) {
        found.append("\(event.type) still waits for it")
      }
    }
    return found
  }

  /// A main item that was withdrawn let its duplicates go before it was settled.
  private func wasWithdrawn(_ item: Item) -> Bool {
    (logs[item.id] ?? []).contains { $0.event.type == "complaint.withdrawn" }
  }
}
