// What operators get wrong in their files: each fault with its line, the value, what is allowed, and what was probably meant.

import Foundation
import Testing

@testable import Duban

@Suite("Faults in operators' files")
struct FileFaultsTests {
  /// A fault: the line of the file that is wrong, and what is said of it.
  struct Row: Sendable, CustomTestStringConvertible {
    var text: String
    var says: String
    var testDescription: String { text }

    init(_ text: String, _ says: String) { (self.text, self.says) = (text, says) }

    /// Whether a line says it, but for what is left out with an ellipsis.
    func isSaid(in line: String) -> Bool { says.split(separator: " … ").allSatisfy(line.contains) }
  }

  private static func lines(_ read: () throws -> Void) -> [String] {
    do {
      try read()
      return []
    } catch let fault as FileFault {
      return fault.lines
    } catch {
      return ["\(error)"]
    }
  }

  private static let rest = """
      - { kind: inspection, resolution: { within: 1d, district: 1d, city: 1d } }
      - { kind: funding, resolution: { within: 1d, district: 1d, city: 1d } }
      - { kind: reminder, resolution: { within: 24h, district: 1d, city: 1d } }
    """

  private static let day = "resolution: { within: 1d, district: 1d, city: 1d }"

  // MARK: - Policies

  /// The key stands on line 6, of a rule for complaints.
  static let ofRules: [Row] = [
    Row("slips: [蓝, 橙, 红]", "rules[0].slips[0]: write blue, orange or red, not '蓝'; the nearest is blue"),
    Row("slips: [blue, 橙色, red]", "rules[0].slips[1]: write blue, orange or red, not '橙色'; the nearest is orange"),
    Row("slips: [blue, orange, rde]", "rules[0].slips[2]: write blue, orange or red, not 'rde'; the nearest is red"),
    Row("slips: [blue, red]", "rules[0].slips: write three colours, for the first, second and third breach of a chain, not 2"),
    Row("slips: blue", "rules[0].slips: write three colours out of blue, orange, red, not 'blue'"),
    Row(
      "slips: [red, orange, blue]", "rules[0].slips: a later breach of a chain has no milder colour; blue (蓝) reminds, orange (橙)"
    ),
    Row("starts-at: 街道", "rules[0].starts-at: write street, district or city, not '街道'; the nearest is street"),
    Row("starts-at: 县", "rules[0].starts-at: write street, district or city, not '县'; the nearest is district"),
    Row("starts-at: town", "rules[0].starts-at: write street, district or city, not 'town'"),
    Row("starts-at: [city]", "rules[0].starts-at: write street, district or city, not a list"),
    Row("summons-at: City", "rules[0].summons-at: write street, district or city, not 'City'; the nearest is city"),
    Row("summons-at: street", "rules[0].summons-at: 'street': a street's first breach is no cause yet; write district or city"),
    Row("approver: platform", "rules[0].approver: write street, district, city or source, not 'platform'; the nearest is source"),
    Row("approver: street", "rules[0].approver: 'street': a street is above no organ; write district, city or source"),
    Row("extensions: twice", "rules[0].extensions: write a whole number, 0 or more, not 'twice'; the nearest is 2"),
    Row("extensions: -1", "rules[0].extensions: write a whole number, 0 or more, not '-1'"),
    Row("extensions: 1.5", "rules[0].extensions: write a whole number, 0 or more, not '1.5'"),
    Row("extensions: { a: 1 }", "rules[0].extensions: write a whole number, 0 or more, not keys with values"),
    Row("extensions:", "rules[0].extensions: it is empty; write a whole number, 0 or more, or remove the line"),
    Row("returns: three", "rules[0].returns: write a whole number, 0 or more, not 'three'; the nearest is 3"),
    Row("contact-attempts: 三", "rules[0].contact-attempts: write a whole number, 0 or more, not '三'; the nearest is 3"),
    Row("chain: maybe", "rules[0].chain: write true or false, not 'maybe'"),
    Row("chain: flase", "rules[0].chain: write true or false, not 'flase'; the nearest is false"),
    Row(
      "reassigned: restarts", "rules[0].reassigned: write runs-on or starts-again, not 'restarts'; the nearest is starts-again"),
    Row("dissatisfaction: judge", "rules[0].dissatisfaction: write reopens or judged, not 'judge'; the nearest is judged"),
    Row("pauses: 等待居民配合", "rules[0].pauses: write a list of reasons, such as [等待居民配合], not '等待居民配合'"),
    Row("pauses: [停工, 停工]", "rules[0].pauses[1]: '停工': it appears twice; remove one of them"),
    Row("pauses: ['']", "rules[0].pauses[0]: it says nothing; write a reason, or remove the line"),
    Row("category:", "rules[0].category: it is empty; write a category as the messages write it, or remove the line"),
    Row(
      "source: hotline 12345",
      "rules[0].source: 'hotline 12345': a URI has no spaces; write it as the messages do, such as /hotline/12345"),
    Row("slip: [blue, orange, red]", "rules[0]: there is no 'slip' here; known are … ; the nearest is slips"),
    Row("延期: 1", "rules[0]: there is no '延期' here; known are … ; the nearest is extensions"),
    Row("zzz: blue", "rules[0]: there is no 'zzz' here; known are kind, category,"),
    Row("response: 48h", "rules[0].response: write { within, district, city, warn }, not '48h'"),
    Row(
      "response: { within: 48h, city: 1d }",
      "rules[0].response: district is missing; write a length like 30s, 15m, 48h, 19d, 13wd"),
    Row(
      "response: { within: 48h, district: 1d, city: 1d, warning: 6h }",
      "rules[0].response: there is no 'warning' here; known are … ; the nearest is warn"),
    Row("response: { within: 48小时, district: 1d, city: 1d }", "not '48小时'; the nearest is 48h"),
    Row("response: { within: 5 工作日 次日, district: 1d, city: 1d }", "not '5 工作日 次日'; the nearest is 5wd from-next-day"),
    Row(
      "response: { within: 13wd until-closing, district: 1d, city: 1d }",
      "not '13wd until-closing'; the nearest is 13wd until-close"),
    Row(
      "response: { within: soon, district: 1d, city: 1d }",
      "rules[0].response.within: write a length like 30s, 15m, 48h, 19d, 13wd (工作日)"),
    Row(
      "response: { within: 0h, district: 1d, city: 1d }",
      "rules[0].response.within: '0h': it would be overdue at once; write a length above 0"),
    Row(
      "response: { within: 1h, district: 0s, city: 1d }",
      "rules[0].response.district: '0s': this tier would be late at once; write a length above 0"),
    Row(
      "response: { within: 1h, district: 1h, city: 0wd }",
      "rules[0].response.city: '0wd': this tier would be late at once; write a length above 0"),
    Row(
      "response: { within: 1h, district: 1h, city: 1h, warn: 0s }",
      "rules[0].response.warn: '0s': it would come with the deadline;"),
    Row(
      "response: { within: 48h, district: 1d, city: 1d, warn: 48h }",
      "rules[0].response.warn: '48h': the warning would come before the clock starts, because `within` is 48h"),
    Row(
      "response: { within: 48h, district: 1d, city: 1d, warn: 2wd }",
      "rules[0].response.warn: write a length of time like 30s, 15m, 48h or 13d, not '2wd'"),
    Row(
      "response: { within: 13wd, district: 1d, city: 1d, warn: 14d }",
      "rules[0].response.warn: '14d': the warning would come before the clock starts"),
    Row("response: { within: 5wh, district: 1d, city: 1d, warn: 2 days }", "not '2 days'; the nearest is 2d"),
    Row(
      "response: { within: 5wh, district: 1d, city: 1d, warn: 24h }",
      "rules[0].response.warn: '24h': the warning would come before the clock starts"),
    Row(
      "submission: { within: 1d, district: 1d, city: 1d }",
      "rules[0].submission.within: '1d': 内部时限 ends before 办结时限, so that the closing can be reviewed; write less than 1d"),
  ]

