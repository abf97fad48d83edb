// A directory as a file that applies to the same.

extension Directory {
  /// The directory as a file: applied to its own database it changes nothing, and applied to an empty one it makes the same organs, persons and
  /// sources. What has ended without a successor in its own district is left out.
  public var file: String {
    guard let city else { return "" }
    var lines = ["city: \(YAMLText.scalar(city.name))"]
    lines += members(of: city).filter { $0.key != "name" }.map { "\($0.key): \($0.value)" }
    lines.append("\ndistricts:")
    for district in children(of: city, .district) { lines += text(of: district) }
    if children(of: city, .district).isEmpty { lines[lines.count - 1] += " []" }
    let units = children(of: city, .unit)
    if !units.isEmpty { lines += ["\nunits:"] + units.map { "  - \(entry(of: $0))" } }
    if !persons.isEmpty { lines += ["\npersons:"] + persons.map { "  - \(YAMLText.mapping(members(of: $0)))" } }
    if !operators.isEmpty { lines.append("\noperators: \(YAMLText.list(operators.sorted()))") }
    lines.append("\nsources:")
    lines += sources.values.sorted { $0.uri < $1.uri }.map { "  - \(YAMLText.mapping(members(of: $0)))" }
    if sources.isEmpty { lines[lines.count - 1] += " []" }
    return lines.joined(separator: "\n") + "\n"
  }

  private typealias Members = [(key: String, value: String)]

  func children(of organ: Organ, _ rank: Organ.Rank) -> [Organ] {
    organs.values.filter { $0.parentID == organ.id && $0.rank == rank && !$0.isRetired }.sorted { $0.id < $1.id }
  }

  private func text(of district: Organ) -> [String] {
    var lines = members(of: district).enumerated().map { i, member in "  \(i == 0 ? "-" : " ") \(member.key): \(member.value)" }
    let streets = children(of: district, .street)
    lines.append(streets.isEmpty ? "    streets: []" : "    streets:")
    for street in streets {
      let communities = children(of: street, .community)
      guard !communities.isEmpty else {
        lines.append("      - \(entry(of: street))")
        continue
      }
      lines += members(of: street).enumerated().map { i, member in "      \(i == 0 ? "-" : " ") \(member.key): \(member.value)" }
      lines.append("        communities:")
      lines += communities.map { "          - \(entry(of: $0))" }
    }
    return lines
  }

  /// Its name alone, where there is no more to say.
  private func entry(of organ: Organ) -> String {
    let members = members(of: organ)
    return members.count == 1 ? members[0].value : YAMLText.mapping(members)
  }

  private func members(of organ: Organ) -> Members {
    var members: Members = [("name", YAMLText.scalar(organ.name))]
    func add(_ key: String, _ text: String?) { if let text { members.append((key, YAMLText.scalar(text))) } }
    func add(_ key: String, _ texts: [String]) { if !texts.isEmpty { members.append((key, YAMLText.list(texts))) } }
    add("code", organ.code)
    add("aliases", organ.aliases)
    add("handling-office", organ.handlingOffice)
    add("supervising-office", organ.supervisingOffice)
    add("government", organ.government)
    if let hours = organ.officeHours {
      members.append(("hours", "[\(hours.text.split(separator: ",").joined(separator: ", "))]"))
    }
    // A name that another one has now leads there.
    let siblings = organs.values.filter { $0.parentID == organ.parentID && $0.id != organ.id && $0.rank == organ.rank }
    let taken = Set(siblings.flatMap { [$0.name] + $0.aliases }.map(\.foldedName))
    add("formerly", organ.formerNames.filter { !taken.contains($0.foldedName) })
    if organ.tier == .street {
      let merged = siblings.filter { $0.isRetired && $0.successorID == organ.id }.sorted { $0.id < $1.id }
      add("merges", merged.map(\.name))
    }
    return members
  }

  private func members(of person: Person) -> Members {
    var members: Members = [("name", YAMLText.scalar(person.name)), ("role", person.role.rawValue)]
    members.append((organs[person.organID]?.isUnit == true ? "unit" : "street", YAMLText.scalar(fullName(of: person.organID))))
    if let community = person.community { members.append(("community", YAMLText.scalar(community))) }
    if let project = person.project { members.append(("project", YAMLText.scalar(project))) }
    return members
  }

  private func members(of source: UpstreamSource) -> Members {
    var members: Members = [("uri", YAMLText.scalar(source.uri)), ("name", YAMLText.scalar(source.name))]
    if source.wantsReceipts { members.append(("receipts", "true")) }
    if !source.users.isEmpty { members.append(("users", YAMLText.list(source.users))) }
    if source.isConfidential { members.append(("confidential", "true")) }
    if !source.organs.isEmpty { members.append(("organs", YAMLText.list(source.organs.map(fullName)))) }
    let grants = source.grants.map { grant in
      YAMLText.mapping(
        [
          ("acts", grant.acts?.sorted()), ("sources", grant.sources?.sorted()),
          ("regions", grant.regions?.sorted().map(fullName)),
        ].compactMap { key, texts in texts.map { (key, YAMLText.list($0)) } })
    }
    if !grants.isEmpty { members.append(("grants", "[\(grants.joined(separator: ", "))]")) }
    if let recipient = source.recipientID { members.append(("recipient", YAMLText.scalar(fullName(of: recipient)))) }
    return members
  }
}

/// Pieces of YAML on one line.
private enum YAMLText {
  /// A text as it is where nothing in it means something to YAML, else in quotes.
  static func scalar(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "/" || scalar == "·" || scalar == "_"
    }
    let isWord = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
    let isNumber = text.unicodeScalars.first.map { ("0"..."9").contains($0) } ?? true
    return plain && !isWord && !isNumber ? text : JSONText.string(text)
  }

  static func list(_ texts: [String]) -> String { "[\(texts.map(scalar).joined(separator: ", "))]" }

  static func mapping(_ members: [(key: String, value: String)]) -> String {
    "{ \(members.map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }"
  }
}
