// What is different between two states of the directory, line by line, for people.

extension Directory {
  /// What is different from an earlier state, a line each.
  func differences(from other: Directory) -> [String] {
    let organs = self.organs.values.sorted { $0.id < $1.id }
    return organs.flatMap { differences(of: $0, from: other) } + sourceDifferences(from: other) + personDifferences(from: other)
      + Self.change("operators", other.operators.sorted(), operators.sorted())
  }

  private func differences(of organ: Organ, from other: Directory) -> [String] {
    let name = fullName(of: organ.id)
    guard let before = other.organs[organ.id] else {
      if organ.isRetired { return ["ended before: \(name)\(end(of: organ))"] }
      return ["new \(organ.rank.rawValue): \(name)\(details(of: organ))"]
    }
    var lines: [String] = []
    if organ.parentID != before.parentID {
      lines.append("moved: \(other.fullName(of: organ.id)) → \(name)")
    } else if organ.name != before.name {
      lines.append("renamed: \(other.fullName(of: organ.id)) → \(name)")
    }
    switch (before.isRetired, organ.isRetired) {
    case (false, true): lines.append("retired: \(name)\(end(of: organ))")
    case (true, false): lines.append("back: \(name)")
    case (true, true) where before.successorID != organ.successorID: lines.append("retired: \(name)\(end(of: organ))")
    default: break
    }
    let changes =
      Self.change("code", before.code, organ.code) + Self.change("aliases", before.aliases, organ.aliases)
      + Self.change("former names", before.formerNames, organ.formerNames)
      + Self.change("承办机关", before.handlingOffice, organ.handlingOffice)
      + Self.change("督办机关", before.supervisingOffice, organ.supervisingOffice)
      + Self.change("government", before.government, organ.government)
      + Self.change("hours", before.officeHours?.text, organ.officeHours?.text)
    return lines + changes.map { "\(name): \($0)" }
  }

  private func end(of organ: Organ) -> String { organ.successorID.map { ", in \(fullName(of: $0))" } ?? "" }

  private func details(of organ: Organ) -> String {
    organ.code.map { " (\($0))" } ?? ""
  }

  private func sourceDifferences(from other: Directory) -> [String] {
    sources.values.sorted { $0.uri < $1.uri }.flatMap { source -> [String] in
      guard let before = other.sources[source.uri] else { return ["new source: \(source.uri) (\(source.name))"] }
      let changes =
        Self.change("name", before.name, source.name)
        + Self.change("receipts", "\(before.wantsReceipts)", "\(source.wantsReceipts)")
        + Self.change("users", before.users, source.users)
        + Self.change("confidential", "\(before.isConfidential)", "\(source.isConfidential)")
        + Self.change("organs", before.organs.map(other.fullName), source.organs.map(fullName))
        + Self.change("grants", before.grants.map { $0.text(other) }, source.grants.map { $0.text(self) })
        + Self.change("recipient", other.name(of: before.recipientID), name(of: source.recipientID))
      return changes.map { "source \(source.uri): \($0)" }
    }
  }

  private func personDifferences(from other: Directory) -> [String] {
    let (before, after) = (Set(other.persons), Set(persons))
    return persons.filter { !before.contains($0) }.map { "new person: \(text(of: $0))" }
      + other.persons.filter { !after.contains($0) }.map { "gone person: \(other.text(of: $0))" }
  }

  /// 社区干部张三 of 黄石港区胜阳港街道 磁湖社区.
  public func text(of person: Person) -> String {
    let place = [fullName(of: person.organID), person.community, person.project].compactMap(\.self).joined(separator: " ")
    return "\(person.role.rawValue)\(person.name) of \(place)"
  }

  private static func change(_ name: String, _ before: String?, _ after: String?) -> [String] {
    before == after ? [] : ["\(name): \(before ?? "–") → \(after ?? "–")"]
  }

  private static func change(_ name: String, _ before: [String], _ after: [String]) -> [String] {
    func text(_ words: [String]) -> String? { words.isEmpty ? nil : words.joined(separator: ", ") }
    return change(name, text(before), text(after))
  }
}

extension Grant {
  /// `responded, resolved for /portal/street in 黄石港区`.
  public func text(_ directory: Directory) -> String {
    let acts = acts?.sorted().joined(separator: ", ") ?? "every act"
    let sources = sources.map { " for \($0.sorted().joined(separator: ", "))" } ?? ""
    let regions = regions.map { " in \($0.map(directory.fullName).sorted().joined(separator: ", "))" } ?? ""
    return acts + sources + regions
  }
}