  @Test("a value of a rule that is wrong is told with its line, what is allowed, and what was meant", arguments: ofRules)
  func rules(row: Row) {
    let yaml = """
      policy: x
      counts-from-hearing-after: 1h
      rules:
        - kind: complaint
          \(Self.day)
          \(row.text)
        - { kind: complaint, resolution: { within: 1d, district: 1d, city: 1d } }
      \(Self.rest)
      """
    let said = Self.lines { _ = try Policy(yaml: yaml, version: 1) }.filter { !$0.contains("never reached") }
    #expect(said.contains { $0.hasPrefix("line 6: ") && row.isSaid(in: $0) }, "\(said)")
    #expect(said.allSatisfy { $0.hasPrefix("line 6: ") })
  }

  static let ofKinds: [Row] = [
    Row(
      "kind: reminder, response: { within: 1d, district: 1d, city: 1d }",
      "response: only complaints, inspections, problems or funding requests have it"),
    Row("kind: reminder, extensions: 1", "extensions: '1': only complaints, inspections, problems or funding requests have it; remove it"),
    Row("kind: inspection, returns: 2", "returns: '2': only complaints have it; remove it"),
    Row("kind: funding, review: { within: 1d, district: 1d, city: 1d }", "review: only complaints have it"),
    Row(
      "kind: complaint, chain: false, summons-at: city",
      "summons-at: 'city': without the chain there is no 约谈; remove it, or chain: false"),
    Row("kind: complaints", "kind: write complaint, inspection, problem, funding or reminder, not 'complaints'; the nearest is complaint"),
    Row("kind: 诉求", "kind: write complaint, inspection, problem, funding or reminder, not '诉求'; the nearest is complaint"),
    Row("category: 应急", "rules[0]: kind is missing; write complaint, inspection, problem, funding or reminder"),
  ]

