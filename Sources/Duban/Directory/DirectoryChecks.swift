// What a directory file is held to before anything is made of it: its keys, codes, names and words.

/// Checks a directory file, and marks each thing in it with its line.
struct DirectoryChecks {
  private let file: OperatorFile<DirectoryDraft>
  /// Where each code stands.
  private var codes: [String: Int] = [:]

  init(_ file: OperatorFile<DirectoryDraft>) { self.file = file }

  /// - Throws: ``FileFault`` that names the line, the place and the remedy.
  func checked() throws(FileFault) -> DirectoryDraft {
    var (checks, draft) = (self, file.content)
    try checks.check(&draft)
    return draft
  }

  private static let offices = ["handling-office", "supervising-office", "government"]

  private mutating func check(_ draft: inout DirectoryDraft) throws(FileFault) {
    try file.allow(
      ["city", "code", "aliases"] + Self.offices + ["hours", "districts", "units", "persons", "operators", "sources"], at: [])
    draft.cityOrgan.line = file.line(of: ["city"])
    try check(draft.cityOrgan, .city, at: [], nameKey: "city", below: nil)
    try check(&draft.districts, .district, at: ["districts"], below: draft.cityOrgan.code.map { String($0.prefix(4)) })
    var units = draft.units ?? []
    try check(&units, .unit, at: ["units"], below: nil)
    if draft.units != nil { draft.units = units }
    // A unit has the names of the whole city beside it: of one that is a district's, messages could not say which is meant.
    var names: Set<String> = []
    for district in draft.districts { names.formUnion(district.allNames.map(\.foldedName)) }
    for (i, unit) in units.enumerated() {
      guard let twice = unit.allNames.first(where: { names.contains($0.foldedName) }) else { continue }
      throw file.fault(at: ["units", .place(i)], because: "'\(twice)' appears twice: it is a district's name, too")
    }
    try check(persons: &draft)
    try check(sources: &draft.sources)
    for (i, user) in (draft.operators ?? []).enumerated() { try check(text: user, at: ["operators", .place(i)]) }
    try check(once: draft.operators ?? [], at: ["operators"])
  }

  // MARK: - Organs

  private mutating func check(
    _ members: inout [DirectoryDraft.Member], _ rank: Organ.Rank, at path: [FileStep], below prefix: String?
  ) throws(FileFault) {
    let keys =
      switch rank {
      case .district: ["name", "code", "aliases"] + Self.offices + ["hours", "formerly", "streets"]
      case .street:
        [
          "name", "code", "aliases", "handling-office", "supervising-office", "hours", "formerly", "merges", "moved-from",
          "communities",
        ]
      case .community: ["name", "code", "aliases", "handling-office", "formerly"]
      case .city, .unit: ["name", "aliases", "hours", "formerly"]
      }
    var lines: [String: Int?] = [:]
    for i in members.indices {
      let place = path + [.place(i)]
      try file.allow(keys, at: place)
      members[i].line = file.line(of: place)
      let member = members[i]
      try check(member, rank, at: place, nameKey: "name", below: prefix)
      for name in member.allNames + member.merges {
        if let line = lines[name.foldedName] {
          throw file.fault(
            at: place, because: "'\(name)' appears twice, on line \(line.map(String.init) ?? "?") before; a name means one organ")
        }
        lines[name.foldedName] = member.line
      }
      // A community may keep its code when its street ends in another one: the district alone is held to.
      let prefix = rank == .district ? member.code.map { String($0.prefix(rank.codeDigits)) } ?? prefix : prefix
      try check(&members[i].streets, .street, at: place + ["streets"], below: prefix)
      try check(&members[i].communities, .community, at: place + ["communities"], below: prefix)
    }
  }

