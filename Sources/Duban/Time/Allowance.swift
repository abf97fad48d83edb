// The time allowed for something, as written in a policy file.

/// A time allowance: a limit by the calendar, or a natural time span in seconds (for demonstrations).
public enum Allowance: Hashable, Sendable {
  case natural(Span)
  case limit(TimeLimit)

  /// Reads `30s`, `15m`, `48h` (自然小时), `19d` (自然日), `13wd` (工作日), `5wh` (工作时). The last four may be followed by
  /// `from-next-day` (从次日起算) and `until-close` (至下班时). Nil for any other text.
  public init?(text: String) {
    let words = text.split(separator: " ")
    let options = words.dropFirst()
    guard let first = words.first, Set(options).count == options.count,
      options.allSatisfy({ $0 == "from-next-day" || $0 == "until-close" })
    else { return nil }
    let count = first.prefix { $0.isASCII && $0.isNumber }
    guard let length = Int(count) else { return nil }
    let unit: TimeLimit.Unit
    switch first.dropFirst(count.count) {
    case "h": unit = .hours
    case "d": unit = .days
    case "wd": unit = .workdays
    case "wh": unit = .workhours
    default:
      guard options.isEmpty, let span = Span(text: String(first)) else { return nil }
      self = .natural(span)
      return
    }
    guard
      let limit = TimeLimit(
        length, unit, fromNextDay: options.contains("from-next-day"), untilClose: options.contains("until-close"))
    else { return nil }
    self = .limit(limit)
  }

  /// Whether it is no time at all.
  var isZero: Bool {
    switch self {
    case .natural(let span): span == .zero
    case .limit(let limit): limit.length == 0 && !limit.isUntilClose
    }
  }

  /// The allowance in the form of a policy file.
  public var text: String {
    switch self {
    case .natural(let span): "\(span.microseconds / 1_000_000)s"
    case .limit(let limit):
      "\(limit.length)\(limit.unit.letters)" + (limit.isFromNextDay ? " from-next-day" : "")
        + (limit.isUntilClose ? " until-close" : "")
    }
  }

  /// The allowance in Chinese, for people: 13个工作日（自次日起算，至下班时止）, 48小时（自然时间）.
  public var chinese: String { text(saysNatural: true) }

  /// The same, where it was said before that its hours are natural ones.
  public var shortChinese: String { text(saysNatural: false) }

  private func text(saysNatural: Bool) -> String {
    guard case .limit(let limit) = self else {
      if case .natural(let span) = self { return span.chinese }
      return text
    }
    let length = limit.length == 0 && limit.unit != .hours ? "当日" : "\(limit.length)\(limit.unit.chinese)"
    let notes = [
      (saysNatural && limit.unit == .hours, "自然时间"), (limit.isFromNextDay, "自次日起算"), (limit.isUntilClose, "至下班时止"),
    ].filter(\.0).map(\.1)
    return length + (notes.isEmpty ? "" : "（\(notes.joined(separator: "，"))）")
  }
}

extension TimeLimit {
  /// What is left of the limit in Chinese, for people: 3个工作日, 1个自然日2小时, 2工作时30分钟.
  public func chinese(left amount: Int64) -> String {
    if isInWholeDays { return "\(amount)\(unit.chinese)" }
    let seconds = amount / 1_000_000
    let days = unit == .days || unit == .workdays ? seconds / 86_400 : 0
    let text = [
      (days, unit.chinese), ((seconds - days * 86_400) / 3600, unit == .workhours ? "工作时" : "小时"), (seconds % 3600 / 60, "分钟"),
      (seconds % 60, "秒"),
    ].filter { $0.0 > 0 }.map { "\($0)\($1)" }.joined()
    return text.isEmpty ? "不足1秒" : text
  }
}

extension TimeLimit.Unit {
  fileprivate var letters: String {
    switch self {
    case .hours: "h"
    case .days: "d"
    case .workdays: "wd"
    case .workhours: "wh"
    }
  }

  fileprivate var chinese: String {
    switch self {
    case .hours: "小时"
    case .days: "个自然日"
    case .workdays: "个工作日"
    case .workhours: "工作时"
    }
  }
}

extension WorkingTime {
  /// Returns the end of an allowance that starts at `start`, and whether it depends on a year that is not announced yet.
  func end(of allowance: Allowance, from start: Instant) -> (instant: Instant, isProvisional: Bool) {
    switch allowance {
    case .natural(let span): return (start + span, false)
    case .limit(let limit):
      let due = due(limit, from: start)
      return (due.instant, due.isProvisional)
    }
  }

  /// Moves an allowance's end by a pause. The same amount is left after the pause as before it.
  func end(
    of allowance: Allowance, otherwise end: Instant, stoppedFrom since: Instant, until resumed: Instant
  ) -> (instant: Instant, isProvisional: Bool) {
    switch allowance {
    case .natural: return (end + (resumed - since), false)
    case .limit(let limit):
      guard let remaining = remaining(of: limit, from: since, to: end) else { return (since == end ? resumed : end, false) }
      let due = adding(remaining, of: limit, to: resumed)
      return (due.instant, due.isProvisional)
    }
  }
}

/// An allowance in the form of a policy file.
struct AllowanceText: Decodable {
  var allowance: Allowance

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let allowance = Allowance(text: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "write a length like 30s, 15m, 48h, 19d, 13wd (工作日) or 5wh (工作时), the last four optionally followed by "
          + "from-next-day and until-close, not '\(text)'")
    }
    self.allowance = allowance
  }
}
