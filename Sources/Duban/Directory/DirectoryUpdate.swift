// What a directory becomes by a file: which organ each name of the file is, what is renamed, moved, merged and new. Pure.

/// A directory before and after an operator changes it.
public struct DirectoryUpdate: Sendable {
  public let before: Directory
  public let after: Directory
  /// The organs and sources that the file does not name, and that stay as they are.
  public let absent: [String]
  /// What changes, a line each; empty where nothing does.
  public let changes: [String]

  init(_ before: Directory, _ after: Directory, absent: [String] = []) {
    (self.before, self.after, self.absent) = (before, after, absent)
    changes = after.differences(from: before)
  }

  /// Brings a directory to what a file states. Organs that are new get the ids after the greatest that there is.
  ///
  /// - Throws: ``FileFault`` where the file names what neither it nor the directory has, is another city's, or contradicts the directory
  ///   without saying that something was renamed, moved or merged.
  public init(_ draft: DirectoryDraft, onto present: Directory) throws(FileFault) {
    var builder = Builder(draft, present)
    builder.bringOrgans()
    let after = builder.directory()
    if let fault = FileFault(all: builder.faults) { throw fault }
    self.init(present, after, absent: builder.absent())
  }

  /// The organs that are new or have changed, those above before those below.
  public var changedOrgans: [Organ] {
    let order = Organ.Rank.allCases
    return after.organs.values.filter { before.organs[$0.id] != $0 }.sorted {
      (order.firstIndex(of: $0.rank) ?? 0, $0.id) < (order.firstIndex(of: $1.rank) ?? 0, $1.id)
    }
  }
}

private struct Builder {
  private let draft: DirectoryDraft
  private let present: Directory
  private var organs: [Int64: Organ]
  /// Organs by what they belong to and their name.
  private var byPlace: [Spot: Int64] = [:]
  /// Streets of the directory as it was, by their name.
  private let streets: [String: [Organ]]
  /// Where in the file each organ stands that the file names.
  private var lines: [Int64: Int?] = [:]
  private var lastID: Int64
  /// All that is wrong.
  private(set) var faults: [FileFault] = []

  private struct Spot: Hashable {
    var parent: Int64?
    var rank: Organ.Rank
    var name: String

    init(_ name: String, _ rank: Organ.Rank, under parent: Int64?) {
      (self.parent, self.rank, self.name) = (parent, rank, name.foldedName)
    }

    init(_ organ: Organ) { self.init(organ.name, organ.rank, under: organ.parentID) }
  }

  init(_ draft: DirectoryDraft, _ present: Directory) {
    (self.draft, self.present, organs) = (draft, present, present.organs)
    lastID = present.organs.keys.max() ?? 0
    streets = Dictionary(
      grouping: present.organs.values.filter { $0.tier == .street && !$0.isRetired }, by: \.name.foldedName)
    // Of two of one name, one of them retired, the other one is meant.
    for organ in organs.values.sorted(by: { ($0.isRetired ? 0 : 1, $0.id) < ($1.isRetired ? 0 : 1, $1.id) }) {
      byPlace[Spot(organ)] = organ.id
    }
  }

  // MARK: - Organs

  /// What `body` comes to; nil where it finds a fault, which is noted.
  private mutating func noting<Value>(_ body: (inout Self) throws(FileFault) -> Value) -> Value? {
    do throws(FileFault) {
      return try body(&self)
    } catch {
      faults.append(error)
      return nil
    }
  }

  mutating func bringOrgans() {
    if let city = present.city, city.name.foldedName != draft.city.foldedName {
      return faults.append(
        FileFault(
          "this database is \(city.name)'s and the file \(draft.city)'s; a database serves one city: correct the file, or the DSN",
          line: draft.cityOrgan.line))
    }
    let city = bring(draft.cityOrgan, .city, under: nil)
    // Districts first: a street may have come from one that stands behind its own.
    let ids = draft.districts.map { bring($0, .district, under: city) }
    for (district, id) in zip(draft.districts, ids) {
      guard let id else { continue }
      for street in district.streets {
        guard let streetID = bring(street, .street, under: id) else { continue }
        for name in street.merges {
          _ = noting { builder throws(FileFault) in try builder.merge(name, into: street, streetID, of: district) }
        }
        for community in street.communities { _ = bring(community, .community, under: streetID) }
      }
    }
    for unit in draft.units ?? [] { _ = bring(unit, .unit, under: city) }
    organs = organs.withoutStrayCodes()
    checkCodes()
  }

