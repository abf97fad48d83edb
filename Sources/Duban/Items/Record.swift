// What a run of the fold leaves on record and announces.

/// A matter before and after a run of the fold, and what is already on record of it.
public struct Chronicle: Sendable {
  /// The matter as its row has it; nil where it has none.
  public var before: Matter?
  /// Breaches on record: all of them where the whole log is folded, else at least those that do not stand, and those of the present cycles
  /// if one may lead to a 约谈.
  public var breaches: [Breach]
  /// What was said of entries that do not simply count, by their number.
  public var verdicts: [Int32: (revision: Int32, verdict: Verdict)]
  public var notices: [NoticeOnRecord]

  public init(
    before: Matter?, breaches: [Breach] = [], verdicts: [Int32: (revision: Int32, verdict: Verdict)] = [:],
    notices: [NoticeOnRecord] = []
  ) {
    (self.before, self.breaches, self.verdicts, self.notices) = (before, breaches, verdicts, notices)
  }
}

/// A 约谈 on record over a cycle of an item.
public struct NoticeOnRecord: Hashable, Sendable {
  public var reference: String
  public var unit: String?
  public var begunBy: Int32
  public var isWithdrawn: Bool

  public init(reference: String, unit: String?, begunBy: Int32, isWithdrawn: Bool) {
    (self.reference, self.unit, self.begunBy, self.isWithdrawn) = (reference, unit, begunBy, isWithdrawn)
  }
}

extension Effects {
  /// Adds what a fast run has done.
  public mutating func add(_ fold: Fold, new lines: [LogLine] = [], onto chronicle: Chronicle) {
    let settlement = Settlement(after: fold.lapses, recorded: chronicle.breaches, of: fold.matter)
    add(fold, lines, chronicle, told: nil, new: settlement.new, revised: settlement.revised, all: settlement.all)
  }

  /// Adds what a fold of the whole log has come to, set against what is on record.
  public mutating func add(whole fold: Fold, log: [Entry], new lines: [LogLine] = [], onto chronicle: Chronicle) {
    let settlement = Settlement(fold.lapses, recorded: chronicle.breaches, of: fold.matter) {
      let inTime = log.filter {
        !$0.liftsBlame || !$0.isLate(by: fold.policy().annulsWithin($0.key?.source ?? fold.matter.key.source))
      }
      // A fold without anything left out has derived what there is.
      guard inTime.count < log.count else { return [] }
      var matter = fold.matter
      matter.log.sweptTo = fold.matter.log.horizon
      return Fold.whole(
        inTime, of: matter, references: fold.references, now: fold.now, recorded: chronicle.breaches
      ).lapses
    }
    // With what is heard now, an earlier entry may come to do something: an urging of what seemed closed was only noted.
    let before = log.filter { entry in !lines.contains { $0.entry.number == entry.number } }
    let told =
      before.isEmpty
      ? nil
      : Fold.whole(before, of: fold.matter, references: fold.references, now: fold.now, recorded: chronicle.breaches)
    add(fold, lines, chronicle, told: told, new: settlement.new, revised: settlement.revised, all: settlement.all)
  }

