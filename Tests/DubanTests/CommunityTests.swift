// R7 小事不出小区: the community (社区) as the lowest tier of a chain, where a policy names it.

import Testing

@testable import Duban

@Suite("Communities")
struct CommunityTests {
  static let communityID: Int64 = 8
  static let place = #""region":{"district":"黄石港区","street":"胜阳港街道","community":"磁湖社区"}"#
  static let rule =
    "response: { within: 24h, street: 12h, district: 24h, city: 24h }, resolution: { within: 19d, street: 2d, district: 5d, city: 5d }"

  static func directory(_ community: Organ? = nil, persons: [Person] = []) -> Directory {
    let known = community ?? Organ(id: communityID, tier: .community, name: "磁湖社区", parentID: City.streetID)
    return Directory(version: 2, organs: City.organs + [known], sources: Array(City.directory.sources.values), persons: persons)
  }

  static func book(_ rule: String = rule + ", starts-at: community, slips: [blue, orange, red]", earlier: [Policy] = []) throws
    -> Casebook
  {
    try Casebook(City.policy(rule), earlier: earlier, directory: directory())
  }

  @Test("R7: a chain that starts at the community climbs 社区 → 街道 → 区 → 市; the community stays responsible")
  func climbs() throws {
    var book = try Self.book()
    try book.hear("complaint.submitted", "{\(Self.place)}")
    #expect(book.whole.responsible == Self.communityID && book.whole.startTier == .community && book.passedOver.isEmpty)
    book.sweepAll(until: day(5))
    #expect(book.breaches.tiers == Tier.allCases && book.breaches.dues == [24, 36, 60, 84].map(hour))
    #expect(book.breaches.owners == [Self.communityID, City.streetID, City.districtID, City.cityID])
    #expect(book.breaches.map(\.lapse.slip) == [.blue, .orange, .red, .red])
    #expect(book.whole.responsible == Self.communityID && book.whole.supervisor == .city && book.whole.escalations == 3)
    // The district answers for its communities.
    #expect(book.notices.map(\.organName) == ["黄石港区"] && book.notices[0].body.contains("由磁湖社区承办"))
    #expect(book.notices[0].body.contains("磁湖社区（承办）") && book.notices[0].body.contains("胜阳港街道（督办）"))
  }