  /// The id of an organ of the file; nil where it contradicts the directory.
  private mutating func bring(_ member: DirectoryDraft.Member, _ rank: Organ.Rank, under parent: Int64?) -> Int64? {
    noting { builder throws(FileFault) in try builder.take(member, rank, under: parent) }
  }

  private mutating func take(
    _ member: DirectoryDraft.Member, _ rank: Organ.Rank, under parent: Int64?
  ) throws(FileFault) -> Int64 {
    let id: Int64
    if let known = try identity(of: member, rank, under: parent) {
      id = known
    } else {
      lastID += 1
      id = lastID
    }
    let before = organs[id]
    var organ = before ?? Organ(id: id, tier: rank.tier, name: member.name, parentID: parent)
    if let line = lines[id] {
      throw FileFault(
        "'\(member.name)' is the \(organ.name) of line \(line.map(String.init) ?? "?") by what it was formerly; correct one of them",
        line: member.line)
    }
    if let before, before.name.foldedName != member.name.foldedName { organ.formerNames.append(before.name) }
    for name in member.formerly where !organ.formerNames.contains(name) { organ.formerNames.append(name) }
    organ.formerNames.removeAll { $0.foldedName == member.name.foldedName }
    if let before, before.parentID != parent, let former = before.parentID { organ.formerParentIDs.append(former) }
    organ.formerParentIDs.removeAll { $0 == parent }
    (organ.name, organ.parentID, organ.code, organ.aliases) = (member.name, parent, member.code, member.aliases)
    (organ.handlingOffice, organ.supervisingOffice) = (member.handlingOffice, member.supervisingOffice)
    (organ.government, organ.officeHours) = (member.government, member.hours)
    (organ.isRetired, organ.successorID) = (false, nil)
    put(organ)
    lines[id] = member.line
    return id
  }

  private mutating func put(_ organ: Organ) {
    if let before = organs[organ.id], byPlace[Spot(before)] == organ.id { byPlace[Spot(before)] = nil }
    organs[organ.id] = organ
    byPlace[Spot(organ)] = organ.id
  }

  /// Which organ of the directory one of the file is; nil where it is new.
  private func identity(
    of member: DirectoryDraft.Member, _ rank: Organ.Rank, under parent: Int64?
  ) throws(FileFault) -> Int64? {
    let names = [member.name] + member.formerly
    if let id = byPlace[Spot(member.name, rank, under: parent)], let organ = organs[id] {
      // Who writes that it was formerly what it is, wants it back.
      if organ.isRetired, !member.formerly.contains(where: { $0.foldedName == member.name.foldedName }) {
        throw FileFault(
          "'\(member.name)' is retired; remove it, or where it exists again write formerly: [\(member.name)] with it",
          line: member.line
        )
      }
      return id
    }
    for name in member.formerly {
      if let id = byPlace[Spot(name, rank, under: parent)] { return id }
    }
    if rank == .community, let code = member.code {
      // One that went to another street keeps its name and its code.
      return organs.values.first {
        $0.isCommunity && $0.code == code && !$0.isRetired && $0.name.foldedName == member.name.foldedName && lines[$0.id] == nil
      }?.id
    }
    guard rank == .street else { return nil }
    // An empty directory has no districts that streets could have come from.
    if let from = member.movedFrom, !present.organs.isEmpty {
      guard let district = district(named: from) else {
        let nearest = present.organs.values.filter { $0.tier == .district }.map(\.name).nearest(to: from)
        throw FileFault(
          "\(member.name): moved-from: there is no district '\(from)'\(nearest.map { "; the nearest is \($0)" } ?? "")",
          line: member.line)
      }
      for name in names {
        if let id = byPlace[Spot(name, .street, under: district)], organs[id]?.isRetired == false, lines[id] == nil { return id }
      }
    }
    for street in streets[member.name.foldedName] ?? [] {
      guard let district = street.parentID, district != parent, lines[street.id] == nil, !isInFile(street, of: district) else {
        continue
      }
      let name = present.name(of: district) ?? "?"
      throw FileFault(
        """
        '\(member.name)' is a street of \(name) in the database: write moved-from: \(name) where it was moved, or name it in \(name), too, \
        where there are two
        """, line: member.line)
    }
    return nil
  }