  /// `told` is the fold of the entries before: what they had done is not told again. Nil where there were none, or `fold` goes on from them.
  private mutating func add(
    _ fold: Fold, _ lines: [LogLine], _ chronicle: Chronicle, told: Fold?, new: [Breach],
    revised: [(before: Breach, after: Breach)], all: [Breach]
  ) {
    var matter = fold.matter
    matter.log.breaches += Int32(new.count)
    entries += lines
    let record = Record(fold: fold, matter: matter)
    record.tell(of: fold.warnings, in: &self)
    // A fold of the whole log comes to those again that were told. One that is heard late may be over already.
    let toldEnds = Set(told?.suspensionEnds ?? [])
    for end in fold.suspensionEnds
    where !toldEnds.contains(end) || chronicle.before?.log.horizon.map({ $0 < end.at }) ?? true {
      record.tell(of: end, in: &self)
    }
    for breach in new { record.tell(ofNew: breach, in: &self) }
    for (before, after) in revised { record.tell(ofRevised: after, before, in: &self) }
    breaches += new
    revisedBreaches += revised.map(\.after)
    record.tell(ofNoticesOver: all, on: chronicle.notices, in: &self)
    tell(ofVerdicts: fold, lines, chronicle, record)
    let toldActs = Set(told?.acts.map(\.id) ?? [])
    for act in fold.acts where !toldActs.contains(act.id) {
      if let entry = fold.entry(act.id.entry) { record.tell(of: act, by: entry, in: &self) }
    }
    tell(ofTurns: fold, lines, chronicle, record)
    for passed in fold.passedOver where passed.entry.map({ n in lines.contains { $0.entry.number == n } }) ?? !new.isEmpty {
      passedOver.append(PassedOver(item: matter.key, tier: passed.tier))
    }
    for (unit, item) in matter.items where item.isInWork && matter.isUnassigned(unit) {
      if chronicle.before?.item(of: unit)?.isInWork == true && chronicle.before?.isUnassigned(unit) == true { continue }
      unassigned.append(matter.key(of: unit))
    }
    if let unlisted = fold.policy().unlisted(matter.opening?.category),
      lines.contains(where: { $0.entry.trigger == .opens && fold.verdicts[$0.entry.number] == .applied })
    {
      unlistedCategories.append(UnlistedCategory(item: matter.key, nearest: unlisted.nearest))
    }
    // What is heard late may show that a unit never had a part: it had the lead.
    for part in chronicle.before?.parts ?? [] where matter.item(of: part.unit) == nil {
      goneParts.append(matter.key(of: part.unit))
    }
    matters.append(MatterChange(matter, before: chronicle.before))
  }

  /// Says of entries what has become of them, where that is not that they count, or was said otherwise before.
  private mutating func tell(ofVerdicts fold: Fold, _ lines: [LogLine], _ chronicle: Chronicle, _ record: Record) {
    for (number, verdict) in fold.verdicts.sorted(by: { $0.key < $1.key }) {
      let before = chronicle.verdicts[number]
      guard (before?.verdict ?? .applied) != verdict else { continue }
      // That an entry counts, which is said of it first, is on record only where that has changed.
      let said = before?.revision ?? (lines.contains { $0.entry.number == number } ? 0 : 1)
      let change = VerdictChange(itemID: fold.matter.id, entry: number, revision: said + 1, verdict: verdict)
      verdicts.append(change)
      // A sender who was told that a message did not count is told when it does.
      guard let entry = fold.entry(number), let key = entry.key else { continue }
      switch (before?.verdict, verdict) {
      case (_, .inapplicable(let why)):
        announcements.append(
          .rejected(
            why, key, change, traceparent: entry.traceparent,
            for: fold.references.directory.audience(of: fold.matter, sentBy: key.source), at: fold.now))
      case (.inapplicable?, .applied):
        announcements.append(
          .accepted(key, entry, fold.matter, directory: fold.references.directory, revision: change.revision, at: fold.now))
      default: break
      }
    }
  }

  /// What began or ended by the new entries: duplicates may follow, and the end is announced.
  private mutating func tell(ofTurns fold: Fold, _ lines: [LogLine], _ chronicle: Chronicle, _ record: Record) {
    let new = Set(lines.map(\.entry.number))
    /// Whether an entry counts since this run: it is new, or waited or did not count before.
    func isNews(_ number: Int32) -> Bool {
      new.contains(number) || chronicle.verdicts[number].map { $0.verdict != .applied } ?? false
    }
    /// Whether an item ended at another time than was told, or was not told of at all: something before has been heard late.
    func isCorrection(_ closing: Fold.Closing) -> Bool {
      fold.matter.item(of: closing.unit)?.closedAt == closing.at
        && chronicle.before?.item(of: closing.unit)?.closedAt != closing.at
    }
    for closing in fold.closings where isNews(closing.entry) || isCorrection(closing) {
      guard let entry = fold.entry(closing.entry) else { continue }
      record.tell(of: closing, by: entry, in: &self)
    }
    if lines.contains(where: { $0.entry.mayTurn }) { turned.append(fold.matter.id) }
    // Whatever it does now: something heard later may let it count.
    for entry in lines.map(\.entry) {
      guard case .merged(let main) = entry.event else { continue }
      mergings.append(Merging(itemID: fold.matter.id, entry: entry.number, main: main, at: entry.place))
      // An edge may close a circle with those that lead here.
      if turned.last != fold.matter.id { turned.append(fold.matter.id) }
    }
  }
}

