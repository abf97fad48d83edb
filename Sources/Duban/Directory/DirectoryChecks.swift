// What a directory file is held to across its entries: codes, names and words that stand there once, and below what they belong to.

/// Checks a directory file against itself, and notes all that is wrong.
struct DirectoryChecks {
  private let file: FilePlace
  /// Where each code stands.
  private var codes: [String: Int] = [:]
  /// Whether each organ has names and a code of its own.
  private(set) var areOrgansClear = true

  init(_ file: FilePlace) { self.file = file }

  mutating func check(_ draft: DirectoryDraft) {
    let faults = file.reading.unreadable.count
    checkCode(of: draft.cityOrgan, .city, below: nil)
    check(draft.districts, .district, below: draft.cityOrgan.code.map { String($0.prefix(Organ.Rank.city.codeDigits)) })
    check(draft.units ?? [], .unit, below: nil)
    // A unit has the names of the whole city beside it: of one that is a district's, messages could not say which is meant.
    let names = Set(draft.districts.flatMap { $0.allNames.map(\.foldedName) })
    for unit in draft.units ?? [] {
      guard let twice = unit.allNames.first(where: { names.contains($0.foldedName) }) else { continue }
      file.refuse(at: unit.path, "'\(twice)' appears twice: it is a district's name, too")
    }
    areOrgansClear = file.reading.unreadable.count == faults
    check(draft.persons ?? [])
    check(draft.sources)
  }

  // MARK: - Organs

  private mutating func check(_ members: [DirectoryDraft.Member], _ rank: Organ.Rank, below prefix: String?) {
    var lines: [String: Int?] = [:]
    for member in members {
      checkCode(of: member, rank, below: prefix)
      for name in member.allNames + member.merges {
        if let line = lines[name.foldedName] {
          file.refuse(
            at: member.path,
            "'\(name)' appears twice, on line \(line.map(String.init) ?? "?") before; a name means one organ")
        } else {
          lines[name.foldedName] = member.line
        }
      }
      // A community may keep its code when its street ends in another one: the district alone is held to.
      let prefix = rank == .district ? member.code.map { String($0.prefix(rank.codeDigits)) } ?? prefix : prefix
      check(member.streets, .street, below: prefix)
      check(member.communities, .community, below: prefix)
    }
  }

  private mutating func checkCode(of member: DirectoryDraft.Member, _ rank: Organ.Rank, below prefix: String?) {
    guard let code = member.code else { return }
    let path = member.path + ["code"]
    if let prefix, !code.hasPrefix(prefix) {
      file.refuse(at: path, "the code of a \(rank.rawValue) of this place begins with \(prefix), not '\(code)'")
    }
    if let line = codes[code] {
      file.refuse(at: path, "'\(code)' appears twice, on line \(line) before; each organ has its own")
    } else {
      codes[code] = file.line(of: path)
    }
  }

  // MARK: - Persons and sources

  private func check(_ persons: [DirectoryDraft.Person]) {
    var seen: [DirectoryDraft.Person: Int?] = [:]
    for person in persons {
      var words = person
      (words.line, words.path) = (nil, [])
      if let line = seen[words] {
        file.refuse(
          at: person.path, "\(person.name) appears twice with the same words, on line \(line.map(String.init) ?? "?") before")
      } else {
        seen[words] = person.line
      }
    }
  }

  private func check(_ sources: [DirectoryDraft.Source]) {
    let known = sources.map(\.uri)
    for (i, source) in sources.enumerated() {
      if known[..<i].contains(source.uri) { file.refuse(at: source.path + ["uri"], "'\(source.uri)' appears twice; remove one") }
      for grant in source.grants ?? [] {
        for (j, uri) in (grant.sources ?? []).enumerated() where !known.contains(uri) {
          file.refuse(
            at: grant.path + ["sources", .place(j)],
            "there is no '\(uri)'; known are \(known.joined(separator: ", "))\(known.nearest(to: uri).suggestion)")
        }
      }
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
