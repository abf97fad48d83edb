// The ledger of problems as an office files it: 附件3 具体问题台账 and 附件2 整改进度月报表 (三明 2024〔14〕; columns of practice.md).

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
  public var isOpen, isOverdue: Bool
  public var rebounds: Int
  public var rejections: Int32
  public var closedAt: Instant?
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
    (lead, responsible) = (opening.lead, directory.name(of: problem.responsibleID))
    person = problem.finding.person ?? directory.person(at: problem.responsibleID, of: opening.place)?.name
    isOpen = last?.until == nil
    isOverdue = isOpen && (last?.dueAt.map { $0 < now } ?? false)
    rebounds = max(0, problem.spans.count - 1)
    rejections = problem.rejections
    closedAt = last?.until
    let progress: String =
      switch problem.phase {
      case .closed: "已销号"
      case .responded: "整改中"
      case .open, .awaited, .merged: problem.evidence.isEmpty ? "已立账" : "待销号"
      }
    phase = isOpen && !problem.evidence.isEmpty ? "待销号" : progress
    (recheckedBy, recheckedAt, recheckPassed) = (problem.recheck?.person, problem.recheck?.at, problem.recheck?.isPassed)
    (approvedBy, approvedAt) = (problem.approval?.person, problem.approval?.at)
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
    let due = dueAt == originalDueAt ? nil : dueAt?.day
    let remarks = [
      rebounds > 0 ? "反弹\(rebounds)次" : nil, rejections > 0 ? "未通过\(rejections)次" : nil, isOverdue ? "逾期" : nil,
    ].compactMap(\.self)
    return [
      number, street ?? "—", community ?? "—", category ?? "—", title ?? "—", both(foundAt.day, way), grade ?? "—",
      rectification ?? "—",
      measure ?? "—", both(originalDueAt?.day, due), lead ?? "—", responsible ?? "—", person ?? "—", phase, closedAt?.day ?? "—",
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
          row.closedShare, list(row.measures), list(row.leads), list(row.responsible.compactMap { directory.name(of: $0) }), "—",
        ]
    }
    return OfficeTable(heading: heading, rows: rows.enumerated().map { cells("\($0 + 1)", $1) } + [cells("—", sum)])
  }
}

extension Instant {
  /// 2026-11-22, in Asia/Shanghai; of a limit that ends at 24:00 the day that is over then.
  fileprivate var day: String {
    let date = endedDay ?? ShanghaiTime(self)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(date.year)-\(two(date.month))-\(two(date.day))"
  }
}
