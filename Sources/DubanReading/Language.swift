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
  /// The time of day; seconds only where there are some.
  private func clock(_ time: ShanghaiTime) -> String {
    time.hour.twoDigits + ":" + time.minute.twoDigits + (time.second == 0 ? "" : ":" + time.second.twoDigits)
  }

  /// 2026年11月20日08:00
  var chinese: String {
    let time = ShanghaiTime(self)
    return time.chineseDate + clock(time)
  }

  /// 2026-11-20 08:00
  var english: String {
    let time = ShanghaiTime(self)
    return time.date + " " + clock(time)
  }

  /// The same, where a limit ends: at 24:00 of a day, not at 00:00 of the next.
  var chineseEnd: String { endsADay ? dayBefore.chineseDate + "24:00" : chinese }
  var englishEnd: String { endsADay ? dayBefore.date + " 24:00" : english }

  private var endsADay: Bool { ShanghaiTime(self).date + "T00:00:00+08:00" == rfc3339 }
  private var dayBefore: ShanghaiTime { ShanghaiTime(self - .days(1)) }
}

extension ShanghaiTime {
  /// 2026年11月20日
  var chineseDate: String { "\(year)年\(month)月\(day)日" }

  /// 2026-11-20
  var date: String { String(ShanghaiTime(year: year, month: month, day: day).instant.rfc3339.prefix(10)) }
}

extension Int {
  fileprivate var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}

extension Span {
  /// 1天3小时20分
  var chinese: String { text([("天", "天"), ("小时", "小时"), ("分", "分"), ("秒", "秒")], separator: "", none: "0秒") }

  /// 1 day 3 hours 20 minutes
  public var english: String {
    text(
      [(" day", " days"), (" hour", " hours"), (" minute", " minutes"), (" second", " seconds")], separator: " ",
      none: "0 seconds")
  }

  /// Seconds are told only of what is shorter than an hour.
  private func text(_ units: [(one: String, many: String)], separator: String, none: String) -> String {
    let seconds = microseconds / 1_000_000
    let amounts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds < 3600 ? seconds % 60 : 0]
    let words = zip(amounts, units).filter { $0.0 > 0 }.map { "\($0)\($0 == 1 ? $1.one : $1.many)" }
    return words.isEmpty ? none : words.joined(separator: separator)
  }
}

extension Int {
  /// 1 climb, 2 climbs
  public func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