  @Test(
    "R7: where the community is not known or not named, the chain starts at the street, and no operator has to assign it",
    arguments: [#","community":"无此社区""#, ""])
  func unknown(community: String) throws {
    var book = try Self.book()
    try book.hear("complaint.submitted", #"{"region":{"district":"黄石港区","street":"胜阳港街道"\#(community)}}"#)
    #expect(book.whole.responsible == City.streetID && book.whole.startTier == .street && !book.matter.isUnassigned(nil))
    #expect(book.passedOver.map(\.tier) == [.community])
    book.sweepAll(until: day(5))
    #expect(book.breaches.tiers == [.street, .district, .city] && book.breaches.dues == [24, 48, 72].map(hour))
  }

  @Test("a policy that does not name the community starts at the street, by the street's name or by the community's alone")
  func usual() throws {
    var book = try Self.book(
      "response: { within: 24h, district: 24h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d }")
    for (subject, region) in [("HS-2", Self.place), ("HS-3", #""region":{"community":"磁湖社区"}"#)] {
      try book.hear("complaint.submitted", "{\(region)}", subject: subject)
      #expect(book[subject].whole.responsible == City.streetID && book[subject].opening?.place.communityID == Self.communityID)
    }
    #expect(book.passedOver.isEmpty)
    // Who is told of the community at its tier has it no more than the policy allows.
    try book.hear("complaint.submitted", "{\(Self.place)}")
    try book.hear("complaint.assigned", #"{\#(Self.place),"tier":"community"}"#, at: hour(1))
    #expect(book.whole.responsible == City.streetID && book.whole.startTier == .street)
  }

  @Test("派单 to a community makes it responsible at its tier, by message or by an operator; 改派 to the street takes it away")
  func assigned() throws {
    var book = try Self.book()
    try book.hear("complaint.submitted", "{\(Told.place)}")
    #expect(book.whole.responsible == City.streetID)
    try book.hear("complaint.assigned", #"{\#(Self.place),"tier":"community"}"#, at: hour(1))
    #expect(
      book.whole.responsible == Self.communityID && book.whole.startTier == .community && book.whole.due(.response) == hour(24))
    try book.hear("complaint.reassigned", #"{"tier":"street"}"#, at: hour(2))
    #expect(book.whole.responsible == City.streetID && book.whole.startTier == .street)
    let directory = Self.directory()
    let community = try #require(directory.organs[Self.communityID])
    book.record(.assigned(.init(to: community, isFinal: true, because: "会商", by: "王某", in: directory)), at: hour(3))
    #expect(book.whole.responsible == Self.communityID && book.whole.startTier == .community)
    book.sweepAll(until: hour(25))
    #expect(book.breaches.owners == [Self.communityID] && book.whole.supervisor == .street)
  }

  @Test("派单 to a community that the directory does not know leaves it with the street, 待派")
  func assignedToUnknown() throws {
    var book = try Self.book()
    try book.hear("complaint.submitted", "{\(Self.place)}")
    try book.hear(
      "complaint.assigned",
      #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"无此社区"},"tier":"community"}"#, at: hour(1))
    #expect(book.whole.responsible == City.streetID && book.matter.isUnassigned(nil))
  }

  @Test("a matter of a community that is moved to a policy without communities goes on: its street has what the district has")
  func moved() throws {
    let other = try City.policy(
      "response: { within: 24h, district: 6h, city: 24h }, resolution: { within: 19d, district: 5d, city: 5d }", version: 7)
    var book = try Self.book(earlier: [other])
    try book.hear("complaint.submitted", "{\(Self.place)}")
    book.record(.policyMoved(to: 7, because: "整改", by: "张三"), at: hour(1))
    book.sweepAll(until: day(5))
    #expect(book.breaches.tiers == Tier.allCases && book.breaches.dues == [24, 30, 36, 60].map(hour))
    // By a new cycle it is the street's.
    try book.hear("complaint.resolved", "{}", at: day(5))
    try book.hear("complaint.reopened", "{}", at: day(6))
    #expect(book.whole.responsible == City.streetID && book.whole.startTier == .street)
  }

  @Test("a community that has gone to another street is found there, and what lies in it is there now")
  func goesToAnotherStreet() {
    var community = Organ(id: Self.communityID, tier: .community, name: "磁湖社区", parentID: 4)
    community.formerParentIDs = [City.streetID]
    let directory = Self.directory(community)
    var stamp = Stamp()
    directory.place(Event.Region(district: "黄石港区", street: "胜阳港街道", community: "磁湖社区"), in: &stamp)
    #expect(stamp.communityID == Self.communityID && stamp.streetID == 4 && stamp.districtID == City.districtID)
    let now = directory.current(Place(cityID: 1, districtID: 2, streetID: 3, communityID: 8))
    #expect(now == Place(cityID: 1, districtID: 2, streetID: 4, communityID: 8))
    // One that has ended leaves its matters to its street.
    community.isRetired = true
    #expect(Self.directory(community).current(Place(cityID: 1, districtID: 2, streetID: 4, communityID: 8)).lowestTier == .street)
  }

  @Test("R28: who has a community's matters is its person; what is told of a community goes to its street")
  func whoAnswers() {
    let directory = Self.directory(persons: [
      Person(name: "李四", role: .streetOfficer, organID: City.streetID, community: nil, project: nil),
      Person(name: "张三", role: .communityOfficer, organID: City.streetID, community: "磁湖社区", project: nil),
    ])
    let place = Place(cityID: 1, districtID: 2, streetID: 3, communityID: 8, community: "磁湖社区")
    #expect(directory.person(at: Self.communityID, of: place)?.name == "张三")
    // Of a matter that lies in no community, the street's own.
    #expect(directory.person(at: City.streetID, of: Place(cityID: 1, districtID: 2, streetID: 3))?.name == "李四")
    #expect(directory.audience(of: Self.communityID) == directory.audience(of: City.streetID))
    #expect(directory.audience(of: City.streetID) == Audience(district: "黄石港区", street: "胜阳港街道"))
  }
}
