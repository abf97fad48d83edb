// Funding until there is a ledger: what is disbursed was approved before, and what is allocated waits for no request.

import Testing

@testable import Duban

@Suite struct FundingTests {
  private static let approved = #"{"decision":"approved"}"#

  private func opened(_ disbursement: String = "approved") throws -> Casebook {
    var book = try Casebook(
      Policy(
        yaml: """
          policy: funding
          counts-from-hearing-after: 1h
          rules:
            - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }
            - { kind: inspection, resolution: { within: 1d, district: 1d, city: 1d } }
            - kind: funding
              response: { within: 15d, district: 5d, city: 5d }
              resolution: { within: 30d, district: 5d, city: 5d }
              disbursement: \(disbursement)
            - { kind: reminder, resolution: { within: 1d, district: 1d, city: 1d } }
          """, version: 7))
    try book.hear("funding.requested", #"{\#(Told.place),"supporting":["供水公司"]}"#)
    return book
  }

  @Test func `R39: money that is disbursed without an approval settles no request, and its sender is told why`() throws {
    var book = try opened()
    #expect(try book.hear("funding.disbursed", at: hour(1)) == .inapplicable(.notAllowed))
    guard case .inapplicable(let why) = book.verdict else { return #expect(Bool(false), "\(book.verdict)") }
    #expect(why.detail.contains("funding.reviewed") && book.whole.phase == .open)
    try book.hear("funding.reviewed", Self.approved, at: hour(2))
    try book.hear("funding.disbursed", at: hour(3))
    #expect(book.whole.closedAt == hour(3))
  }

  @Test func `R39: an approval that is heard after the disbursement lets it count`() throws {
    var book = try opened()
    try book.hear("funding.disbursed", at: hour(3))
    try book.hear("funding.reviewed", Self.approved, at: hour(2), heard: hour(4))
    #expect(book.whole.closedAt == hour(3))
    #expect(book.announcements.map(\.type).suffix(3).contains(.receiptAccepted))
  }

  @Test func `R39: what the whole has approved may be disbursed by a supporting unit`() throws {
    var book = try opened()
    let part = #"{"part":"供水公司"}"#
    #expect(try book.hear("funding.disbursed", part, at: hour(1)) == .inapplicable(.notAllowed))
    try book.hear("funding.reviewed", Self.approved, at: hour(2))
    #expect(try book.hear("funding.disbursed", part, at: hour(3)) == .applied && book.part("供水公司").phase == .closed)
  }

  @Test func `under a policy that does not ask for an approval a disbursement settles as before`() throws {
    var book = try opened("any")
    try book.hear("funding.disbursed", at: hour(1))
    #expect(book.whole.closedAt == hour(1))
  }

  @Test func `指标下达 is a document of its own: it opens nothing, and does not wait for a request`() throws {
    var book = try Casebook()
    #expect(try book.hear("funding.allocated", #"{"amount":"3200000.00"}"#, subject: "ZB-1") == .applied)
    #expect(book["ZB-1"].whole.phase == .awaited && book["ZB-1"].wakeAt == nil)
    // What is of a request waits for it.
    #expect(try book.hear("funding.used", at: hour(1), subject: "ZB-2") == .waits)
    // A request of that number may come; it is opened as any other.
    try book.hear("funding.requested", "{\(Told.place)}", at: hour(2), subject: "ZB-1")
    #expect(book["ZB-1"].whole.phase == .open)
  }
}
