// Notices to organs: 约谈 (a summons, proposed with its evidence; R34) and 通报 (a bulletin that ranks; R30).

/// A document to an organ.
public struct Notice: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// 约谈: proposed by Duban, decided by a named person.
    case summons
    /// 通报: figures, issued as they stand.
    case bulletin
  }

  public enum Status: String, Sendable {
    case proposed
    case issued
  }

  /// What a notice comes from; each origin yields one notice and no more.
  public enum Origin: Hashable, Sendable {
    case item(id: Int64, unit: String?, begunBy: Int32, attempt: Int)
    case schedule(id: Int64, name: String, period: Period)
  }

  public var kind: Kind
  public var status: Status
  public var origin: Origin
  /// The addressee; nil only where the directory knows no organ at all.
  public var organID: Int64?
  public var organName: String
  /// What the text calls it: its office, by its formal name.
  public var officeName: String
  public var title: String
  public var body: String
  /// The facts that it rests on, as JSON.
  public var evidence: String
  public var createdAt: Instant
  /// The breaches that it rests on.
  public var grounds: [Ground] = []

  /// A breach, by its matter and its number.
  public struct Ground: Hashable, Sendable {
    public var itemID: Int64
    public var number: Int32
  }

  /// The matter that it is over; nil for a schedule's.
  public var itemID: Int64? { if case .item(let id, _, _, _) = origin { id } else { nil } }

  /// What names it among all notices, and stays the same however often its making is tried.
  public var reference: String {
    switch origin {
    case .item(let id, let unit, let begunBy, let attempt):
      "item/\(id)\(unit.map { "#\($0)" } ?? "")/\(begunBy)" + (attempt > 1 ? "/\(attempt)" : "")
    case .schedule(_, let name, let period): "\(name)/\(period.start.rfc3339)/\(period.end.rfc3339)/\(organID ?? 0)"
    }
  }

  /// The event that tells the world of it.
  public func announcement(for audience: Audience, orderKey: Int64) -> Announcement {
    struct Facts: Encodable {
      var reference, kind, status, organ, office, title, body: String
    }
    let facts = Facts(
      reference: reference, kind: kind.rawValue, status: status.rawValue, organ: organName, office: officeName, title: title,
      body: body)
    return Announcement(
      type: status == .proposed ? .noticeProposed : .noticeIssued, subject: reference, occurredAt: createdAt,
      data: JSONText.encode(facts), for: audience, orderKey: orderKey)
  }
}

/// The layout of an office's text.
enum OfficeText {
  /// Begins a paragraph.
  static let indent = "　　"

  /// Lines with a number in front: 1.甲
  static func numbered(_ lines: [String]) -> String {
    lines.enumerated().map { "\(indent)\($0 + 1).\($1)" }.joined(separator: "\n")
  }
}
