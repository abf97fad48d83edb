// What the tests of the pure part share: a small city, a policy of hours, messages, and a seeded source of chance.

import Foundation
import Testing
import TestServers

@testable import Duban

typealias Seeded = TestServers.Seeded

enum City {
  static let cityID: Int64 = 1
  static let districtID: Int64 = 2
  static let streetID: Int64 = 3

  static let directory = Directory(
    version: 1,
    organs: [
      Organ(id: 1, tier: .city, name: "黄石市", parentID: nil), Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1),
      Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2), Organ(id: 4, tier: .street, name: "花湖街道", parentID: 2),
      Organ(id: 5, tier: nil, name: "供水公司", parentID: 1), Organ(id: 6, tier: nil, name: "供电公司", parentID: 1),
      Organ(id: 7, tier: nil, name: "燃气公司", parentID: 1, officeHours: OfficeHours([480..<960])),
    ],
    sources: [
      UpstreamSource(uri: "/hotline/12345", name: "12345", wantsReceipts: false),
      UpstreamSource(uri: "/qr/mashang", name: "码上", wantsReceipts: true),
      UpstreamSource(uri: "/platform/12388", name: "12388", users: ["discipline"], isConfidential: true),
    ])

  /// As it comes with Duban: 2024 to 2026.
  static let calendar: WorkCalendar = {
    let file = FilesTests.deploy.appending(path: "calendars/cn-workdays.csv")
    // A test that needs a year would fail without it.
    return (try? WorkCalendar(csv: String(contentsOf: file, encoding: .utf8), version: 1)) ?? .unannounced
  }()

  static func policy() throws -> Policy {
    try Policy(
      yaml: """
        policy: test
        counts-from-hearing-after: 1h
        rules:
          - kind: complaint
            category: 应急
            response: { within: 2h, district: 1h, city: 1h }
            resolution: { within: 24h, district: 2h, city: 2h }
          - kind: complaint
            response: { within: 48h, district: 24h, city: 24h }
            resolution: { within: 19d, district: 5d, city: 5d }
          - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
        """, version: 7)
  }

  static func machine(at now: Instant) throws -> ItemMachine {
    ItemMachine(policies: PolicyBook(current: try policy()), directory: directory, calendar: calendar, now: now)
  }
}

/// 2026-11-20T08:00:00+08:00.
let morning = ShanghaiTime(year: 2026, month: 11, day: 20, hour: 8).instant

/// A message as text; `data` is JSON.
func message(
  _ type: String, id: String = "e1", source: String = "/hotline/12345", subject: String = "HS-1", time: Instant = morning,
  data: String = #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"},"title":"雨水管未接入市政管网"}"#
) -> RawMessage {
  RawMessage(
    body: Array(
      """
      {"specversion":"1.0","id":"\(id)","source":"\(source)","type":"duban.\(type)","time":"\(time.rfc3339)","subject":"\(subject)","data":\(data)}
      """.utf8))
}

func envelope(
  _ type: String, id: String = "e1", source: String = "/hotline/12345", subject: String = "HS-1", time: Instant = morning,
  data: String? = nil
) throws -> Envelope {
  if let data { return try Envelope(message(type, id: id, source: source, subject: subject, time: time, data: data)) }
  return try Envelope(message(type, id: id, source: source, subject: subject, time: time))
}

/// An item as it stands right after its opening, and the effects of that.
func opened(_ type: String = "complaint.submitted", at time: Instant = morning, data: String? = nil) throws -> (
  item: Item, effects: Effects
) {
  let envelope = try envelope(type, time: time, data: data)
  var item = Item(awaited: envelope.item, id: 42, kind: envelope.type.kind, policyVersion: 7)
  var effects = Effects()
  try City.machine(at: time).apply(envelope, to: &item, into: &effects)
  return (item, effects)
}
