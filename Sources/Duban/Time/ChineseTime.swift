// Times and lengths of time as offices write them.

extension ShanghaiTime {
  /// 2026年11月20日
  public var chineseDate: String { "\(year)年\(month)月\(day)日" }
}

extension Instant {
  /// 2026年11月20日08:05; seconds only where there are some.
  public var chinese: String {
    let time = ShanghaiTime(self)
    let seconds = time.second == 0 ? "" : ":" + time.second.padded(2)
    return "\(time.chineseDate)\(time.hour.padded(2)):\(time.minute.padded(2))\(seconds)"
  }

  /// The same, where a limit ends: at 24:00 of a day, not at 00:00 of the next.
  public var chineseEnd: String { endedDay.map { $0.chineseDate + "24:00" } ?? chinese }

  /// The day that is over at this very time; nil in the middle of a day.
  public var endedDay: ShanghaiTime? {
    shanghaiDay.time == 0 ? ShanghaiTime(self - .days(1)) : nil
  }
}

extension Span {
  /// 1天3小时20分钟
  public var chinese: String {
    text([("天", "天"), ("小时", "小时"), ("分钟", "分钟"), ("秒", "秒")], separator: "", none: "不足1秒")
  }

  /// Seconds are told only of what is shorter than an hour.
  public func text(_ units: [(one: String, many: String)], separator: String, none: String) -> String {
    let seconds = microseconds / 1_000_000
    let amounts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds < 3600 ? seconds % 60 : 0]
    let words = zip(amounts, units).filter { $0.0 > 0 }.map { "\($0)\($0 == 1 ? $1.one : $1.many)" }
    return words.isEmpty ? none : words.joined(separator: separator)
  }
}
