// The directory as it is shown: a tree of organs, with their offices and persons, and the sources.

import Duban

/// An organ or a unit with what is below it.
public struct OrganView: Encodable, Sendable {
  public var id: Int64
  public var name: String
  /// city, district, street, community or unit.
  public var kind: String
  public var code: String?
  public var aliases, formerNames: [String]
  public var handlingOffice, supervisingOffice, government, hours: String?
  public var persons: [String]
  public var below: [OrganView]

  init(_ organ: Organ, _ directory: Directory, _ index: OrganIndex) {
    (id, name, kind, code) = (organ.id, organ.name, organ.kind, organ.code)
    (aliases, formerNames) = (organ.aliases, organ.formerNames)
    (handlingOffice, supervisingOffice) = (organ.handlingOffice, organ.supervisingOffice)
    (government, hours) = (organ.government, organ.officeHours?.text)
    persons = (index.persons[organ.id] ?? []).map { person in
      [person.role.rawValue + person.name, person.community, person.project].compactMap(\.self).joined(separator: " ")
    }
    below = (index.below[organ.id] ?? []).map { OrganView($0, directory, index) }
  }

  /// A line for it, indented, and those of what is below.
  public func lines(indent: Int = 0) -> [String] {
    let facts =
      [
        code, aliases.isEmpty ? nil : "又名 \(aliases.joined(separator: "、"))",
        formerNames.isEmpty ? nil : "原名 \(formerNames.joined(separator: "、"))", handlingOffice.map { "承办 \($0)" },
        supervisingOffice.map { "督办 \($0)" }, government, hours.map { "办公 \($0)" },
      ].compactMap(\.self) + persons
    let line = ([name] + (facts.isEmpty ? [] : [facts.joined(separator: "; ")])).joined(separator: "  ")
    return [String(repeating: "  ", count: indent) + line] + below.flatMap { $0.lines(indent: indent + 1) }
  }
}

/// A source as it is shown.
public struct SourceView: Encodable, Sendable {
  public var uri, name: String
  public var receipts, confidential: Bool
  public var users, organs, grants: [String]
  public var recipient: String?

  init(_ source: UpstreamSource, _ directory: Directory) {
    (uri, name, receipts, confidential) = (source.uri, source.name, source.wantsReceipts, source.isConfidential)
    (users, organs) = (source.users, source.organs.map(directory.fullName))
    (grants, recipient) = (source.grants.map { $0.text(directory) }, directory.name(of: source.recipientID))
  }

  public var line: String {
    let facts = [
      receipts ? "receipts" : nil, confidential ? "confidential" : nil,
      users.isEmpty ? nil : "users \(users.joined(separator: ", "))",
      organs.isEmpty ? nil : "speaks for \(organs.joined(separator: ", "))",
      grants.isEmpty ? nil : "may say \(grants.joined(separator: "; "))", recipient.map { "matters go to \($0)" },
    ].compactMap(\.self)
    return "\(uri)  \(name)" + (facts.isEmpty ? "" : "  " + facts.joined(separator: "; "))
  }
}

/// The directory, or what is below one organ.
public struct DirectoryView: Encodable, Sendable {
  public var version: Int
  public var organs: [OrganView]
  public var units: [OrganView]
  public var sources: [SourceView]
  public var operators: [String]

  /// The whole.
  public init(_ directory: Directory) {
    let index = OrganIndex(directory)
    version = directory.version
    organs = (index.below[nil] ?? []).filter { !$0.isUnit }.map { OrganView($0, directory, index) }
    units = directory.organs.values.filter { $0.isUnit && !$0.isRetired }.sorted { $0.id < $1.id }.map {
      OrganView($0, directory, index)
    }
    sources = directory.sources.values.sorted { $0.uri < $1.uri }.map { SourceView($0, directory) }
    operators = directory.operators.sorted()
  }

  /// Some of its organs, with what is below each.
  public init(_ directory: Directory, of organs: [Organ]) {
    let index = OrganIndex(directory)
    version = directory.version
    self.organs = organs.filter { !$0.isUnit }.map { OrganView($0, directory, index) }
    units = organs.filter(\.isUnit).map { OrganView($0, directory, index) }
    (sources, operators) = ([], [])
  }

  public var text: String {
    let sections = [
      (nil, organs.flatMap { $0.lines() }), ("units", units.flatMap { $0.lines(indent: 1) }),
      ("sources", sources.map { "  \($0.line)" }), ("operators", operators.map { "  \($0)" }),
    ]
    return sections.filter { !$0.1.isEmpty }.map { title, lines in
      ((title.map { ["\($0):"] } ?? []) + lines).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }
}

/// What is below each organ, and its persons.
struct OrganIndex {
  let below: [Int64?: [Organ]]
  let persons: [Int64: [Person]]

  init(_ directory: Directory) {
    let organs = directory.organs.values.filter { !$0.isRetired }.sorted { $0.id < $1.id }
    below = Dictionary(grouping: organs.filter { !($0.isUnit && $0.parentID != nil) }, by: \.parentID)
    persons = Dictionary(grouping: directory.persons, by: \.organID)
  }
}