  /// A district by any of its names, as the file or the directory has it.
  private func district(named name: String) -> Int64? {
    let folded = name.foldedName
    func isNamed(_ organ: Organ) -> Bool {
      organ.tier == .district && ([organ.name] + organ.aliases + organ.formerNames).contains { $0.foldedName == folded }
    }
    return organs.values.filter(isNamed).min { ($0.isRetired ? 1 : 0, $0.id) < ($1.isRetired ? 1 : 0, $1.id) }?.id
  }

  /// Whether the file names a street of the directory in the district that it is in.
  private func isInFile(_ street: Organ, of district: Int64) -> Bool {
    guard let name = organs[district]?.name.foldedName, let own = draft.districts.first(where: { $0.name.foldedName == name })
    else { return false }
    return own.streets.contains { ([$0.name] + $0.formerly).contains { $0.foldedName == street.name.foldedName } }
  }

  /// A street ends in another one of its district, and takes its communities along. One that the directory has never heard of is made, so that its name leads
  /// to the other.
  private mutating func merge(
    _ name: String, into member: DirectoryDraft.Member, _ successor: Int64, of district: DirectoryDraft.Member
  ) throws(FileFault) {
    let parent = organs[successor]?.parentID
    let spot = Spot(name, .street, under: parent)
    var ended: Organ
    if let known = byPlace[spot].flatMap({ organs[$0] }) {
      ended = known
    } else {
      lastID += 1
      ended = Organ(id: lastID, tier: .street, name: name, parentID: parent)
    }
    if ended.isRetired, let other = ended.successorID, other != successor {
      throw FileFault(
        "\(district.name)\(name) has ended in \(organs[other]?.name ?? "?") already; remove it from merges", line: member.line)
    }
    (ended.isRetired, ended.successorID) = (true, successor)
    put(ended)
    for community in organs.values.filter({ $0.isCommunity && !$0.isRetired && $0.parentID == ended.id }).sorted(by: {
      $0.id < $1.id
    }) {
      put(community.handedOn(to: successor, byPlace[Spot(community.name, .community, under: successor)]))
    }
  }

  /// A code is one organ's. The file's own were checked; one that the file does not name may have the code of one that it does.
  private mutating func checkCodes() {
    var owners: [String: Organ] = [:]
    for organ in organs.values.sorted(by: { $0.id < $1.id }) where !organ.isRetired {
      guard let code = organ.code else { continue }
      guard let other = owners.updateValue(organ, forKey: code) else { continue }
      let (named, absent) = lines[organ.id] == nil ? (other, organ) : (organ, other)
      faults.append(
        FileFault(
          """
          \(named.name): code: '\(code)' is \(absent.name)'s in the database: write formerly: [\(absent.name)] where it was renamed, \
          merges: [\(absent.name)] where it was merged, or retire it first
          """, line: lines[named.id] ?? nil))
    }
  }

  func absent() -> [String] {
    let organs = self.organs.values.filter { !$0.isRetired && lines[$0.id] == nil }.sorted { $0.id < $1.id }
    let uris = Set(draft.sources.map(\.uri))
    let after = Directory(version: 0, organs: Array(self.organs.values), sources: [])
    return organs.map { after.fullName(of: $0.id) } + present.sources.keys.filter { !uris.contains($0) }.sorted()
  }

  // MARK: - Persons and sources

  /// Where organs are at fault, persons and sources are left out: what they name may be one of those.
  mutating func directory() -> Directory {
    let all = organs.values.sorted { $0.id < $1.id }
    let places = Directory(version: 0, organs: all, sources: [])
    let finder = OrganFinder(places)
    let communities = Dictionary(grouping: all.filter { $0.isCommunity && !$0.isRetired }, by: \.parentID)
    var persons: [Person] = []
    let areOrgansClear = faults.isEmpty
    for person in draft.persons ?? [] where areOrgansClear {
      if let made = self.person(person, finder, communities) { persons.append(made) }
    }
    var sources = present.sources.mapValues { $0.following(places) }
    for source in draft.sources where areOrgansClear { sources[source.uri] = self.source(source, finder) }
    return Directory(
      version: present.version + 1, organs: all, sources: sources.values.sorted { $0.uri < $1.uri }, persons: persons,
      operators: Set(draft.operators ?? []))
  }

