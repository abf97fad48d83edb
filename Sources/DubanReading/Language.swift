// The languages in which Duban speaks to people, and how each writes times and lengths of time.

import Duban

/// A language for sentences.
public enum Language: String, CaseIterable, Sendable {
  case zh, en

  /// The language of a process: Chinese where its locale says so, else English.
  public init(environment: [String: String]) {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    self = locale?.hasPrefix("zh") == true ? .zh : .en
  }

  var wording: any Wording { self == .zh ? ChineseWording() : EnglishWording() }
}

extension Instant {
  /// 2026-11-20 08:00; seconds only where there are some.
  var english: String {
    let time = ShanghaiTime(self)
    // The date, then the time of day behind a T: 2026-11-20T08:00:00+08:00.
    let clock = rfc3339.dropFirst(11)
    return time.date + " " + clock.prefix(time.second == 0 ? 5 : 8)
  }

  /// The same, where a limit ends: at 24:00 of a day, not at 00:00 of the next.
  var englishEnd: String { endedDay.map { $0.date + " 24:00" } ?? english }
}

extension Instant {
  /// 2026-11-20 08:00, the seconds left out; of a limit's end at midnight 2026-11-19 24:00. For the cells of lists, in either language.
  var minuteEnd: String { endedDay.map { $0.date + " 24:00" } ?? minute }

  /// The same of any other time.
  var minute: String { ShanghaiTime(self).date + " " + rfc3339.dropFirst(11).prefix(5) }
}

extension ShanghaiTime {
  /// 2026-11-20
  var date: String { String(ShanghaiTime(year: year, month: month, day: day).instant.rfc3339.prefix(10)) }
}

extension Span {
  /// 1 day 3 hours 20 minutes
  public var english: String {
    text(
      [(" day", " days"), (" hour", " hours"), (" minute", " minutes"), (" second", " seconds")], separator: " ",
      none: "0 seconds")
  }
}

extension Language {
  /// 1 d 3 h 20 min, or 1天3小时20分钟: for the cells of lists, without the seconds.
  func minutes(_ span: Span) -> String {
    let whole = Span.seconds(span.microseconds / 60_000_000 * 60)
    return switch self {
    case .zh: whole.text([("天", "天"), ("小时", "小时"), ("分钟", "分钟"), ("", "")], separator: "", none: "不足1分钟")
    case .en: whole.text([(" d", " d"), (" h", " h"), (" min", " min"), ("", "")], separator: " ", none: "under 1 min")
    }
  }
}

extension Int {
  /// 1 climb, 2 climbs
  public func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
