// What operators write: policies, schedules, the directory. Good files are read, bad ones are told where and what.

import Foundation
import Testing

@testable import Duban

@Suite("Files of operators")
struct FilesTests {
  /// The repository's folder `deploy`, found from this file.
  static let deploy = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "deploy")

  /// A policy that comes with Duban.
  static func policy(_ name: String) throws -> Policy {
    try Policy(yaml: String(contentsOf: deploy.appending(path: "policies/\(name).yaml"), encoding: .utf8), version: 1)
  }

  @Test("each policy that comes with Duban is valid, and named as its file is")
  func policies() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.deploy.appending(path: "policies").path)
    #expect(files.sorted() == ["default.yaml", "demo.yaml", "huangshi.yaml", "sanming.yaml"])
    for file in files {
      let name = file.replacing(".yaml", with: "")
      #expect(try Self.policy(name).name == name)
    }
  }

  @Test("the schedules and the directory that come with Duban are valid", arguments: ["default", "demo"])
  func shipped(name: String) throws {
    let schedules = try ScheduleDraft.read(
      yaml: String(contentsOf: Self.deploy.appending(path: "schedules/\(name).yaml"), encoding: .utf8))
    #expect(schedules.map(\.notice) == [.bulletin, .summons])
    let directory = try DirectoryDraft.read(
      yaml: String(contentsOf: Self.deploy.appending(path: "directory/huangshi.yaml"), encoding: .utf8))
    #expect(directory.city == "黄石市" && directory.sources.contains { $0.uri == "/hotline/12345" })
  }

  @Test("a word that is none of the allowed ones is told with those, and its line")
  func words() throws {
    func fault(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "taken"
      } catch {
        return "\(error)"
      }
    }
    func policy(_ rule: String) -> String {
      fault {
        _ = try Policy(yaml: "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { \(rule), \(Self.day) }\n", version: 1)
      }
    }
    #expect(
      policy("kind: complaints")
        == "line 4: rules[0].kind: write complaint, inspection, problem, funding or reminder, not 'complaints'; the nearest is complaint")
    #expect(policy("kind: complaint, starts-at: town").hasSuffix(".starts-at: write street, district or city, not 'town'"))
    #expect(policy("kind: complaint, slips: [blue, green, red]").contains("write blue, orange or red, not 'green'"))
    let schedule = "schedules:\n  - { name: x, notice: bulletins, every: month, tier: district }\n"
    #expect(fault { _ = try ScheduleDraft.read(yaml: schedule) }.contains("write summons or bulletin, not 'bulletins'"))
  }

  @Test("how long an event may wait for its item is the policy's to say, and a day where it does not")
  func waiting() throws {
    func policy(_ line: String) throws -> Policy {
      try Policy(
        yaml:
          "policy: x\ncounts-from-hearing-after: 1h\n\(line)rules:\n  - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }\n"
          + Self.rest, version: 1)
    }
    #expect(try policy("").waiting == .hours(24) && policy("waiting: 90m\n").waiting == .seconds(5400))
    for line in ["waiting: 0s\n", "waiting: soon\n"] {
      do {
        _ = try policy(line)
        Issue.record("taken: \(line)")
      } catch {
        #expect("\(error)".hasPrefix("line 3: waiting: "))
      }
    }
  }

  @Test("tolerances: of answers as of hearings where the file does not say, and of single sources by their URI")
  func tolerances() throws {
    func policy(_ lines: String) throws -> Policy {
      try Policy(
        yaml: "policy: x\ncounts-from-hearing-after: 1h\n\(lines)rules:\n  - { kind: complaint, \(Self.day) }\n" + Self.rest,
        version: 1)
    }
    let plain = try policy("")
    #expect(plain.countsFromHearingAfter("/qr/mashang") == .hours(1) && plain.annulsWithin("/qr/mashang") == .hours(1))
    let nightly = try policy(
      "annuls-within: 2h\nsources:\n  /qr/mashang: { annuls-within: 24h }\n  /a: { counts-from-hearing-after: 3h }\n")
    #expect(nightly.annulsWithin(nil) == .hours(2) && nightly.countsFromHearingAfter(nil) == .hours(1))
    #expect(nightly.annulsWithin("/qr/mashang") == .days(1) && nightly.countsFromHearingAfter("/qr/mashang") == .hours(1))
    #expect(nightly.annulsWithin("/a") == .hours(2) && nightly.countsFromHearingAfter("/a") == .hours(3))
    #expect(
      nightly.differences(from: plain).prefix(3) == [
        "annuls-within: 1h → 2h", "sources: /a: – → counts-from-hearing-after 3h", "sources: /qr/mashang: – → annuls-within 1d",
      ])
    #expect(throws: FileFault.self) { try policy("annuls-within: soon\n") }
  }

  static let rest = """
      - { kind: inspection, resolution: { within: 1d, district: 1d, city: 1d } }
      - { kind: funding, resolution: { within: 1d, district: 1d, city: 1d } }
      - { kind: reminder, resolution: { within: 24h, district: 1d, city: 1d } }
    """

  @Test(
    "a bad policy is refused with the place and the remedy",
    arguments: [
      ("policy: x\ncounts-from-hearing-after: 1h\nrules:\n" + rest, "line 4: rules: no rule for every complaint"),
      ("policy: x\nrules: []", "counts-from-hearing-after is missing"),
      (
        "policy: x\ncounts-from-hearing-after: soon\nrules: []",
        "line 2: counts-from-hearing-after: write a length of time like 30s, 15m, 48h or 13d, not 'soon'"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: rumour, resolution: { within: 1d, district: 1d, city: 1d } }\n",
        "line 4: rules[0].kind"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: complaint, resolution: { within: 1d, district: 1d } }\n"
          + rest,
        "line 4: rules[0].resolution: city is missing"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }\n"
          + "  - { kind: complaint, category: 应急, resolution: { within: 1d, district: 1d, city: 1d } }\n" + rest,
        "line 5: rules[1]: never reached"
      ),
      ("policy: [\nrules: }", "line 2: not YAML"),
      ("", "the file is empty"),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - kind: complaint\n    resolution: { within: 1d, district: 1d, city: 1d }\n"
          + "    resolusion: { within: 1d }\n" + rest, "line 6: rules[0]: there is no 'resolusion' here; known are kind,"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - kind: complaint\n    resolution: { within: 1d, district: 1d, city: 1d }\n"
          + "    slips: [blue, red]\n" + rest, "line 6: rules[0].slips: write three colours"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: reminder, resolution: { within: 0s, district: 1d, city: 1d } }\n"
          + "  - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }\n" + rest,
        "a reminder that is heard after its due time would be overdue at once"
      ),
    ])
  func badPolicy(yaml: String, says: String) {
    do {
      _ = try Policy(yaml: yaml, version: 1)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(says), "\(error)")
    }
  }

  private static let day = "resolution: { within: 1d, district: 1d, city: 1d }"

  @Test(
    "a rule that can never apply is refused with the lines of both; stored already, it is read still, and differs in nothing from itself",
    arguments: [
      (["category: 应急", "category: 应急"], 5, "line 4 has the same conditions"),
      (
        ["category: 应急, source: /qr/mashang", "source: /qr/mashang", "grade: 急件, source: /qr/mashang"], 6,
        "line 5 takes every complaint, source /qr/mashang"
      ),
      (["grade: 急件", "category: 应急, grade: 急件"], 5, "line 4 takes every complaint, grade 急件"),
    ])
  func neverReached(conditions: [String], line: Int, says: String) throws {
    let rules = conditions.map { "  - { kind: complaint, \($0), \(Self.day) }\n" }.joined()
    let yaml = "policy: x\ncounts-from-hearing-after: 1h\nrules:\n\(rules)  - { kind: complaint, \(Self.day) }\n\(Self.rest)"
    let fault = #expect(throws: FileFault.self) { try Policy(yaml: yaml, version: 1) }
    #expect(fault?.line == line && fault?.problem.contains("the rule on \(says)") == true, "\(fault as Any)")
    let stored = try Policy(stored: yaml, version: 1)
    #expect(stored.rules.count == conditions.count + 4 && stored.differences(from: stored).isEmpty)
  }

  @Test("rules of which each takes something that none before it does are no fault")
  func overlapping() throws {
    let rules = ["category: 应急, grade: 急件", "category: 应急", "grade: 急件", "source: /qr/mashang"].map {
      "  - { kind: complaint, \($0), \(Self.day) }\n"
    }.joined()
    let yaml = "policy: x\ncounts-from-hearing-after: 1h\nrules:\n\(rules)  - { kind: complaint, \(Self.day) }\n\(Self.rest)"
    #expect(try Policy(yaml: yaml, version: 1).rules.count == 8)
  }

  @Test("a key that appears twice is named in one line, with the line of each")
  func repeatedKey() throws {
    for (yaml, says) in [
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules: []\n\ncounts-from-hearing-after: 2h\n",
        "line 5: 'counts-from-hearing-after' stands here again, after line 2"
      ),
      (
        "policy: x\r\ncounts-from-hearing-after: 1h\r\nrules:\r\n  - kind: complaint\r\n    \(Self.day)\r\n    # again\r\n    kind: funding\r\n",
        "line 7: 'kind' stands here again, after line 4"
      ),
      (
        "policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: complaint, resolution: { within: 1d, within: 2d, district: 1d, city: 1d } }\n",
        "line 4: 'within' stands here again, after line 4"
      ),
    ] {
      let fault = try #require(throws: FileFault.self) { try Policy(yaml: yaml, version: 1) }
      #expect(fault.description == says + "; remove one of them")
    }
    #expect(throws: FileFault("'city' stands here again, after line 1; remove one of them", line: 2)) {
      try DirectoryDraft.read(yaml: "city: 黄石市\ncity: 大冶市\ndistricts: []\nsources: []\n")
    }
  }

  @Test("a byte order mark before the first key is no part of the file, whose lines are counted as they stand")
  func byteOrderMark() throws {
    let policy = "\u{FEFF}policy: x\ncounts-from-hearing-after: 1h\nrules:\n  - { kind: complaint, \(Self.day) }\n" + Self.rest
    #expect(try Policy(yaml: policy, version: 1).rules.map(\.line) == [4, 5, 6, 7])
    let directory = "\u{FEFF}city: 黄石市\r\ndistricts: []\r\nsources: []\r\n"
    #expect(try DirectoryDraft.read(yaml: directory).city == "黄石市")
    let schedules = "\u{FEFF}schedules:\n  - { name: a, notice: bulletin, every: month, tier: district }\n"
    #expect(try ScheduleDraft.read(yaml: schedules).count == 1)
  }

  @Test(
    "a bad schedule is refused with the place and the remedy",
    arguments: [
      ("{ name: a, notice: bulletin, every: fortnight, tier: district }", "schedules[0].every"),
      ("{ name: a, notice: bulletin, every: month, tier: street }", "schedules[0].tier"),
      ("{ name: a, notice: summons, every: month, tier: street }", "schedules[0].threshold"),
      ("{ name: a, notice: summons, every: 0s, tier: street, threshold: 1 }", "schedules[0].every"),
      ("{ name: a, notice: bulletin, every: month, tier: district, catch-up: 0 }", "schedules[0].catch-up"),
      ("{ name: a, notice: postcard, every: month, tier: district }", "schedules[0].notice"),
    ])
  func badSchedule(line: String, says: String) {
    do {
      _ = try ScheduleDraft.read(yaml: "schedules:\n  - \(line)\n")
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(says), "\(error)")
    }
  }

  @Test("lengths of time: what is read is what was meant, and nothing else is read")
  func spans() {
    #expect(Span(text: "48h") == .hours(48) && Span(text: "13d") == .days(13) && Span(text: "15m") == .seconds(900))
    for text in ["", "h", "48", "-1h", "1.5h", "48 h", "48w", "99999999d"] { #expect(Span(text: text) == nil, "\(text)") }
  }
}