extension Entry {
  /// Whether it may change when its matter was in work, which its duplicates go by; of an earlier cycle, too. Who names the lead may let an
  /// end count that waited.
  fileprivate var mayTurn: Bool {
    [
      .opens, .isAssigned, .accepts, .resolves, .withdraws, .mainSettled, .mainHeld, .mainWithdrawn, .dissatisfies, .reopens,
      .setAside,
    ].contains(trigger)
  }
}

// MARK: - Facts

/// Writes what Duban found about one matter, and announces it.
struct Record {
  let fold: Fold
  let matter: Matter
  let audience: Audience

  init(fold: Fold, matter: Matter) {
    (self.fold, self.matter) = (fold, matter)
    audience = fold.references.directory.audience(of: matter)
  }

  /// A notice is a matter between the city and a district.
  private var noticeAudience: Audience {
    Audience(district: audience.district, isConfidential: audience.isConfidential)
  }

  private var directory: Directory { fold.references.directory }

  private func name(_ organ: Int64?) -> String? { directory.name(of: organ) }

  private func reference(_ unit: String?) -> (inout JSONMembers) -> Void { matter.key(of: unit).write }

  /// Puts a finding on record and announces it.
  private func record(_ type: Announcement.Kind, _ unit: String?, _ data: String, in effects: inout Effects) {
    effects.findings.append(Finding(itemID: matter.id, type: type.rawValue, data: data))
    announce(type, unit, data, in: &effects)
  }

  func announce(
    _ type: Announcement.Kind, _ unit: String?, _ data: String, traceparent: String? = nil, in effects: inout Effects
  ) {
    effects.announcements.append(
      Announcement(
        type: type, subject: matter.key(of: unit).description, occurredAt: fold.now, data: data, traceparent: traceparent,
        for: audience, orderKey: matter.id))
  }

  /// A breach and what it led to: the step of the chain, and the slip that was issued for it.
  func tell(ofNew breach: Breach, in effects: inout Effects) {
    let lapse = breach.lapse
    record(
      lapse.raisedTo == nil ? .itemOverdue : .itemEscalated, lapse.step.unit, facts(of: breach), in: &effects)
    guard let slip = lapse.slip else { return }
    announce(.slipIssued, lapse.step.unit, facts(of: slip, for: breach), in: &effects)
  }

  func tell(ofRevised breach: Breach, _ before: Breach, in effects: inout Effects) {
    guard breach.isUnlike(before) else { return }
    let type: Announcement.Kind =
      switch breach.status {
      case .annulled, .lifted: .breachAnnulled
      case .contested: .breachContested
      case .excused: .breachExcused
      case .standing, .upheld: .breachCorrected
      }
    record(type, breach.lapse.step.unit, facts(of: breach, before: before), in: &effects)
    if before.status.counts && !breach.status.counts, let slip = breach.lapse.slip {
      announce(.slipWithdrawn, breach.lapse.step.unit, facts(of: slip, for: breach), in: &effects)
    }
  }

