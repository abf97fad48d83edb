// An organ that ends: what goes to its successor, and what ends with it. Pure.

/// Why an organ cannot be retired, with the remedy.
public struct RetirementFault: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
}

extension DirectoryUpdate {
  /// Ends an organ. Its names, its communities, its persons and what sources may say of it go to the successor; without one they end.
  ///
  /// - Throws: ``RetirementFault`` where it is the city, has streets of its own still, or the successor is no organ of its kind.
  public init(retiring id: Int64, successor: Int64?, in present: Directory) throws(RetirementFault) {
    guard var organ = present.organs[id], !organ.isRetired else { throw RetirementFault(description: "it is retired already") }
    if organ.tier == .city { throw RetirementFault(description: "\(organ.name) is the city, which its database serves") }
    if let successor {
      guard let other = present.organs[successor], other.id != id, other.rank == organ.rank, !other.isRetired else {
        throw RetirementFault(description: "the successor of a \(organ.rank.rawValue) is another \(organ.rank.rawValue)")
      }
    }
    let below = present.organs.values.filter { $0.parentID == id && !$0.isRetired }.sorted { $0.id < $1.id }
    if organ.tier == .district, let street = below.first {
      throw RetirementFault(
        description:
          "\(organ.name) has streets of its own, such as \(street.name): move them by moved-from, or retire them first")
    }
    (organ.isRetired, organ.successorID) = (true, successor)
    var organs = present.organs
    organs[id] = organ
    for community in below {
      if let successor {
        let namesake = organs.values.first {
          $0.isCommunity && !$0.isRetired && $0.parentID == successor && $0.name.foldedName == community.name.foldedName
        }
        organs[community.id] = community.handedOn(to: successor, namesake?.id)
      } else {
        organs[community.id]?.isRetired = true
      }
    }
    organs = organs.withoutStrayCodes()
    let places = Directory(version: 0, organs: Array(organs.values), sources: [])
    let persons = present.persons.compactMap { person -> Person? in
      var person = person
      guard let organ = places.current(person.organID) else { return nil }
      person.organID = organ
      return person
    }
    self.init(
      present,
      Directory(
        version: present.version + 1, organs: organs.values.sorted { $0.id < $1.id },
        sources: present.sources.values.map { $0.following(places) }.sorted { $0.uri < $1.uri }, persons: persons,
        operators: present.operators))
  }
}
