// The ledger of problems as an office files it: 附件3 具体问题台账 and 附件2 整改进度月报表 (明建〔2024〕14号; the columns are those of practice).

import Duban

/// A table with Chinese headings, for a terminal and for a spreadsheet.
public struct OfficeTable: Sendable {
  public var heading: [String]
  public var rows: [[String]]

  /// As CSV (RFC 4180), with a byte order mark: spreadsheets know it for UTF-8 by that.
  public var csv: String {
    "\u{FEFF}" + ([heading] + rows).map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ text: String) -> String {
    // A cell that begins with one of these would be run as a formula.
    let text = text.first.map { "=+-@\t\r".contains($0) } == true ? "'" + text : text
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

/// A line of 附件3.
public struct ProblemLine: Encodable, Sendable {
  public var number: String
  public var item: String
  public var street, community, category, title: String?
  public var foundAt: Instant
  public var way, grade, rectification, measure: String?
  public var originalDueAt, dueAt: Instant?
  public var lead, responsible, person: String?
  public var phase: String
  public var isOpen: Bool
  /// Not 销号 in time: open beyond its deadline, or 销号 after it.
  public var isOverdue: Bool
  public var rebounds: Int
  public var rejections: Int32
  public var doneAt, closedAt: Instant?
  public var recheckedBy, approvedBy: String?
  public var recheckedAt, approvedAt: Instant?
  public var recheckPassed: Bool?
  public var evidence: [String]

  public init(_ key: ItemKey, _ problem: ProblemRecord, in directory: Directory, now: Instant) {
    let (opening, last) = (problem.opening, problem.spans.last)
    (number, item) = (problem.number?.text ?? "—", "\(key)")
    (street, community) = (directory.name(of: opening.place.streetID), opening.place.community)
    (category, title, foundAt, grade) = (opening.category, opening.title, opening.at, opening.grade)
    (way, rectification) = (problem.finding.way?.rawValue, problem.finding.rectification?.rawValue)
    measure = problem.finding.measure
    (originalDueAt, dueAt) = (problem.originalDueAt, last?.dueAt)
    (lead, responsible) = (opening.lead, directory.office(of: problem.responsibleID, isSupervising: false))
    person = problem.finding.person ?? directory.person(at: problem.responsibleID, of: opening.place)?.name
    isOpen = last?.until == nil
    isOverdue = last?.isOverdue(by: now) ?? false
    rebounds = max(0, problem.spans.count - 1)
    rejections = problem.rejections
    (doneAt, closedAt) = (problem.doneAt, last?.until)
    phase =
      switch problem.phase {
      case .closed: "已销号"
      case .open, .responded, .awaited, .merged:
        problem.isClosureRequested ? "待销号" : problem.phase == .responded ? "整改中" : "已立账"
      }
    (recheckedBy, recheckedAt, recheckPassed) = (problem.recheck?.person, problem.recheck?.at, problem.recheck?.isPassed)
    if let approval = problem.approval, approval.isPassed { (approvedBy, approvedAt) = (approval.person, approval.at) }
    evidence = problem.evidence
  }

  static let heading = [
    "编号", "街道", "小区（项目）", "类别", "具体问题及部位", "发现时间/途径", "等级", "整改类型", "整改措施", "原定时限/延期后", "牵头单位", "责任单位", "责任人", "进展", "完成时间",
    "复查人/结论", "销号批准人/时间", "佐证号", "备注",
  ]

  /// Its cells in the order of the heading.
  var cells: [String] {
    func both(_ parts: String?...) -> String {
      let parts = parts.compactMap(\.self)
      return parts.isEmpty ? "—" : parts.joined(separator: "/")
    }
    let due = dueAt == originalDueAt ? nil : dueAt?.lastDay
    let remarks = [
      rebounds > 0 ? "反弹\(rebounds)次" : nil, rejections > 0 ? "复查、审批未通过\(rejections)次" : nil,
      isOverdue ? isOpen ? "逾期未销号" : "逾期销号" : nil,
    ].compactMap(\.self)
    return [
      number, street ?? "—", community ?? "—", category ?? "—", title ?? "—", both(foundAt.day, way), grade ?? "—",
      rectification ?? "—",
      measure ?? "—", both(originalDueAt?.lastDay, due), lead ?? "—", responsible ?? "—", person ?? "—", phase,
      doneAt?.day ?? "—",
      both(recheckedBy, recheckPassed.map { $0 ? "通过" : "未通过" }), both(approvedBy, approvedAt?.day),
      evidence.isEmpty ? "—" : evidence.joined(separator: "、"), remarks.isEmpty ? "—" : remarks.joined(separator: "，"),
    ]
  }

  public static func table(_ lines: [ProblemLine]) -> OfficeTable { OfficeTable(heading: heading, rows: lines.map(\.cells)) }
}

extension ProblemTable {
  /// 附件2, with the names of the units.
  public func table(in directory: Directory) -> OfficeTable {
    let heading = [
      "序号", "问题类别", "期初未销号", "本月新增", "反弹", "本月到期", "本月销号", "其中按期", "期末未销号", "其中逾期", "累计立账", "累计销号", "销号率", "主要举措", "牵头单位", "责任单位",
      "备注",
    ]
    func list(_ words: [String]) -> String { words.isEmpty ? "—" : words.joined(separator: "、") }
    func cells(_ number: String, _ row: Row) -> [String] {
      [number, row.category ?? "未分类"]
        + [
          row.openAtStart, row.raised, row.rebounded, row.due, row.closed, row.closedInTime, row.openAtEnd, row.overdueAtEnd,
          row.everRaised, row.everClosed,
        ].map(String.init)
        + [
          row.closedShare, row.measures.isEmpty ? "—" : row.measures.joined(separator: "；"), list(row.leads),
          list(row.responsible.compactMap { directory.office(of: $0, isSupervising: false) }), "—",
        ]
    }
    return OfficeTable(heading: heading, rows: rows.enumerated().map { cells("\($0 + 1)", $1) } + [cells("—", sum)])
  }
}

extension Instant {
  /// 2026-11-22, in Asia/Shanghai.
  fileprivate var day: String { Self.text(ShanghaiTime(self)) }

  /// The same of a limit: one that ends at 24:00 is of the day that is over then.
  fileprivate var lastDay: String { Self.text(endedDay ?? ShanghaiTime(self)) }

  private static func text(_ date: ShanghaiTime) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(date.year)-\(two(date.month))-\(two(date.day))"
  }
}
