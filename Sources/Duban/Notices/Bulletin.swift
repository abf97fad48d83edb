// 通报: the figures of a district's streets, as a text that ranks them (R30, R34).

/// A street's figures for a period, as a 通报 ranks them.
public struct StreetFigures: Hashable, Sendable, Encodable {
  public var street: String
  /// The formal name of its office (承办机关); nil where the directory has none.
  public var office: String?
  /// 在办: open at the end of the period.
  public var open: Int
  /// 有逾期记录: of these, those with a breach that counts.
  public var overdue: Int
  /// 提级督办: climbs of the chain from this street within the period.
  public var escalated: Int

  public init(street: String, office: String? = nil, open: Int, overdue: Int, escalated: Int) {
    (self.street, self.office, self.open, self.overdue, self.escalated) = (street, office, open, overdue, escalated)
  }

  /// Worst first; equal figures are in the order of their names, so that the same figures always rank the same.
  public static func ranked(_ figures: [StreetFigures]) -> [StreetFigures] {
    figures.sorted { a, b in a.key == b.key ? a.street < b.street : b.key < a.key }
  }

  /// What ranks it. Streets with equal keys share a rank; one with nothing has none.
  private var key: [Int] { [overdue, escalated, open] }
  var isEmpty: Bool { key == [0, 0, 0] }

  /// What a 通报 calls it.
  var name: String { office ?? street }

  /// The rank of each, of figures that are in order: 1, 2, 2, 4.
  static func ranks(_ ranked: [StreetFigures]) -> [Int] {
    ranked.map { own in 1 + ranked.count { own.key < $0.key } }
  }
}

extension [Int] {
  fileprivate static func < (a: [Int], b: [Int]) -> Bool { a.lexicographicallyPrecedes(b) }
}

extension Notice {
  /// A 通报 to a district: its streets ranked by what is open, overdue and escalated (R30, R34).
  public static func bulletin(
    to district: Organ, _ figures: [StreetFigures], in period: Period, schedule: Schedule, by basis: String?, at now: Instant
  ) -> Notice {
    let all = StreetFigures.ranked(figures)
    let ranked = all.filter { !$0.isEmpty }
    func text(_ open: Int, _ overdue: Int, _ escalated: Int) -> String {
      "在办\(open)件，其中有逾期记录\(overdue)件，提级督办\(escalated)件次。"
    }
    func total(_ figure: KeyPath<StreetFigures, Int>) -> Int { ranked.reduce(0) { $0 + $1[keyPath: figure] } }
    var rows = zip(StreetFigures.ranks(ranked), ranked).map { rank, street in
      "\(OfficeText.indent)第\(rank)位　\(street.name)：" + text(street.open, street.overdue, street.escalated)
    }
    let rest = all.filter(\.isEmpty).map(\.name)
    if !rest.isEmpty { rows.append("\(OfficeText.indent)无在办事项，不参加排名：\(rest.joined(separator: "、"))。") }
    return Notice(
      kind: .bulletin, status: .issued, origin: .schedule(id: schedule.id, name: schedule.name, period: period),
      organID: district.id,
      organName: district.name, officeName: district.supervisingOffice ?? district.name,
      title: "关于\(district.name)老旧小区改造事项办理情况的通报（\(period.chinese)）",
      body: """
        \(district.name)各街道：
        \(OfficeText.indent)\(basis.map { "依据\($0)，" } ?? "")现将\(period.chinese)老旧小区改造事项办理情况通报如下（数据截至\(period.end.chineseClose)）。
        \(OfficeText.indent)一、总体情况
        \(OfficeText.indent)\(text(total(\.open), total(\.overdue), total(\.escalated)))
        \(OfficeText.indent)二、街道排名（有逾期记录多者在前，数据相同的位次相同）
        \(rows.isEmpty ? "\(OfficeText.indent)无。" : rows.joined(separator: "\n"))
        \(ShanghaiTime(now).chineseDate)
        """,
      evidence: JSONText.encode(all), createdAt: now)
  }
}

extension Instant {
  /// 10月31日24时 of figures, where that is what a day ends with.
  fileprivate var chineseClose: String { endedDay.map { "\($0.month)月\($0.day)日24时" } ?? chinese }
}
