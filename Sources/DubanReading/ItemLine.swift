// An item as a line of a list: what an operator or an official needs to see in order to press the right organ for the right thing.

import Duban
import DubanStore

/// An item in a list.
public struct ItemLine: Encodable, Sendable {
  public var item: ItemView
  /// The names of its upstream system and of its place, as far as the directory knows them.
  public var sourceName, district, street: String?
  /// 逾期: since when, on which clock, and for how long. Absent where nothing is overdue now.
  public var overdueSince: Instant?
  public var overdueClock: String?
  public var overdueBySeconds: Int64?

  private let listed: ListedItem
  private let now: Instant
  private let mainIsConfidential: Bool

  /// As it is at a time by the database's clock.
  public init(_ listed: ListedItem, region: Event.Region? = nil, in directory: Directory, now: Instant) {
    (self.listed, self.now, item) = (listed, now, ItemView(listed.summary, region: region, directory))
    let place = listed.summary.matter.opening?.place
    (district, street) = (directory.name(of: place?.districtID), directory.name(of: place?.streetID))
    item.person = directory.person(of: listed.summary)
    sourceName = directory.sources[listed.summary.key.source]?.name
    mainIsConfidential = listed.summary.item.main.map(directory.isConfidential) ?? false
    guard let overdue = listed.overdue else { return }
    (overdueSince, overdueClock) = (overdue.since, overdue.clock.rawValue)
    overdueBySeconds = (now - overdue.since).microseconds / 1_000_000
  }

  enum CodingKeys: CodingKey { case sourceName, district, street, overdueSince, overdueClock, overdueBySeconds }

  /// The members of ``ItemView``, and beside them those of the list.
  public func encode(to encoder: any Encoder) throws {
    try item.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(sourceName, forKey: .sourceName)
    try container.encodeIfPresent(district, forKey: .district)
    try container.encodeIfPresent(street, forKey: .street)
    try container.encodeIfPresent(overdueSince, forKey: .overdueSince)
    try container.encodeIfPresent(overdueClock, forKey: .overdueClock)
    try container.encodeIfPresent(overdueBySeconds, forKey: .overdueBySeconds)
  }
}

// MARK: - Cells

extension ItemLine {
  /// A column of a list.
  public enum Column: Sendable {
    case number, title, place, street, category, responsible, supervisor, phase, due, overdue
    /// Of what is 待派: the place in upstream's words, and the streets that may have been meant.
    case region, meant
    /// Of what is parked (挂账): when its present stage ends, and when its review is due.
    case stage, review

    public func heading(in language: Language) -> String {
      switch (self, language) {
      case (.number, .zh): "编号"
      case (.number, .en): "number"
      case (.title, .zh): "标题"
      case (.title, .en): "title"
      case (.place, .zh): "属地"
      case (.place, .en): "district, street"
      case (.street, .zh): "街道"
      case (.street, .en): "street"
      case (.category, .zh): "类别"
      case (.category, .en): "category"
      case (.responsible, _): "承办"
      case (.supervisor, _): "督办"
      case (.phase, .zh): "状态"
      case (.phase, .en): "phase"
      case (.due, .zh): "时限"
      case (.due, .en): "due"
      case (.overdue, .zh): "逾期"
      case (.overdue, .en): "overdue by"
      case (.region, .zh): "来文所称属地"
      case (.region, .en): "region"
      case (.meant, .zh): "或为"
      case (.meant, .en): "meant perhaps"
      case (.stage, .zh): "阶段截止"
      case (.stage, .en): "stage ends"
      case (.review, .zh): "复核时限"
      case (.review, .en): "review due"
      }
    }

    /// Whether it holds free text or names, which may be cut where a line is too long. Numbers and times are of no use when they are cut.
    public var mayBeCut: Bool {
      switch self {
      case .title, .place, .street, .category, .responsible, .supervisor, .region, .meant: true
      case .number, .phase, .due, .overdue, .stage, .review: false
      }
    }
  }

  /// What a list shows by default.
  public static let columns: [Column] = [.number, .title, .place, .category, .responsible, .supervisor, .phase, .due, .overdue]

  public func cell(_ column: Column, in language: Language) -> String {
    let text: String? =
      switch column {
      case .number: listed.needsSource ? "\(item.key)" : item.key.number
      case .title: item.title
      case .place: [district, street].compactMap(\.self).joined()
      case .street: street
      case .category: item.category
      case .responsible: item.responsible
      case .supervisor: item.supervisor
      case .phase: phase(in: language)
      case .due: due(in: language)
      case .overdue: listed.overdue.map { language.minutes(now - $0.since) }
      case .region: item.region
      case .meant: item.suggestions?.joined(separator: ", ")
      case .stage: item.parkedUntil?.minuteEnd
      case .review: review(in: language)
      }
    return text.flatMap { $0.isEmpty ? nil : $0 } ?? "–"
  }

  private func phase(in language: Language) -> String {
    let phase = listed.summary.item.phase
    let word =
      switch language {
      case .zh: item.isWithdrawn ? "撤回" : phase.chinese
      case .en: item.isWithdrawn ? "withdrawn" : phase.rawValue
      }
    return word + (item.unassigned ? " 待派" : "")
  }

  /// The deadline of the responsible unit: the one that it let pass while the item is overdue, else the next. Where the clocks are stopped: why.
  private func due(in language: Language) -> String? {
    if let stopped = stopped(in: language) { return stopped }
    let next = listed.summary.item.clocks.first.map { ($0.kind, $0.clock.dueAt) }
    guard let (clock, at) = listed.overdue.map({ ($0.clock, $0.since) }) ?? next else { return nil }
    return at.minuteEnd + " " + (language == .zh ? clock.duty(of: item.kind).limit : clock.rawValue)
  }

  /// When what is parked is to be reviewed. Where the responsible unit has let that pass, the deadline is that of the tier that supervises.
  private func review(in language: Language) -> String? {
    guard item.isParked, let clock = listed.summary.item.clocks.first(where: { $0.kind == .review })?.clock else { return nil }
    return clock.dueAt.minuteEnd + (clock.step == 0 ? "" : language == .zh ? " 已逾期" : " (overdue)")
  }

  private func stopped(in language: Language) -> String? {
    if let main = listed.summary.item.main {
      let name = main.source == item.source ? main.number : "\(main)"
      return switch language {
      case .zh: mainIsConfidential ? "重复件（主件不公开）" : "重复件（主件\(name)）"
      case .en: "duplicate of \(mainIsConfidential ? "a confidential item" : name) (重复件)"
      }
    }
    return item.suspendedAt.map { since in
      switch language {
      case .zh: "自\(since.minute)起\(item.isParked ? "挂账" : "中止计时")"
      case .en: item.isParked ? "parked since \(since.minute) (挂账)" : "suspended since \(since.minute) (中止计时)"
      }
    }
  }
}
