// 附件2 整改进度月报表 (明建〔2024〕14号): the problems of a period by category. The formulas are those of practice. Pure.

/// The table of a period. In every row 期初未销号 + 新增 + 反弹 − 销号 = 期末未销号, and 累计立账 − 累计销号 = 期末未销号.
public struct ProblemTable: Hashable, Sendable {
  /// A category, or all of them.
  public struct Row: Hashable, Sendable {
    /// Nil of problems without one.
    public var category: String?
    public var openAtStart = 0
    public var raised = 0
    public var rebounded = 0
    public var due = 0
    /// 本月到期 that were 销号 in time: of these 到期销号率 is made.
    public var dueAndClosedInTime = 0
    public var closed = 0
    public var closedInTime = 0
    public var openAtEnd = 0
    public var overdueAtEnd = 0
    public var everRaised = 0
    public var measures: [String] = []
    public var leads: [String] = []
    public var responsible: [Int64] = []

    /// 累计销号, less what has rebounded.
    public var everClosed: Int { everRaised - openAtEnd }
    /// 销号率 and 到期销号率 in percent with one decimal; — where nothing is counted.
    public var closedShare: String { Self.percent(everClosed, of: everRaised) }
    public var closedInTimeShare: String { Self.percent(dueAndClosedInTime, of: due) }

    static func percent(_ part: Int, of whole: Int) -> String {
      guard whole > 0 else { return "—" }
      // Rounded half up, in tenths.
      let tenths = (part * 2000 + whole) / (2 * whole)
      return "\(tenths / 10).\(tenths % 10)%"
    }
  }

  public var rows: [Row]
  /// 合计.
  public var sum: Row

  /// The problems as they stand by all that is known now, in the period from `start` up to and without `end`, which is not before it.
  ///
  /// `groups` has the categories of the policy, in their order: where a problem has one of a group, the others have rows, too (零报告).
  /// In a period that is not over, what is due in the rest of it counts as due, and is not overdue yet.
  public init(
    _ problems: [ProblemRecord], of groups: [[String]] = [], from start: Instant, to end: Instant, now: Instant? = nil
  ) {
    let overdueBy = min(now ?? end, end)
    var rows: [String?: Row] = [:]
    var sum = Row(category: "合计")
    for problem in problems {
      guard let first = problem.spans.first, first.from < end else { continue }
      let category = problem.opening.category
      Self.count(problem, from: start, to: end, overdueBy: overdueBy, in: &rows[category, default: Row(category: category)])
      Self.count(problem, from: start, to: end, overdueBy: overdueBy, in: &sum)
    }
    (sum.measures, sum.leads, sum.responsible) = ([], [], [])
    self.sum = sum
    for group in groups where group.contains(where: { rows[$0] != nil }) {
      for category in group where rows[category] == nil { rows[category] = Row(category: category) }
    }
    let order = groups.flatMap(\.self)
    func place(_ row: Row) -> (Int, String) {
      guard let category = row.category else { return (.max, "") }
      return (order.firstIndex(of: category) ?? order.count, category)
    }
    self.rows = rows.values.sorted { place($0) < place($1) }
  }

  private static func count(_ problem: ProblemRecord, from start: Instant, to end: Instant, overdueBy: Instant, in row: inout Row)
  {
    let period = start..<end
    row.everRaised += 1
    for (i, span) in problem.spans.enumerated() {
      if span.isOpen(before: start) { row.openAtStart += 1 }
      if period.contains(span.from) { if i == 0 { row.raised += 1 } else { row.rebounded += 1 } }
      // A limit that ends at 24:00 is of the day that is over then.
      if let dueAt = span.dueAt, start < dueAt, dueAt <= end {
        row.due += 1
        if span.isInTime { row.dueAndClosedInTime += 1 }
      }
      if let until = span.until, period.contains(until) {
        row.closed += 1
        if span.isInTime { row.closedInTime += 1 }
      }
      guard span.isOpen(before: end) else { continue }
      row.openAtEnd += 1
      if span.isOverdue(by: overdueBy) { row.overdueAtEnd += 1 }
    }
    guard problem.spans.contains(where: { $0.from < end && ($0.until.map { $0 >= start } ?? true) }) else { return }
    if let measure = problem.finding.measure, !row.measures.contains(measure) { row.measures.append(measure) }
    if let lead = problem.opening.lead, !row.leads.contains(lead) { row.leads.append(lead) }
    if let responsible = problem.responsibleID, !row.responsible.contains(responsible) { row.responsible.append(responsible) }
  }
}