  func tell(of warnings: [Fold.Warning], in effects: inout Effects) {
    for warning in warnings {
      guard let item = matter.item(of: warning.unit), let cycle = item.cycle, let clock = cycle[warning.clock] else { continue }
      let data = JSONText.object { data in
        data.write("clock", warning.clock.rawValue)
        data.write("cycle", item.cycles)
        data.write("dueAt", clock.dueAt.rfc3339)
        data.write("item", object: reference(warning.unit))
        data.write("kind", matter.kind.rawValue)
        data.write("organ", name(fold.owner(of: clock, in: cycle)))
        data.write("tier", clock.tier.rawValue)
      }
      record(.itemDueSoon, warning.unit, data, in: &effects)
    }
  }

  /// 恢复, by itself.
  func tell(of end: Fold.SuspensionEnd, in effects: inout Effects) {
    let by = Announcement.Kind.itemResumed.rawValue
    guard let data = facts(of: end.unit, at: end.at, by: by, revision: matter.entries) else { return }
    record(.itemResumed, end.unit, data, in: &effects)
  }

  func tell(of closing: Fold.Closing, by entry: Entry, in effects: inout Effects) {
    let data = JSONText.object { data in
      data.write("by", entry.type)
      if case .reported(let report) = entry.event {
        data.write("checklist") { list in
          list.write("name", report.checklist)
          list.write("version", report.version)
        }
      }
      data.write("closedAt", closing.at.rfc3339)
      data.write("closing", matter.item(of: closing.unit)?.cycle?.closing?.rawValue)
      data.write("item", object: reference(closing.unit))
      data.write("kind", matter.kind.rawValue)
      data.write("revision", matter.entries)
    }
    announce(.itemClosed, closing.unit, data, traceparent: entry.traceparent, in: &effects)
  }

  /// Proposes a 约谈 for each cycle that has cause and none on record, and withdraws those whose grounds are gone.
  func tell(ofNoticesOver breaches: [Breach], on record: [NoticeOnRecord], in effects: inout Effects) {
    func grounds(_ unit: String?, _ begunBy: Int32) -> [Breach] {
      breaches.filter { $0.lapse.step.unit == unit && $0.lapse.step.begunBy == begunBy && $0.status.counts }
    }
    for summons in fold.summonses + fold.earlierSummonses {
      let before = record.filter { $0.unit == summons.unit && $0.begunBy == summons.begunBy }
      // What is excused or lifted is no cause, however often it is derived.
      guard before.allSatisfy(\.isWithdrawn), !grounds(summons.unit, summons.begunBy).isEmpty else { continue }
      let notice = Notice.summons(
        of: summons.organID, over: matter, unit: summons.unit, begunBy: summons.begunBy, attempt: before.count + 1,
        for: grounds(summons.unit, summons.begunBy), by: basis(summons.unit), directory: directory, at: fold.now)
      effects.notices.append(notice)
      effects.announcements.append(notice.announcement(for: noticeAudience, orderKey: matter.id))
    }
    for notice in record where !notice.isWithdrawn && grounds(notice.unit, notice.begunBy).isEmpty {
      effects.withdraw(notice.reference, of: matter.id, for: noticeAudience, at: fold.now)
    }
  }

  /// The data of `item.escalated`, `item.overdue` and the `breach.…` events: who owed the step that lapsed, the slip that was issued for it,
  /// and the tier that supervises now, and until when.
  private func facts(of breach: Breach, before: Breach? = nil) -> String {
    let lapse = breach.lapse
    let place = matter.opening?.place
    let (to, organ) = (lapse.raisedTo ?? lapse.step.tier, lapse.raisedTo.flatMap { place?.organ(at: $0) } ?? lapse.organID)
    let hasMoved = before.map { $0.lapse.dueAt != lapse.dueAt } ?? false
    return JSONText.object { facts in
      facts.write("breach", breach.number)
      facts.write("clock", lapse.step.clock.rawValue)
      facts.write("countedFrom", lapse.countedFrom?.rfc3339)
      facts.write("cycle", lapse.cycle)
      facts.write("dueAt", lapse.dueAt.rfc3339)
      facts.write("dueAtBefore", hasMoved ? before?.lapse.dueAt.rfc3339 : nil)
      facts.write("from", lapse.step.tier.rawValue)
      facts.write("fromOrgan", name(lapse.organID))
      facts.write("item", object: reference(lapse.step.unit))
      facts.write("kind", matter.kind.rawValue)
      facts.write("nextDueAt", lapse.nextDueAt?.rfc3339)
      facts.write("responsible", name(matter.item(of: lapse.step.unit)?.cycle?.responsibleID))
      facts.write("revision", breach.revision)
      facts.write("slip", lapse.slip?.rawValue)
      facts.write("status", before == nil ? nil : breach.status.rawValue)
      facts.write("to", to.rawValue)
      facts.write("toOrgan", name(organ))
    }
  }

