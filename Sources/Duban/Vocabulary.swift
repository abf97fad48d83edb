// The words that every other file uses: kinds of item, tiers of the chain, and how an item is named.

/// The kinds of item. Each comes by an intake queue of its own, but for problems, which come by that of inspections.
public enum Kind: String, CaseIterable, Sendable, Codable {
  /// 诉求: a resident's complaint, from 12345, 12388, a QR code or a portal.
  case complaint
  /// 巡查: an inspection task, done by people.
  case inspection
  /// 问题: found by an inspection, 市级抽查, a resident, 监理 or the media; on the ledger (台账) until 销号.
  case problem
  /// 资金: a project's request for money.
  case funding
  /// 提醒: something that falls due.
  case reminder

  public var chinese: String {
    switch self {
    case .complaint: "诉求"
    case .inspection: "巡查任务"
    case .problem: "问题"
    case .funding: "资金申请"
    case .reminder: "提醒事项"
    }
  }
}

/// A step of the chain 街道 → 区 → 市 (R22; 赣建办文〔2022〕81号: 市级统筹, 县(区)为主体, 街道落实).
public enum Tier: String, CaseIterable, Sendable, Codable, Comparable {
  case street
  case district
  case city

  /// The tier that an item climbs to when this one lets its deadline pass; nil at the top.
  public var above: Tier? {
    switch self {
    case .street: .district
    case .district: .city
    case .city: nil
    }
  }

  public var chinese: String {
    switch self {
    case .street: "街道"
    case .district: "区"
    case .city: "市"
    }
  }

  public static func < (a: Tier, b: Tier) -> Bool {
    // Lower is nearer to the resident.
    switch (a, b) {
    case (.street, .district), (.street, .city), (.district, .city): true
    default: false
    }
  }
}

/// 三色督办单 (三明: 督查单): a slip by which an organ is pressed, one matter a slip (一事一单).
public enum Slip: String, CaseIterable, Sendable, Codable {
  /// 蓝: reminds.
  case blue
  /// 橙: warns.
  case orange
  /// 红: is final.
  case red

  public var chinese: String {
    switch self {
    case .blue: "蓝色督办单"
    case .orange: "橙色督办单"
    case .red: "红色督办单"
    }
  }
}

/// 办结类型: how a matter was settled.
public enum ClosingType: String, CaseIterable, Sendable {
  case solved = "已解决"
  case partlySolved = "部分解决"
  case explained = "解释说明"
  case planned = "列入计划"
  case parked = "挂账"
  /// Needs its ground.
  case unreasonable = "不合理诉求"
  /// After as many attempts as the policy asks for.
  case unreachable = "无法联系"
  case duplicate = "重复"
  case withdrawn = "撤诉"
  /// 信访, 诉讼, 复议, 仲裁. Needs its ground.
  case referred = "转法定途径"
  case notOurs = "非本市职责"

  /// Whether it is refused without `data.reason`.
  var needsReason: Bool { self == .unreasonable || self == .referred }
}

/// What names an item: the upstream system and the number it has there, and of a unit's part in it (协办件) the unit.
public struct ItemKey: Hashable, Sendable {
  /// The CloudEvents `source`, e.g. `/hotline/12345`.
  public var source: String
  /// The CloudEvents `subject`, e.g. `HS-2026-00000001`.
  public var subject: String
  /// The supporting unit (协办) whose part it is; nil for the item itself.
  public var unit: String?

  public init(source: String, subject: String, unit: String? = nil) {
    self.source = source
    self.subject = subject
    self.unit = unit
  }

  /// The item that a part belongs to; nil for what is no part.
  public var whole: ItemKey? { unit == nil ? nil : ItemKey(source: source, subject: subject) }

  /// The part that a unit has in the item.
  func part(of unit: String) -> ItemKey { ItemKey(source: source, subject: subject, unit: unit) }

  // Byte by byte, as the database compares: Swift's own equality takes two spellings of a character for one.
  public static func == (a: ItemKey, b: ItemKey) -> Bool {
    guard a.subject.hasSameBytes(as: b.subject), a.source.hasSameBytes(as: b.source) else { return false }
    return switch (a.unit, b.unit) {
    case (nil, nil): true
    case (let a?, let b?): a.hasSameBytes(as: b)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    // Sources are few: what tells items apart is the subject.
    hasher.combine(utf8Of: subject)
  }
}

extension ItemKey: CustomStringConvertible {
  /// Its number as people write it, e.g. `HS-2026-00000001`; of a unit's part `HS-2026-00000001#供水公司`.
  public var number: String { unit.map { "\(subject)#\($0)" } ?? subject }

  /// `SOURCE/NUMBER`.
  public var description: String { "\(source)/\(number)" }

  /// Everything that a name may mean: a ``number`` under any source, or a ``description``. Sources and numbers may hold `/` and `#` themselves.
  public static func readings(of name: String) -> [(source: String?, subject: String, unit: String?)] {
    let sourced = splits(of: name, at: "/").map { (source: Optional($0.0), number: $0.1) }
    return ([(source: nil, number: name)] + sourced).flatMap { source, number in
      [(source, number, nil)] + splits(of: number, at: "#").map { (source, $0.0, $0.1) }
    }
  }

  /// The text before and behind each place where a separator stands between two parts that hold something.
  private static func splits(of text: String, at separator: Unicode.Scalar) -> [(String, String)] {
    let scalars = text.unicodeScalars
    return scalars.indices.filter { scalars[$0] == separator }.map {
      (String(scalars[..<$0]), String(scalars[scalars.index(after: $0)...]))
    }.filter { !$0.0.isEmpty && !$0.1.isEmpty }
  }
}

/// What names a message, for deduplication: CloudEvents' own key, `source` and `id`.
public struct MessageKey: Hashable, Sendable {
  public var source: String
  public var id: String

  public init(source: String, id: String) {
    self.source = source
    self.id = id
  }

  public static func == (a: MessageKey, b: MessageKey) -> Bool {
    a.id.hasSameBytes(as: b.id) && a.source.hasSameBytes(as: b.source)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(utf8Of: id)
  }
}

extension String {
  /// Whether both are the same bytes; Swift's own equality takes two spellings of a character for one.
  func hasSameBytes(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    // Through the storage: one by one the views take ten times as long.
    return utf8.withContiguousStorageIfAvailable { own in
      other.utf8.withContiguousStorageIfAvailable { own.elementsEqual($0) }
    }.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
  }
}

extension Hasher {
  mutating func combine(utf8Of text: String) {
    var text = text
    text.withUTF8 { combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
