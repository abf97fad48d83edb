// The one table of words for what each clock demands, by the kind of matter.

/// What a clock demands, in Chinese.
public struct Duty: Hashable, Sendable {
  /// Names the limit: 响应时限, 整改时限.
  public var limit: String
  /// What was done, or was not: 实际于…响应, 尚未响应.
  public var verb: String
  /// What is owed: 应于…前首次响应.
  public var demand: String

  fileprivate init(_ limit: String, _ verb: String? = nil, demand: String? = nil) {
    (self.limit, self.verb) = (limit, verb ?? limit)
    self.demand = demand ?? self.verb
  }

  /// What did not happen: 未作首次响应, 未拨付.
  public var undone: String { demand == verb ? "未\(verb)" : "未作\(demand)" }
}

extension Item.ClockKind {
  public func duty(of kind: Kind) -> Duty {
    switch (kind, self) {
    case (_, .acceptance): Duty("签收")
    case (.problem, .submission): Duty("整改", "申请销号")
    case (_, .submission): Duty("申请办结")
    case (_, .review): Duty("挂账复核")
    case (.complaint, .response): Duty("响应", demand: "首次响应")
    case (.complaint, .resolution): Duty("办结")
    case (.inspection, .response): Duty("初次反馈")
    case (.inspection, .resolution): Duty("整改", "整改并经复查通过")
    case (.problem, .response): Duty("报送整改措施")
    case (.problem, .resolution): Duty("销号")
    case (.funding, .response): Duty("审核")
    case (.funding, .resolution): Duty("拨付")
    case (.reminder, .response): Duty("响应")
    case (.reminder, .resolution): Duty("完成")
    }
  }
}