  @Test("a key that a rule's kind has not is told, and a kind that there is not", arguments: ofKinds)
  func kinds(row: Row) {
    let yaml = """
      policy: x
      counts-from-hearing-after: 1h
      rules:
        - { \(row.text), grade: 急件, \(Self.day) }
        - { kind: complaint, \(Self.day) }
      \(Self.rest)
      """
    let said = Self.lines { _ = try Policy(yaml: yaml, version: 1) }
    #expect(said.count == 1 && said[0].hasPrefix("line 4: rules[0]") && row.isSaid(in: said[0]), "\(said)")
  }

  static let ofPolicies: [Row] = [
    Row("policy:", "policy: it is empty; write a name"),
    Row(
      "counts-from-hearing-after: 1 hour",
      "counts-from-hearing-after: write a length of time like 30s, 15m, 48h or 13d, not '1 hour'; the nearest is 1h"),
    Row("annuls-after: 1h", "there is no 'annuls-after' here; known are policy, counts-from-hearing-after,"),
    Row("anulls-within: 1h", "there is no 'anulls-within' here; known are … ; the nearest is annuls-within"),
    Row("waiting: 0s", "waiting: '0s': every early event would be flagged at once; write a length of time above 0"),
    Row(
      "sources: { /qr/mashang: { anuls-within: 24h } }",
      "sources./qr/mashang: there is no 'anuls-within' here; known are … ; the nearest is annuls-within"),
    Row(
      "sources: { /qr/mashang: 24h }",
      "sources./qr/mashang: write a source's tolerances, such as { annuls-within: 24h }, not '24h'"),
    Row("sources: { 码上 监督: { annuls-within: 24h } }", "sources: '码上 监督' is no URI"),
    Row("sources: [/qr/mashang]", "sources: write the tolerances of sources by their URI, not a list"),
  ]

  @Test("a value above the rules that is wrong is told with its line", arguments: ofPolicies)
  func policies(row: Row) {
    let key = row.text.prefix { $0 != ":" } + ":"
    let lines = ["policy: x", "counts-from-hearing-after: 1h"].filter { !$0.hasPrefix(key) } + [row.text]
    let yaml = (lines + ["rules:", "  - { kind: complaint, \(Self.day) }", Self.rest]).joined(separator: "\n")
    let said = Self.lines { _ = try Policy(yaml: yaml, version: 1) }
    #expect(said.count == 1 && said[0].hasPrefix("line \(lines.count): ") && row.isSaid(in: said[0]), "\(said)")
  }

