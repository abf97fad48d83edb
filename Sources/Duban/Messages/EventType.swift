// The types of the message contract, and what each one says about its item.

/// A type of the contract, `duban.<subject>.<verb>`, and what it says about its item.
public struct EventType: Hashable, Sendable {
  /// Without the prefix `duban.`: what Duban stores and uses as routing key, e.g. `complaint.submitted`.
  public let name: String
  public let kind: Kind
  public let meaning: Meaning

  /// The prefix of every type on the wire.
  public static let prefix = "duban."

  /// What a message says about its item, the same for all kinds where it is the same.
  public enum Meaning: Hashable, Sendable {
    /// 受理: the item comes into being.
    case opens
    /// 派单, 改派, 指定承办: who is responsible from now on.
    case assigns
    /// 签收: who is responsible has taken it on; ends the clock of 签收, where the policy has one.
    case accepts
    /// 首次联系: the response, where `data.reached` does not say that the resident was not reached.
    case contacts
    /// 响应: the first answer; ends the response clock.
    case responds
    /// 巡查上报: an answer; where `data.results` are clean by the checklist, or `data.closing` says how the matter is settled (办结报告), the end.
    case reports
    /// 报送整改措施, of a problem: the response.
    case plans
    /// 街道/监理确认, 现场复查 and 市级抽核 of a problem: `data.passed`.
    case confirms
    case rechecks
    case spotChecks
    /// 办结: ends the item.
    case resolves
    /// 申请办结, and its 审核: `data.decision`.
    case asksClosure
    case decidesClosure
    /// 退单: sent back, to be assigned to another unit; counted, the clock is not reset.
    case returns
    /// 退单审核: `data.decision`. Where it is approved, 改派 follows.
    case decidesReturn
    /// 会商, with `data.minutes`.
    case consults
    /// 挂账, 摘账 and 挂账复核.
    case parks
    case unparks
    case reviewsParking
    /// 重办: a closed item is open again, in a new cycle.
    case reopens
    /// 回访: 不满意 reopens a closed item, or is judged first, as the policy has it.
    case rates
    /// 不满意核定: `data.judgement`.
    case judges
    /// 撤回: ends the item without an answer.
    case withdraws
    /// 催办: pressed; counted.
    case urges
    /// 中止计时: the clocks are stopped, for `data.reason`.
    case suspends
    /// 恢复: the clocks run on, with what was left of each.
    case resumes
    /// 延期申请: asks for the resolution clock to end at `data.until`; moves nothing by itself.
    case asksExtension
    /// 延期审核: `data.decision`, by `data.approver`: any organ of the place at or above the policy's `approver`, except the responsible one;
    /// the city may approve its own.
    case decidesExtension
    /// 合并 (重复件): the same matter as `data.into`, which it follows from then on.
    case merges
    /// Belongs to the record and moves nothing.
    case notes
    /// 指标下达: belongs to the record, as a document of its own: it waits for no request.
    case allocates
    /// 复查 and 审核, whose data say how they ended: `data.passed`, `data.decision`.
    case verifies
    case reviews
  }

  /// The type of that name (without `duban.`), or nil where the contract has none.
  public static func named(_ name: String) -> EventType? { all[name] }

  /// Every type of the contract, by name.
  public static let all: [String: EventType] = {
    var types: [String: EventType] = [:]
    for (kind, rows) in contract {
      for (name, meaning) in rows { types[name] = EventType(name: name, kind: kind, meaning: meaning) }
    }
    return types
  }()

  private static let contract: [(Kind, [(String, Meaning)])] = [
    (
      .complaint,
      [
        ("complaint.submitted", .opens), ("complaint.assigned", .assigns), ("complaint.reassigned", .assigns),
        ("complaint.accepted", .accepts), ("complaint.contacted", .contacts), ("complaint.responded", .responds),
        ("complaint.closure-requested", .asksClosure), ("complaint.closure-decided", .decidesClosure),
        ("complaint.resolved", .resolves), ("complaint.returned", .returns), ("complaint.return-decided", .decidesReturn),
        ("complaint.consulted", .consults), ("complaint.parked", .parks), ("complaint.unparked", .unparks),
        ("complaint.parking-reviewed", .reviewsParking), ("complaint.urged", .urges), ("complaint.reopened", .reopens),
        ("complaint.rated", .rates), ("complaint.judged", .judges), ("complaint.archived", .notes),
        ("complaint.merged", .merges), ("complaint.withdrawn", .withdraws),
      ] + pausesAndExtensions("complaint")
    ),
    (
      .inspection,
      [
        ("inspection.assigned", .opens), ("inspection.reassigned", .assigns), ("inspection.accepted", .accepts),
        ("inspection.reported", .reports), ("inspection.closed", .resolves), ("inspection.cancelled", .withdraws),
        ("rectification.submitted", .notes), ("rectification.verified", .verifies),
      ] + pausesAndExtensions("inspection")
    ),
    (
      .problem,
      [
        ("problem.raised", .opens), ("problem.assigned", .assigns), ("problem.reassigned", .assigns),
        ("problem.accepted", .accepts), ("problem.planned", .plans), ("problem.closure-requested", .asksClosure),
        ("problem.confirmed", .confirms), ("problem.rechecked", .rechecks), ("problem.closure-decided", .decidesClosure),
        ("problem.spot-checked", .spotChecks), ("problem.rebounded", .reopens), ("problem.urged", .urges),
        ("problem.merged", .merges), ("problem.withdrawn", .withdraws),
      ] + pausesAndExtensions("problem")
    ),
    (
      .funding,
      [
        ("funding.requested", .opens), ("funding.assigned", .assigns), ("funding.reassigned", .assigns),
        ("funding.accepted", .accepts), ("funding.reviewed", .reviews), ("funding.disbursed", .resolves),
        ("funding.allocated", .allocates), ("funding.used", .notes), ("funding.returned", .notes),
      ] + pausesAndExtensions("funding")
    ),
    (
      .reminder,
      [
        ("reminder.scheduled", .opens), ("reminder.assigned", .assigns), ("reminder.reassigned", .assigns),
        ("reminder.accepted", .accepts), ("reminder.done", .resolves), ("reminder.cancelled", .withdraws),
        ("reminder.urged", .urges),
      ]
    ),
  ]

  private static func pausesAndExtensions(_ subject: String) -> [(String, Meaning)] {
    [
      (subject + ".suspended", .suspends), (subject + ".resumed", .resumes),
      (subject + ".extension-requested", .asksExtension), (subject + ".extension-decided", .decidesExtension),
    ]
  }
}
