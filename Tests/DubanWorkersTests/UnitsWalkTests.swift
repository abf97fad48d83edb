// 主办 and 协办 through real queues: from the message that names units to the slip, the 约谈 and what the operator sees.

import Duban
import DubanStore
import Foundation
import Testing
import TestServers

@Suite("Units through real queues")
struct UnitsWalkTests {
  @Test("R12, R41: each unit has its own clock, slip and 约谈, while the chain goes on above; the whole's end ends the parts")
  func walk() async throws {
    try await Surroundings.with { test in
      let store = try test.store.connect()
      _ = try store.apply(
        policy: PolicyCommandTests.policy(
          """
          response: { within: 48h, district: 24h, city: 24h }
              resolution: { within: 19d, district: 5d, city: 5d }
              supporting: { within: 24h, district: 2d, city: 2d }
              slips: [blue, orange, red]
          """))
      try store.apply(
        schedules: try ScheduleDraft.read(
          yaml: "schedules: [{ name: s, notice: summons, every: month, tier: street, threshold: 1 }]"))
      try await test.withProcess { _ in
        try test.publish([
          Sample.event(
            "complaint.submitted", id: "1", subject: "S",
            data: #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"lead":"供水公司","supporting":["供电公司","燃气公司"]}"#),
          Sample.event("complaint.resolved", id: "2", subject: "S", data: #"{"part":"燃气公司"}"#),
        ])
        try test.store.until(
          "(SELECT count(*) FROM item WHERE phase <> 'awaited') = 3 AND (SELECT count(*) FROM verdict WHERE verdict = 'waits') = 0"
        )
        // The part first, after 24 hours; then the lead, after 48.
        try test.store.setClock(ahead: "25 hours")
        // Told before the next, too: between items no order is promised.
        try test.store.until("(SELECT count(*) FROM breach) = 1 AND (SELECT count(*) FROM outbox) = 0")
        try test.store.setClock(ahead: "49 hours")
        try test.store.until("(SELECT count(*) FROM breach) = 2 AND (SELECT count(*) FROM outbox) = 0")
        let slips = try test.take(5, from: "test.events").filter { $0.routingKey == "slip.issued.黄石港区.胜阳港街道" }.map {
          try JSONDecoder().decode(SlipEvent.self, from: Data($0.body))
        }
        #expect(slips.map(\.data.organ) == ["供电公司", "供水公司"] && slips.map(\.data.item.unit) == ["供电公司", nil])
        let shown = try test.dubanctl("items", "show", "S").output
        #expect(shown.contains("供水公司") && shown.contains("供电公司: open") && shown.contains("燃气公司: closed"))
        let explained = try test.dubanctl("items", "explain", "S#供电公司").output
        #expect(explained.contains("供电公司 has a part (协办)") && explained.contains("24 hours"), "\(explained)")
        #expect(explained.contains("of 供电公司") && explained.contains("rose to 黄石港区"), "\(explained)")
        try test.publish([Sample.event("complaint.resolved", id: "3", subject: "S")])
        try test.store.until("(SELECT count(*) FROM item WHERE phase = 'closed') = 3")
        // Past the month in which the breaches were found.
        try test.store.setClock(ahead: "35 days")
        try test.store.until("(SELECT count(*) FROM notice WHERE kind = 'summons') = 2")
      }
      let organs: String = try test.store.ask("SELECT string_agg(organ_name, ' ' ORDER BY organ_name) FROM notice")
      #expect(Set(organs.split(separator: " ")) == ["供水公司", "供电公司"])
    }
  }

  @Test("a part that is due and not handled is listed as its unit's, not as the whole")
  func dueParts() async throws {
    try await Surroundings.with { test in
      try await test.withProcess(["DUBAN_ROLES": "intake"]) { _ in
        try test.publish([
          Sample.event(
            "complaint.submitted", id: "1", subject: "S",
            data: #"{"region":{"district":"黄石港区","street":"胜阳港街道"},"supporting":["供电公司"]}"#)
        ])
        try test.store.until("(SELECT count(*) FROM item) = 2")
        try test.store.setClock(ahead: "20 days")
        #expect(try test.dubanctl("items", "due").output.contains("/hotline/12345/S#供电公司  "))
        #expect(try test.dubanctl("items", "due", "--json").output.contains(#""unit" : "供电公司""#))
      }
    }
  }

  private struct SlipEvent: Decodable {
    struct Slip: Decodable {
      struct Item: Decodable { var unit: String? }
      var organ: String
      var item: Item
    }
    var data: Slip
  }
}