  @Test("all that is wrong in a file is told at once, in the order of its lines")
  func several() {
    let yaml = """
      policy: x
      counts-from-hearing-after: soon
      rules:
        - kind: complaint
          resolution: { within: 1d, district: 1d }
          slips: [蓝, 橙, 红]
        - { kind: complaint, returns: many, \(Self.day) }
      \(Self.rest)
      """
    let said = Self.lines { _ = try Policy(yaml: yaml, version: 1) }
    #expect(said.map { $0.prefix(7) } == ["line 2:", "line 5:", "line 6:", "line 6:", "line 6:", "line 7:"], "\(said)")
    #expect(
      Self.lines { _ = try Policy(yaml: "- a\n- b\n", version: 1) } == [
        "line 1: write the keys of a policy, such as policy: …, not a list"
      ])
    #expect(
      Self.lines { _ = try Policy(yaml: "complaints\n", version: 1) } == [
        "line 1: write the keys of a policy, such as policy: …, not 'complaints'"
      ])
  }

  @Test("a policy that was applied before a check was there is read still, with what it says")
  func stored() throws {
    let yaml = """
      policy: x
      counts-from-hearing-after: 1h
      rules:
        - kind: complaint
          category:
          resolution: { within: 0s, district: 1d, city: 1d, warn: 9d }
          pauses: [停工, 停工]
      \(Self.rest)
      """
    #expect(Self.lines { _ = try Policy(yaml: yaml, version: 1) }.count == 3)
    let rule = try Policy(stored: yaml, version: 3).rules[0]
    #expect(rule.isUnconditional && rule.resolution.warning == .days(9) && rule.resolution.within.isZero && rule.line == 4)
    #expect(throws: FileFault.self) { try Policy(stored: yaml.replacing("9d", with: "nine"), version: 1) }
  }

  @Test("a warning is held to the limit as it lasts in a week without days off, and a reminder's to nothing")
  func warnings() throws {
    func isTaken(_ within: String, warn: String, kind: Kind = .complaint) -> Bool {
      let limit = "{ within: \(within), district: 1d, city: 1d, warn: \(warn) }"
      let rule = "  - { kind: \(kind.rawValue), grade: x, resolution: \(limit) }\n  - { kind: complaint, \(Self.day) }\n"
      return Self.lines {
        _ = try Policy(yaml: "policy: x\ncounts-from-hearing-after: 1h\nrules:\n\(rule)\(Self.rest)", version: 1)
      }.isEmpty
    }
    #expect(
      isTaken("48h", warn: "47h") && !isTaken("48h", warn: "48h") && !isTaken("30s", warn: "1m") && isTaken("30s", warn: "10s"))
    #expect(isTaken("3wd", warn: "71h") && !isTaken("3wd", warn: "72h") && isTaken("3wd from-next-day", warn: "72h"))
    #expect(isTaken("0d until-close", warn: "4h") && !isTaken("0d until-close", warn: "24h"))
    // Six and a half hours a day: 13 工作时 are two days.
    #expect(isTaken("13wh", warn: "47h") && !isTaken("13wh", warn: "48h") && isTaken("14wh", warn: "48h"))
    #expect(isTaken("1wd", warn: "48h", kind: .reminder))
  }

  // MARK: - Schedules

  static let ofSchedules: [Row] = [
    Row(
      "{ name: a, notice: 约谈, every: month, tier: street, threshold: 3 }",
      "notice: write summons or bulletin, not '约谈'; the nearest is summons"),
    Row(
      "{ name: a, notice: bulletins, every: month, tier: district }",
      "notice: write summons or bulletin, not 'bulletins'; the nearest is bulletin"),
    Row(
      "{ name: a, notice: summons, every: month, tier: street, threshold: three }",
      "threshold: write a whole number, 1 or more, not 'three'; the nearest is 3"),
    Row(
      "{ name: a, notice: summons, every: month, tier: street, threshold: 0 }",
      "threshold: write a whole number, 1 or more, not '0'"),
    Row(
      "{ name: a, notice: summons, every: month, tier: street }", "threshold: say how many breaches lead to a summons, 1 or more"),
    Row(
      "{ name: a, notice: summons, every: month, tier: city, threshold: 3 }",
      "tier: 'city': the city does not summon itself; write street or district"),
    Row(
      "{ name: a, notice: bulletin, every: month, tier: district, threshold: 3 }",
      "threshold: '3': only a summons has it; remove it"),
    Row(
      "{ name: a, notice: bulletin, every: month, tier: 区 }",
      "tier: write street, district or city, not '区'; the nearest is district"),
    Row(
      "{ name: a, notice: bulletin, every: month, tier: street }",
      "tier: 'street': a bulletin ranks the streets of a district; write district"),
    Row(
      "{ name: a, notice: bulletin, every: 每月, tier: district }",
      "every: write month, or a length of time from 1s on, such as 7d, not '每月'; the nearest is month"),
    Row("{ name: a, notice: bulletin, every: monthly, tier: district }", "the nearest is month"),
    Row(
      "{ name: a, notice: bulletin, every: 0s, tier: district }",
      "every: write month, or a length of time from 1s on, such as 7d, not '0s'"),
    Row("{ name: a, notice: bulletin, every: 7 days, tier: district }", "the nearest is 7d"),
    Row(
      "{ name: a, notice: bulletin, every: month, tier: district, catch-up: none }",
      "catch-up: write a whole number, 1 or more, not 'none'"),
    Row(
      "{ name: a, notice: bulletin, every: month, tier: district, catchup: 2 }",
      "there is no 'catchup' here; known are … ; the nearest is catch-up"),
    Row("{ name: '', notice: bulletin, every: month, tier: district }", "name: it says nothing; write a name"),
    Row("{ notice: bulletin, every: month, tier: district }", "name is missing; write a name"),
    Row("{ name: b, notice: bulletin, every: month, tier: district }", "the name 'b' appears twice; write another"),
  ]

  @Test("a value of a schedule that is wrong is told with its line", arguments: ofSchedules)
  func schedules(row: Row) {
    let yaml = "schedules:\n  - { name: b, notice: bulletin, every: month, tier: district }\n  - \(row.text)\n"
    let said = Self.lines { _ = try ScheduleDraft.read(yaml: yaml) }
    #expect(said.count == 1 && said[0].hasPrefix("line 3: schedules[1]") && row.isSaid(in: said[0]), "\(said)")
  }

  // MARK: - Calendars

  @Test("all lines of a calendar that are wrong are told, with the date or the word that was meant")
  func calendar() {
    let csv = """
      date,kind,name
      2026/2/28,workday,春节调休
      2026年10月1日,holiday,国庆节
      2026-10-02,放假,国庆节
      2026-10-03,holidays,国庆节
      2026-02-30,holiday,春节
      2026-02-14,班,春节调休
      """
    #expect(
      Self.lines { _ = try WorkCalendar(csv: csv, version: 1) }.map { $0.replacing(#/, in the years.*?28/#, with: "") } == [
        "line 2: write a date that exists, not '2026/2/28'; the nearest is 2026-02-28",
        "line 3: write a date that exists, not '2026年10月1日'; the nearest is 2026-10-01",
        "line 4: write holiday or workday, not '放假'; the nearest is holiday",
        "line 5: write holiday or workday, not 'holidays'; the nearest is holiday",
        "line 6: write a date that exists, not '2026-02-30'",
        "line 7: write holiday or workday, not '班'; the nearest is workday",
      ])
    #expect(
      Self.lines { _ = try WorkCalendar(csv: "日期,kind,name\nx\n", version: 1) } == [
        "line 1: write date,kind,name as the first line"
      ])
  }

  // MARK: - The reference

  @Test("the page of the files has every key as the checks know it")
  func reference() throws {
    let file = FilesTests.deploy.deletingLastPathComponent().appending(path: "Sources/Duban/Duban.docc/Files.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for reference in [Policy.reference, ScheduleDraft.reference] {
      #expect(text.contains(reference), "put this into \(file.lastPathComponent):\n\(reference)")
    }
  }

  @Test("the header of the default policy names every key of a rule, and no other")
  func header() throws {
    let text = try String(contentsOf: FilesTests.deploy.appending(path: "policies/default.yaml"), encoding: .utf8)
    let named = text.matches(of: #/\n#   ([a-z-]+): /#).map { String($0.1) }.filter { $0 != "sources" }
    let rules = try #require(Policy.reference.split(separator: "### ").first { $0.hasPrefix("A rule") })
    let keys = rules.matches(of: #/\n\| `([a-z-]+)` /#).map { String($0.1) }
    #expect(named == keys && keys.count > 20)
  }

  // MARK: - What is near

  @Test("a word is near by its other names and by few slips of the pen; a far one is not guessed")
  func nearest() {
    let words = [Word("street", alsoKnownAs: ["街道"]), Word("district"), Word("city")]
    for (text, meant) in [
      ("街道", "street"), ("sreet", "street"), ("steret", "street"), ("DISTRICT", "district"), ("dist", "district"),
      ("ctiy", "city"),
      ("cities", "city"), ("town", nil), ("", nil), ("区", nil), ("x", nil),
    ] as [(String, String?)] {
      #expect(Word.nearest(to: text, in: words) == meant, "\(text)")
    }
    #expect(Word.nearest(to: "a", in: []) == nil && Word.nearest(to: "s", in: [Word("d")]) == nil)
  }
}
