// What a test of the core tells: messages and sweeps at times of day, in the sample city.

import TestSamples
import Testing

@testable import Duban

/// 20 November 2026, a Friday, at a time of day; `day` for another day of the month.
func clock(_ hour: Int, _ minute: Int = 0, _ second: Int = 0, day: Int = 20) -> Instant {
  ShanghaiTime(year: 2026, month: 11, day: day, hour: hour, minute: minute, second: second).instant
}

/// A ledger that is told things one by one. Of the usual category 响应 is due in 4 hours, 办结 in 24.
struct Telling {
  var ledger: Ledger
  private var told = 0

  init(calendarChange: Instant? = nil, second: Int = 1) throws {
    ledger = Ledger(try SampleCity.references(change: calendarChange, second: second))
  }

  static let place = [#""region":{"district":"黄石港区","street":"胜阳港街道"}"#]

  func message(
    _ type: String, at time: Instant, heard: Instant? = nil, _ data: [String] = [], of subject: String = MatterHistory.main,
    by source: String = MatterHistory.hotline, id: String, sequence: String? = nil
  ) -> MatterHistory.Message {
    let data = type == "submitted" && data.isEmpty ? Self.place : data
    return MatterHistory.Message(
      id: id, type: type.contains(".") ? type : "complaint.\(type)", source: source, subject: subject, occurredAt: time,
      heardAt: heard ?? time, data: data, sequence: sequence)
  }

  /// A message of the hotline, heard at once if not said otherwise.
  @discardableResult
  mutating func say(
    _ type: String, at time: Instant, heard: Instant? = nil, _ data: [String] = [], of subject: String = MatterHistory.main,
    by source: String = MatterHistory.hotline
  ) throws -> Intake.Outcome? {
    told += 1
    let message = message(type, at: time, heard: heard, data, of: subject, by: source, id: "t\(told)")
    return ledger.hear([try message.envelope()], at: message.heardAt).first
  }

  /// Several messages in one batch.
  mutating func hear(_ messages: [MatterHistory.Message], at time: Instant) throws {
    ledger.hear(try messages.map { try $0.envelope() }, at: time)
  }

  mutating func sweep(at time: Instant, of subject: String = MatterHistory.main) { ledger.sweep(subject, at: time) }

  /// Sweeps each deadline a second after it is due.
  mutating func live(until time: Instant) {
    while let due = ledger.matter()?.wakeAt, due < time { ledger.sweep(at: due + .seconds(1)) }
  }

  func item(of subject: String = MatterHistory.main, unit: String? = nil) -> Item {
    ledger.matter(subject)?.item(of: unit) ?? Item()
  }

  func breaches(of subject: String = MatterHistory.main) -> [Breach] { ledger.row(subject)?.breaches ?? [] }

  func statuses(of subject: String = MatterHistory.main) -> [Breach.Status] { breaches(of: subject).map(\.status) }

  func announced(_ type: Announcement.Kind) -> Int { ledger.announcements.count { $0.type == type } }

  /// Whether what is on record follows from the log, whatever was done to it.
  func expectLawful(sourceLocation: SourceLocation = #_sourceLocation) throws {
    var run = Run(try history, ledger.references)
    run.ledger = ledger
    let found = run.discrepancy(after: clock(0, day: 30)) ?? ledger.rows.values.lazy.compactMap { Run.unlikeRecord($0) }.first
    #expect(found == nil, sourceLocation: sourceLocation)
  }

  private var history: MatterHistory {
    get throws {
      var random = Seeded(0)
      return MatterHistory(&random, for: .functionOfLog)
    }
  }
}

extension Array {
  /// Every order of the elements.
  var permutations: [[Element]] {
    guard count > 1 else { return [self] }
    return indices.flatMap { i in
      var rest = self
      let first = rest.remove(at: i)
      return rest.permutations.map { [first] + $0 }
    }
  }
}
