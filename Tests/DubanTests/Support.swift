// What the tests of the pure part share: a small city, a policy of hours, and messages.

import Foundation
import TestSamples
import Testing

@testable import Duban

typealias Seeded = TestSamples.Seeded

enum City {
  static let cityID: Int64 = 1
  static let districtID: Int64 = 2
  static let streetID: Int64 = 3

  static let organs = [
    Organ(id: 1, tier: .city, name: "黄石市", parentID: nil), Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1),
    Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2), Organ(id: 4, tier: .street, name: "花湖街道", parentID: 2),
    Organ(id: 5, tier: nil, name: "供水公司", parentID: 1), Organ(id: 6, tier: nil, name: "供电公司", parentID: 1),
    Organ(id: 7, tier: nil, name: "燃气公司", parentID: 1, officeHours: OfficeHours([480..<960])),
  ]

  static let directory = Directory(
    version: 1, organs: organs,
    sources: [
      UpstreamSource(uri: "/hotline/12345", name: "12345", wantsReceipts: false, organs: [1, 2, 3, 4, 5]),
      UpstreamSource(uri: "/qr/mashang", name: "码上", wantsReceipts: true, grants: [Grant()]),
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
          - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d }, closed-by: report }
          - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
        """, version: 7)
  }

  /// A policy with this rule for complaints, and usual ones for the rest.
  static func policy(_ complaint: String, reminder: String = "within: 24h, district: 24h, city: 24h", version: Int = 8) throws
    -> Policy
  {
    try Policy(
      yaml: """
        policy: other
        counts-from-hearing-after: 1h
        rules:
          - { kind: complaint, \(complaint) }
          - { kind: inspection, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: funding, resolution: { within: 30d, district: 5d, city: 5d } }
          - { kind: reminder, resolution: { \(reminder) } }
        """, version: version)
  }
}

/// 2026-11-20T08:00:00+08:00, a Friday.
let morning = ShanghaiTime(year: 2026, month: 11, day: 20, hour: 8).instant

/// So many hours after that morning.
func hour(_ hours: Int64) -> Instant { morning + .hours(hours) }

/// So many days after that morning.
func day(_ days: Int64) -> Instant { morning + .days(days) }

/// `data` as tests need them again and again.
enum Told {
  static let place = #""region":{"district":"黄石港区","street":"胜阳港街道"}"#
  static let opening = #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"},"title":"雨水管未接入市政管网"}"#
  /// With a lead unit and two supporting ones.
  static let shared = #"{\#(place),"lead":"供水公司","supporting":["供电公司","燃气公司"]}"#
  static let pause = #"{"reason":"等待居民配合"}"#
  static let asked = #"{"reason":"雨季不能施工","until":"2026-12-20T08:00:00+08:00"}"#
  static let granted = #"{"decision":"approved","until":"2026-12-20T08:00:00+08:00","approver":"黄石港区"}"#
  static let rejected = #"{"decision":"rejected"}"#
  static let extended = ShanghaiTime(year: 2026, month: 12, day: 20, hour: 8).instant
  static func into(_ subject: String) -> String { #"{"into":{"source":"/hotline/12345","subject":"\#(subject)"}}"# }
}

/// A message as text; `data` is JSON.
func message(
  _ type: String, id: String = "e1", source: String = "/hotline/12345", subject: String = "HS-1", time: Instant = morning,
  data: String = Told.opening
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

extension Item {
  /// When a clock that runs is due; nil where it does not.
  func due(_ kind: ClockKind) -> Instant? { clocks.first { $0.kind == kind }?.clock.dueAt }

  var responsible: Int64? { cycle?.responsibleID }
  var supervisor: Tier? { cycle?.supervisor }
  var startTier: Tier? { cycle?.startTier }
}

extension [Breach] {
  /// Those that count, in the order of their due times: who owed what until when.
  var standing: [Breach] { filter(\.status.counts).sorted { ($0.lapse.dueAt, $0.number) < ($1.lapse.dueAt, $1.number) } }
  func of(_ clock: Item.ClockKind) -> [Breach] { standing.filter { $0.lapse.step.clock == clock } }
  var tiers: [Tier] { map(\.lapse.step.tier) }
  var owners: [Int64?] { map(\.lapse.organID) }
  var dues: [Instant] { map(\.lapse.dueAt) }
}