  /// The organ that the file names at a place; nil where there is none, which is noted.
  private mutating func find(
    _ name: String, _ ranks: [Organ.Rank], at path: [FileStep], line: Int?, _ finder: OrganFinder
  ) -> Int64? {
    noting { _ throws(FileFault) in try finder.find(name, ranks, at: path.text, line: line) }
  }

  private mutating func person(
    _ person: DirectoryDraft.Person, _ finder: OrganFinder, _ all: [Int64?: [Organ]]
  ) -> Person? {
    let organ =
      if let unit = person.unit {
        find(unit, [.unit], at: person.path + ["unit"], line: person.line, finder)
      } else {
        find(person.street ?? "", [.street], at: person.path + ["street"], line: person.line, finder)
      }
    guard let organ else { return nil }
    let communities = all[organ] ?? []
    let named = person.community.map { name in
      communities.first { ([$0.name, $0.code ?? ""] + $0.aliases).contains { $0.foldedName == name.foldedName } }
    }
    // Where the directory has no communities of the street, any may be named.
    if let community = person.community, !communities.isEmpty, named == .some(nil) {
      let nearest = communities.map(\.name).sorted().nearest(to: community)
      faults.append(
        FileFault(
          """
          \((person.path + ["community"]).text): '\(community)' is no community of \(organs[organ]?.name ?? "?")\
          \(nearest.suggestion)
          """, line: person.line))
    }
    return Person(
      name: person.name, role: person.role, organID: organ, community: named??.name ?? person.community, project: person.project)
  }

  private mutating func source(_ source: DirectoryDraft.Source, _ finder: OrganFinder) -> UpstreamSource {
    var made = UpstreamSource(
      uri: source.uri, name: source.name, wantsReceipts: source.receipts ?? false, users: source.users ?? [],
      isConfidential: source.confidential ?? false)
    for (i, name) in (source.organs ?? []).enumerated() {
      let path = source.path + ["organs", .place(i)]
      made.organs += find(name, Organ.Rank.allCases, at: path, line: source.line, finder).map { [$0] } ?? []
    }
    for grant in source.grants ?? [] {
      var regions: Set<Int64>?
      for (j, name) in (grant.regions ?? []).enumerated() {
        let path = grant.path + ["regions", .place(j)]
        let region = find(name, [.city, .district, .street], at: path, line: grant.line ?? source.line, finder)
        regions = (regions ?? []).union(region.map { [$0] } ?? [])
      }
      made.grants.append(Grant(acts: grant.acts.map(Set.init), sources: grant.sources.map(Set.init), regions: regions))
    }
    if let recipient = source.recipient {
      made.recipientID = find(recipient, [.unit], at: source.path + ["recipient"], line: source.line, finder)
    }
    return made
  }
}

extension Organ {
  /// A community whose street has ended: it goes to the street's successor, or into the community of its name there.
  func handedOn(to street: Int64, _ namesake: Int64?) -> Organ {
    var organ = self
    if let namesake, namesake != id {
      (organ.isRetired, organ.successorID) = (true, namesake)
    } else {
      if let parentID { organ.formerParentIDs.append(parentID) }
      organ.parentID = street
    }
    return organ
  }
}

extension [Int64: Organ] {
  /// Without the codes that are another district's, of streets and communities that came from there: they have new ones, which nobody has said yet.
  func withoutStrayCodes() -> Self {
    func district(of organ: Organ?) -> Organ? {
      organ?.tier == .district ? organ : organ?.parentID.flatMap { district(of: self[$0]) }
    }
    return mapValues { organ in
      guard !organ.isRetired, [.street, .community].contains(organ.rank), let code = organ.code,
        let prefix = district(of: organ)?.significantCode, !code.hasPrefix(prefix)
      else { return organ }
      var organ = organ
      organ.code = nil
      return organ
    }
  }
}

extension UpstreamSource {
  /// With the successors of organs that are retired. What was granted for a place without a successor ends with it.
  func following(_ directory: Directory) -> UpstreamSource {
    var source = self
    source.organs = organs.compactMap(directory.current).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    for i in grants.indices { source.grants[i].regions = grants[i].regions.map { Set($0.compactMap(directory.current)) } }
    source.grants.removeAll { $0.regions?.isEmpty == true }
    source.recipientID = recipientID.flatMap(directory.current)
    return source
  }
}
