// The directory: what Duban knows of organs, units, persons and upstream systems, and what it makes of the names in messages.

/// Organs by name and by id, persons by organ, and sources by URI.
public struct Directory: Sendable {
  public let version: Int
  /// All that there ever were, by id: those that are retired, too.
  public let organs: [Int64: Organ]
  public let sources: [String: UpstreamSource]
  public let persons: [Person]
  /// The AMQP users of operators' tools, which may send for every source.
  public let operators: Set<String>
  let city: Organ?
  private let names: OrganNames
  let districtSpellings: [OrganSpelling]
  let streetSpellings: [OrganSpelling]
  /// Of each street and unit, by the order of roles.
  private let personsOfOrgans: [Int64: [Person]]

  public init(
    version: Int, organs: [Organ], sources: [UpstreamSource], persons: [Person] = [], operators: Set<String> = []
  ) {
    self.version = version
    let organs = Dictionary(organs.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
    self.organs = organs
    self.sources = Dictionary(sources.map { ($0.uri, $0) }, uniquingKeysWith: { a, _ in a })
    (self.persons, self.operators) = (persons, operators)
    city = organs.values.first { $0.tier == .city }
    names = OrganNames(organs) { Self.current($0, in: organs) }
    func spellings(_ tier: Tier) -> [OrganSpelling] {
      organs.values.filter { $0.tier == tier && !$0.isRetired }.flatMap { organ in
        ([organ.name] + organ.aliases + organ.formerNames).map { OrganSpelling($0, of: organ.id) }
      }
    }
    (districtSpellings, streetSpellings) = (spellings(.district), spellings(.street))
    let inOrder = Person.Role.allCases.flatMap { role in persons.filter { $0.role == role } }
    personsOfOrgans = Dictionary(grouping: inOrder, by: \.organID)
  }

  /// One that knows nothing.
  public static let empty = Directory(version: 0, organs: [], sources: [])

  /// The organ that an organ's matters and names go to now: itself, or where it is retired its successor; nil where it has none.
  public func current(_ organ: Int64) -> Int64? { Self.current(organ, in: organs) }

  private static func current(_ id: Int64, in organs: [Int64: Organ]) -> Int64? {
    var next: Int64? = id
    // No further than there are organs: a circle, which no file can make, leads nowhere.
    for _ in organs {
      guard let organ = next.flatMap({ organs[$0] }) else { return nil }
      guard organ.isRetired else { return organ.id }
      next = organ.successorID
    }
    return nil
  }

  /// What the directory makes of an event when it is recorded: the organs of its place, as far down as they are known, and its units.
  ///
  /// A name that is missing or unknown leaves the place at the tier above it, 待派: a citizen's complaint is taken all the same.
  public func stamp(_ event: Event, policy: Int, units: [String] = []) -> Stamp {
    var stamp = Stamp()
    switch event {
    case .opened(let opening):
      stamp.policy = policy
      place(opening.region, in: &stamp)
    case .assigned(let assignment): if let region = assignment.region { place(region, in: &stamp) }
    case .placed(let region): place(region, in: &stamp)
    default: break
    }
    for unit in event.units?.all ?? units { stamp.units[unit] = names.organ(unit, in: .units) }
    return stamp
  }

  /// The organs of a region. It may name the district, the street and the community by code, name, formal office name or alias, and leave the
  /// district out where one street alone is meant.
  func place(_ region: Event.Region?, in stamp: inout Stamp) {
    stamp.cityID = city?.id
    guard let region else { return }
    if let named = region.district {
      if let district = names.organ(named, in: .districts) {
        stamp.districtID = district
        if let street = street(of: region, .streets(of: district), .communities(of: district)) {
          place(in: street, community: region.community, in: &stamp)
        }
        return
      }
      // Of a district that is not known, nothing is guessed.
      guard named.isBlank else { return }
    }
    guard let street = street(of: region, .allStreets, .allCommunities) else { return }
    place(in: street, community: region.community, in: &stamp)
  }

  /// A street with the community of its that is named, as far as it is known. One that was moved is found by where it was, and what is above it is
  /// where it is now.
  private func place(in street: Int64, community: String?, in stamp: inout Stamp) {
    stamp.communityID = community.flatMap { names.organ($0, in: .communities(of: street)) }
    let street = stamp.communityID.flatMap { organs[$0]?.parentID } ?? street
    (stamp.districtID, stamp.streetID) = (organs[street]?.parentID, street)
  }

  private func street(of region: Event.Region, _ streets: OrganNames.Scope, _ communities: OrganNames.Scope) -> Int64? {
    if let named = region.street {
      if let street = names.organ(named, in: streets) { return street }
      guard named.isBlank else { return nil }
    }
    // A community stands for its street where no street is named.
    return region.community.flatMap { names.organ($0, in: communities) }.flatMap { organs[$0]?.parentID }
  }

  /// Where a place is now: of organs that are retired their successors, and above a street or a community that was moved what it is in.
  public func current(_ place: Place) -> Place {
    var now = place
    now.communityID = place.communityID.flatMap(current)
    now.streetID = (now.communityID.flatMap { organs[$0]?.parentID } ?? place.streetID).flatMap(current)
    // A street without a successor leaves its matters to its district.
    let above = now.streetID ?? place.streetID
    now.districtID = (above.flatMap { organs[$0]?.parentID } ?? place.districtID).flatMap(current)
    return now
  }

  /// The person to be asked about a place, by the order of roles: of its community or 小区, else of the whole street; nil where the directory names
  /// none.
  ///
  /// `community` is what upstream names so: a community, by name, code or alias, or a 小区.
  public func person(street: Int64?, community: String?) -> Person? {
    guard let street, let persons = personsOfOrgans[street] else { return nil }
    if let community, !community.isBlank {
      let official = names.organ(community, in: .communities(of: street)).flatMap { organs[$0]?.name }
      let wanted = Set([community.foldedName, official?.foldedName].compactMap(\.self))
      func isMeant(_ name: String?) -> Bool { name.map { wanted.contains($0.foldedName) } ?? false }
      if let person = persons.first(where: { isMeant($0.project) || $0.project == nil && isMeant($0.community) }) {
        return person
      }
    }
    return persons.first { $0.community == nil && $0.project == nil }
  }

  /// The person to be asked at a unit, by the order of roles; nil where the directory names none.
  public func person(unit: Int64) -> Person? { personsOfOrgans[unit]?.first }

  /// An upstream system, byte by byte: Swift takes two spellings of a character for one.
  func source(_ uri: String) -> UpstreamSource? { sources[uri].flatMap { $0.uri.hasSameBytes(as: uri) ? $0 : nil } }

  /// The person who is responsible where an organ or a unit has the work of a place (R28, R49); nil where the directory names none.
  public func person(at organ: Int64?, of place: Place) -> Person? {
    guard let organ else { return nil }
    if organ == place.streetID || organ == place.communityID {
      return person(street: place.streetID, community: place.community)
    }
    return organs[organ]?.isUnit == true ? person(unit: organ) : nil
  }

  /// Whether an item may be spoken of only to those who handle its source's matters.
  public func isConfidential(_ item: ItemKey) -> Bool { sources[item.source]?.isConfidential == true }

  /// Whether a message may be spoken of only to those who handle its source's matters: by who sent it, or by whose item it is about.
  public func isConfidential(_ envelope: Envelope) -> Bool {
    [envelope.key.source, envelope.item.source].contains { sources[$0]?.isConfidential == true }
  }

  /// Whether what a message says is known to be no confidential source's.
  ///
  /// What cannot be read as far as its source, or names one that is not known, may well be: it was sent by mistake. So it is open only where
  /// no source is confidential at all. A `user` that sends for a confidential source settles it too.
  public func isOpen(_ head: MessageHead, sentBy user: String?) -> Bool {
    let confidential = sources.values.filter(\.isConfidential)
    if confidential.isEmpty { return true }
    if let user, confidential.contains(where: { $0.users.contains(user) }) { return false }
    guard let source = head.source.flatMap({ sources[$0] }), !source.isConfidential else { return false }
    guard let itemSource = head.itemSource else { return true }
    return sources[itemSource]?.isConfidential == false
  }

  /// When an organ works by the hours in force at a time: by its own, or those of the nearest organ above that has some.
  func officeHours(of organ: Int64?, at time: Instant) -> OfficeHours {
    guard let organ = organ.flatMap({ organs[$0] }) else { return .standard }
    let former = organ.formerHours.first { time < $0.until }
    let own = if let former { former.hours } else { organ.officeHours }
    return own ?? officeHours(of: organ.parentID, at: time)
  }

  public func name(of organ: Int64?) -> String? {
    organ.flatMap { organs[$0]?.name }
  }

  /// A name that means one organ in the whole city: 黄石港区胜阳港街道, of a community with its street.
  public func fullName(of organ: Int64) -> String {
    guard let organ = organs[organ] else { return "?" }
    guard [.street, .community].contains(organ.rank), let parent = organ.parentID else { return organ.name }
    return fullName(of: parent) + organ.name
  }
}
