// Breaches as the fold derives them, against breaches on record: what is new, corrected, annulled or contested. Nothing is ever deleted.
// `TheFold.md` has the whole table, under "Breaches".

/// What becomes of a matter's breaches.
struct Settlement {
  var new: [Breach] = []
  /// Those on record that change, as they were and as they are.
  var revised: [(before: Breach, after: Breach)] = []
  /// All of them, as they are now.
  var all: [Breach] = []

  /// After a fast run: what it derived is new, or was in dispute. Standing breaches are already folded in and cannot be derived again.
  init(after derived: [Lapse], recorded: [Breach], of matter: Matter) {
    var rest = recorded.filter { $0.status != .annulled && $0.status != .standing }.sorted { $0.lapse.dueAt < $1.lapse.dueAt }
    settle(derived, &rest, of: matter)
    let known = Set(all.map(\.number))
    all += recorded.filter { !known.contains($0.number) }
  }

  /// After a fold of the whole log; `derivedInTime` are the lapses without the entries that were heard too late to annul by themselves.
  init(_ derived: [Lapse], recorded: [Breach], of matter: Matter, derivedInTime: () -> [Lapse]) {
    var rest = recorded.filter { $0.status != .annulled }.sorted { $0.lapse.dueAt < $1.lapse.dueAt }
    settle(derived, &rest, of: matter)
    var inTime: [Lapse]?
    for before in rest {
      var after = before
      if before.status == .standing || before.status == .contested {
        let lapses = inTime ?? derivedInTime()
        inTime = lapses
        after.status = lapses.contains { Breach.match($0, in: [before]) != nil } ? .contested : .annulled
      }
      revise(before, after)
    }
  }

  /// Records what is derived, or finds it among the rest of what is on record.
  private mutating func settle(_ derived: [Lapse], _ rest: inout [Breach], of matter: Matter) {
    var number = matter.log.breaches
    for lapse in derived {
      guard let i = Breach.match(lapse, in: rest) else {
        number += 1
        let breach = Breach(itemID: matter.id, number: number, lapse: lapse)
        new.append(breach)
        all.append(breach)
        continue
      }
      let before = rest.remove(at: i)
      var after = before
      after.lapse = lapse
      if after.status == .contested { after.status = .standing }
      revise(before, after)
    }
  }

  private mutating func revise(_ before: Breach, _ after: Breach) {
    var after = after
    if after != before {
      // What people were told is another matter than the entry by which a cycle is named.
      if after.isUnlike(before) { after.revision += 1 }
      revised.append((before, after))
    }
    all.append(after)
  }
}

extension Breach {
  /// Which of the breaches on record stands for a lapse: one of the same step; else one of the same unit, clock and tier whose cycle another
  /// entry seemed to begin, where both ran at some time. Of several the first: sort them by due time.
  public static func match(_ lapse: Lapse, in recorded: [Breach]) -> Int? {
    recorded.firstIndex { $0.lapse.step == lapse.step && $0.canBe(lapse) }
      ?? recorded.firstIndex { other in
        (other.lapse.step.unit, other.lapse.step.clock, other.lapse.step.tier)
          == (lapse.step.unit, lapse.step.clock, lapse.step.tier)
          && other.lapse.startedAt < lapse.dueAt && lapse.startedAt < other.lapse.dueAt && other.canBe(lapse)
      }
  }

  /// A breach that stands moves with its due time. One that is in dispute, or was decided on, is what was found then, and nothing that fell
  /// due later: no organ was told of that yet, and no decision was about it.
  private func canBe(_ lapse: Lapse) -> Bool { status == .standing || max(self.lapse.foundAt, self.lapse.dueAt) >= lapse.dueAt }

  /// Whether it says something else than before to those who were told of it.
  func isUnlike(_ before: Breach) -> Bool {
    status != before.status || lapse.dueAt != before.lapse.dueAt || lapse.organID != before.lapse.organID
  }
}

extension Entry {
  /// Whether it lifts blame, because it ends, answers, stops, puts off or restarts a clock, or may name another unit: heard later than
  /// `Policy/annulsWithin`, it does not annul by itself. `TheFold.md` lists the same, under "Breaches".
  var liftsBlame: Bool {
    [
      .isAssigned, .accepts, .responds, .parks, .reviewsParking, .unparks, .resumes, .dissatisfies, .reopens, .asksClosure,
      .passesCheck, .rejectsClosure, .judges, .missesContact, .resolves, .withdraws, .suspends, .asksExtension,
      .decidesExtension, .merges, .mainHeld, .mainSettled,
    ].contains(trigger)
  }
}