  /// 依据, as the policy that counts for the matter cites it.
  private func basis(_ unit: String?) -> String? { fold.rule(unit)?.basis ?? fold.policy().basis }

  /// The data of `slip.issued` and `slip.withdrawn` (督办单): the addressee, the ground, who presses it, and by when.
  private func facts(of slip: Slip, for breach: Breach) -> String {
    let lapse = breach.lapse
    let supervisor = lapse.raisedTo.flatMap { matter.opening?.place.organ(at: $0) }
    return JSONText.object { facts in
      facts.write("basis", basis(lapse.step.unit))
      facts.write("clock", lapse.step.clock.rawValue)
      facts.write("colour", slip.rawValue)
      facts.write("dueAt", lapse.dueAt.rfc3339)
      facts.write("item", object: reference(lapse.step.unit))
      facts.write("kind", matter.kind.rawValue)
      facts.write("nextDueAt", lapse.nextDueAt?.rfc3339)
      facts.write("office", directory.office(in: lapse))
      facts.write("organ", name(lapse.organID))
      facts.write("reference", breach.slipNumber)
      facts.write("revision", breach.revision)
      facts.write("supervisingOffice", directory.office(of: supervisor, isSupervising: true))
      facts.write("tier", lapse.step.tier.rawValue)
    }
  }
}

extension Effects {
  mutating func withdraw(_ reference: String, of item: Int64, for audience: Audience, at now: Instant) {
    withdrawnNotices.append(reference)
    announcements.append(
      Announcement(
        type: .noticeWithdrawn, subject: reference, occurredAt: now,
        data: JSONText.object { $0.write("reference", reference) }, for: audience, orderKey: item))
  }

  /// Records a person's decision about a breach (申诉, 免予计入), and what follows from it.
  ///
  /// - Returns: false where the decision does not fit the breach, which is then unchanged.
  public mutating func decide(
    _ decision: Breach.Decision, on number: Int32, of matter: Matter, breaches: [Breach], notices: [NoticeOnRecord],
    by person: String, because reason: String, references: References, at now: Instant
  ) -> Bool {
    guard let before = breaches.first(where: { $0.number == number }), let status = decision.status(after: before.status) else {
      return false
    }
    var after = before
    (after.status, after.revision) = (status, before.revision + 1)
    let record = Record(fold: Fold(matter, references: references, now: now), matter: matter)
    revisedBreaches.append(after)
    findings.append(
      Finding(
        itemID: matter.id, type: "breach.decided",
        data: JSONText.object { data in
          data.write("because", reason)
          data.write("breach", number)
          data.write("by", person)
          data.write("decision", decision.rawValue)
          data.write("revision", after.revision)
        }))
    record.tell(ofRevised: after, before, in: &self)
    record.tell(ofNoticesOver: breaches.map { $0.number == number ? after : $0 }, on: notices, in: &self)
    return true
  }
}

/// How an item is named in outgoing events.
struct ItemReference: Codable {
  var source: String
  var subject: String
  /// The unit whose part it is (协办件); nil for the item itself.
  var unit: String?

  init(_ key: ItemKey) {
    (source, subject, unit) = (key.source, key.subject, key.unit)
  }
}
