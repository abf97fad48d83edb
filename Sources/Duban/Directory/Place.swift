// Where a matter belongs in the chain.

/// Where a matter belongs, as far as the directory knows the place that was named.
public struct Place: Hashable, Sendable {
  public var cityID: Int64?
  public var districtID: Int64?
  public var streetID: Int64?
  public var communityID: Int64?
  /// The community or 小区, in upstream's words.
  public var community: String?

  public init(
    cityID: Int64? = nil, districtID: Int64? = nil, streetID: Int64? = nil, communityID: Int64? = nil, community: String? = nil
  ) {
    (self.cityID, self.districtID, self.streetID, self.communityID) = (cityID, districtID, streetID, communityID)
    self.community = community
  }

  /// The lowest tier that is known.
  public var lowestTier: Tier { Tier.allCases.first { organ(at: $0) != nil } ?? .city }

  /// The next tier above at which an organ is known; nil where there is none.
  public func tier(above tier: Tier) -> Tier? {
    Tier.allCases.first { $0 > tier && organ(at: $0) != nil }
  }

  /// The organ at a tier; nil where the directory has none.
  public func organ(at tier: Tier) -> Int64? {
    switch tier {
    case .community: communityID
    case .street: streetID
    case .district: districtID
    case .city: cityID
    }
  }
}
