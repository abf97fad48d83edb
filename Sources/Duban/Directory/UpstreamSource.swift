// An upstream system: who may send for it, in whose name it speaks, and what it may say.

/// An upstream system that may send (R2: 二维码, 12345, 12388; R19: 现场接待; R43: 小微权力监督平台).
public struct UpstreamSource: Hashable, Sendable {
  /// The CloudEvents `source`.
  public var uri: String
  public var name: String
  /// Whether it is sent `receipt.accepted` for each message taken.
  public var wantsReceipts: Bool
  /// The AMQP users that may send for it; empty where the broker's permissions alone decide.
  public var users: [String]
  /// Whether what it sends may be seen only by those who handle it (12388: discipline and inspection).
  public var isConfidential: Bool
  /// The organs and units in whose name it speaks.
  public var organs: [Int64]
  /// What it may say of the items of others.
  public var grants: [Grant]
  /// Of a confidential source, the unit that its matters go to (局党组, 派驻组).
  public var recipientID: Int64?

  public init(
    uri: String, name: String, wantsReceipts: Bool = false, users: [String] = [], isConfidential: Bool = false,
    organs: [Int64] = [], grants: [Grant] = [], recipientID: Int64? = nil
  ) {
    (self.uri, self.name, self.wantsReceipts) = (uri, name, wantsReceipts)
    (self.users, self.isConfidential) = (users, isConfidential)
    (self.organs, self.grants, self.recipientID) = (organs, grants, recipientID)
  }

  /// Whether a message with this `user-id` may be the source's: it is one of the source's users, or of the operators'. The broker has checked
  /// that the user is who it says.
  func admits(_ user: String?, operators: Set<String>) -> Bool {
    users.isEmpty || user.map { users.contains($0) || operators.contains($0) } == true
  }
}

/// What a source may say of the items of other sources.
public struct Grant: Hashable, Sendable {
  /// The verbs of types: `responded` of `complaint.responded`; nil for every one.
  public var acts: Set<String>?
  /// Whose items, by the URI of their source; nil for those of every source that is not confidential.
  public var sources: Set<String>?
  /// The organs whose places it covers; nil for all.
  public var regions: Set<Int64>?

  public init(acts: Set<String>? = nil, sources: Set<String>? = nil, regions: Set<Int64>? = nil) {
    (self.acts, self.sources, self.regions) = (acts, sources, regions)
  }
}

extension EventType {
  /// The verb of the type: `responded` of `complaint.responded`. A grant names it.
  public var act: String { name.split(separator: ".").last.map(String.init) ?? name }
}