  private mutating func check(
    _ member: DirectoryDraft.Member, _ rank: Organ.Rank, at path: [FileStep], nameKey: String, below prefix: String?
  ) throws(FileFault) {
    try check(text: member.name, at: path + [.key(nameKey)])
    for (key, names) in [("aliases", member.aliases), ("formerly", member.formerly), ("merges", member.merges)] {
      for (i, name) in names.enumerated() { try check(text: name, at: path + [.key(key), .place(i)]) }
    }
    for (key, text) in zip(
      Self.offices + ["moved-from"], [member.handlingOffice, member.supervisingOffice, member.government, member.movedFrom])
    {
      if let text { try check(text: text, at: path + [.key(key)]) }
    }
    guard let code = member.code else { return }
    let place = path + ["code"]
    guard code.utf8.count == 12, code.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
      throw file.fault(at: place, because: "write the 12 digits of the 统计用区划代码, not '\(code)'")
    }
    let zeros = 12 - rank.codeDigits
    guard code.suffix(zeros).allSatisfy({ $0 == "0" }) else {
      throw file.fault(at: place, because: "the code of a \(rank.rawValue) ends with \(zeros) zeros, not '\(code)'")
    }
    if let prefix, !code.hasPrefix(prefix) {
      throw file.fault(at: place, because: "the code of a \(rank.rawValue) of this place begins with \(prefix), not '\(code)'")
    }
    if let line = codes[code] {
      throw file.fault(at: place, because: "'\(code)' appears twice, on line \(line) before; each organ has its own")
    }
    codes[code] = file.line(of: place)
  }

  // MARK: - Persons and sources

  private func check(persons draft: inout DirectoryDraft) throws(FileFault) {
    guard var persons = draft.persons else { return }
    var seen: [DirectoryDraft.Person: Int] = [:]
    for i in persons.indices {
      let (place, person): ([FileStep], DirectoryDraft.Person) = (["persons", .place(i)], persons[i])
      try file.allow(["name", "role", "street", "unit", "community", "project"], at: place)
      for (key, text) in [
        ("name", person.name), ("street", person.street), ("unit", person.unit), ("community", person.community),
        ("project", person.project),
      ] {
        if let text { try check(text: text, at: place + [.key(key)]) }
      }
      guard (person.street == nil) != (person.unit == nil) else {
        throw file.fault(at: place, because: "name the street or the unit of \(person.name), one of them")
      }
      if person.unit != nil, person.community != nil || person.project != nil {
        throw file.fault(at: place, because: "community and project are of a street; remove them, or name the street")
      }
      if let line = seen[person] {
        throw file.fault(at: place, because: "\(person.name) appears twice with the same words, on line \(line) before")
      }
      seen[person] = file.line(of: place)
      persons[i].line = file.line(of: place)
    }
    draft.persons = persons
  }

  private func check(sources: inout [DirectoryDraft.Source]) throws(FileFault) {
    for i in sources.indices {
      let (place, source): ([FileStep], DirectoryDraft.Source) = (["sources", .place(i)], sources[i])
      try file.allow(["uri", "name", "receipts", "users", "confidential", "organs", "grants", "recipient"], at: place)
      sources[i].line = file.line(of: place)
      try check(text: source.uri, at: place + ["uri"])
      try check(text: source.name, at: place + ["name"])
      for (key, texts) in [("users", source.users), ("organs", source.organs)] {
        for (j, text) in (texts ?? []).enumerated() { try check(text: text, at: place + [.key(key), .place(j)]) }
        try check(once: texts ?? [], at: place + [.key(key)])
      }
      if source.recipient != nil, source.confidential != true {
        throw file.fault(
          at: place + ["recipient"],
          because: "only the matters of a confidential source go to a recipient; write confidential: true")
      }
      for j in (source.grants ?? []).indices {
        let place = place + ["grants", .place(j)]
        try file.allow(["acts", "sources", "regions"], at: place)
        try check(source.grants?[j], at: place, among: sources.map(\.uri))
        sources[i].grants?[j].line = file.line(of: place)
      }
    }
    try check(once: sources.map(\.uri), at: ["sources"], key: "uri")
  }

  private static let acts = Set(EventType.all.values.map(\.act)).sorted()

  private func check(_ grant: DirectoryDraft.Grant?, at path: [FileStep], among sources: [String]) throws(FileFault) {
    for (key, texts, known) in [
      ("acts", grant?.acts, Self.acts), ("sources", grant?.sources, sources), ("regions", grant?.regions, nil),
    ] as [(String, [String]?, [String]?)] {
      guard let texts else { continue }
      if texts.isEmpty {
        throw file.fault(at: path + [.key(key)], because: "an empty list grants nothing; leave \(key) out for all")
      }
      try check(once: texts, at: path + [.key(key)])
      guard let known else { continue }
      for (j, text) in texts.enumerated() where !known.contains(text) {
        let nearest = known.nearest(to: text).map { "; the nearest is \($0)" } ?? ""
        throw file.fault(
          at: path + [.key(key), .place(j)],
          because: "there is no '\(text)'; known are \(known.joined(separator: ", "))\(nearest)")
      }
    }
  }

  // MARK: - Words

  private func check(text: String, at path: [FileStep]) throws(FileFault) {
    if text.isBlank { throw file.fault(at: path, because: "write what it is: there is nothing to be seen") }
  }

  private func check(once texts: [String], at path: [FileStep], key: String? = nil) throws(FileFault) {
    var seen: Set<String> = []
    for (i, text) in texts.enumerated() where !seen.insert(text).inserted {
      throw file.fault(at: path + [.place(i)] + (key.map { [.key($0)] } ?? []), because: "'\(text)' appears twice; remove one")
    }
  }
}

extension DirectoryDraft.Member {
  /// Its own names, present and former, each once.
  var allNames: [String] {
    var seen: Set<String> = []
    return ([name] + aliases + formerly).filter { seen.insert($0.foldedName).inserted }
  }
}
