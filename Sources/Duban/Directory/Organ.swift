// An organ: the city, a district, a street or a community (社区), or a unit beside the chain; with its names and its offices.

/// An organ of the chain: the city, one of its districts, a street (街道, 镇, 乡) or a community (社区); or a unit beside the chain.
public struct Organ: Hashable, Sendable {
  public var id: Int64
  /// Nil for a unit (主办, 协办单位) that holds items, or its part in them, before the chain does: 水, 电, 气, 通信 (R12).
  public var tier: Tier?
  public var name: String
  /// The organ above, of a unit the city; nil for the city.
  public var parentID: Int64?
  /// 统计用区划代码, 12 digits; nil where the directory does not say, and of a unit.
  public var code: String?
  /// Other names that messages may use.
  public var aliases: [String] = []
  /// The names that it had before the present one. They lead to it still.
  public var formerNames: [String] = []
  /// The organs that it belonged to before the present one, the latest last.
  public var formerParentIDs: [Int64] = []
  /// The formal name of the office that acts for it where it is responsible (承办机关): 胜阳港街道办事处.
  public var handlingOffice: String?
  /// The formal name of the office that acts for it where it supervises (督办机关): 黄石港区住房和城乡建设局.
  public var supervisingOffice: String?
  /// The formal name of its government: 黄石港区人民政府.
  public var government: String?
  /// The office hours that it kept before the present ones, the earliest first.
  public var formerHours: [FormerHours] = []
  /// When it works (工作时); nil where it keeps the hours of the organ above.
  public var officeHours: OfficeHours?
  /// Whether it exists no more. It stays in the directory, so that names on record stay readable, and no new name leads to it.
  public var isRetired = false
  /// The organ that its matters and its names go to since it was retired; nil where there is none.
  public var successorID: Int64?

  public init(
    id: Int64, tier: Tier?, name: String, parentID: Int64?, officeHours: OfficeHours? = nil, code: String? = nil,
    aliases: [String] = [],
    handlingOffice: String? = nil, supervisingOffice: String? = nil, government: String? = nil
  ) {
    (self.id, self.tier, self.name, self.parentID, self.officeHours) = (id, tier, name, parentID, officeHours)
    (self.code, self.aliases) = (code, aliases)
    (self.handlingOffice, self.supervisingOffice, self.government) = (handlingOffice, supervisingOffice, government)
  }

  /// Whether it is a unit beside the chain.
  public var isUnit: Bool { tier == nil }

  /// Whether it is a community (社区).
  public var isCommunity: Bool { tier == .community }

  /// Whether a name is one of its own: its name, code, another name or that of an office.
  func goes(by name: String) -> Bool {
    let folded = name.foldedName
    let names = [self.name, code ?? "", handlingOffice ?? "", supervisingOffice ?? "", government ?? ""] + aliases + formerNames
    return !folded.isEmpty && names.contains { $0.foldedName == folded }
  }

  /// The part of its code that says which it is; the rest are zeros.
  var significantCode: String? { code.map { String($0.prefix(rank.codeDigits)) } }

  /// What sort of organ it is: `city`, `district`, `street`, `community` or `unit`.
  public var kind: String { rank.rawValue }

  var rank: Rank { tier.flatMap { Rank(rawValue: $0.rawValue) } ?? .unit }

  /// What sort of organ it is.
  enum Rank: String, CaseIterable, Sendable {
    case city, district, street, community, unit

    var tier: Tier? { Tier(rawValue: rawValue) }

    /// How many of the 12 digits of a code say which it is: 4202, 420202, 420202001, 420202001001.
    var codeDigits: Int {
      switch self {
      case .city: 4
      case .district: 6
      case .street: 9
      case .community, .unit: 12
      }
    }
  }
}

extension Organ {
  /// When an organ worked (nil: by the hours of the organ above), until others were in force.
  public struct FormerHours: Hashable, Sendable {
    public var hours: OfficeHours?
    public var until: Instant

    public init(_ hours: OfficeHours?, until: Instant) {
      (self.hours, self.until) = (hours, until)
    }
  }
}
