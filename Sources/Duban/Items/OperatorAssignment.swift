// 派单 and 改派 by an operator: to an organ or a unit of the directory.

extension Event.Assignment {
  /// The work goes to an organ of the chain, or to a unit.
  public init(to organ: Organ, isFinal: Bool, because reason: String, by person: String, in directory: Directory) {
    self.init(isFinal: isFinal, reason: reason, person: person)
    let above = organ.parentID.flatMap { directory.organs[$0] }
    switch organ.rank {
    case .unit: units = Event.Units(lead: organ.name)
    case .city: tier = .city
    case .district:
      region = Event.Region(district: organ.name)
      tier = .district
    case .street: region = Event.Region(district: above?.name, street: organ.name)
    case .community:
      let district = above?.parentID.flatMap { directory.organs[$0] }
      region = Event.Region(district: district?.name, street: above?.name, community: organ.name)
      tier = .community
    }
  }
}
