// The published contract and the programs are one truth: what it lists they have, what its schemas take and refuse they take and refuse.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
import Foundation
import Testing
import TestServers

@Suite("The published contract")
struct ContractTests {
  let contract: Contract

  init() throws { contract = try Contract.published() }

  // MARK: - What it lists

  @Test("it is an AsyncAPI 3.0 document in which each reference leads somewhere")
  func document() throws {
    #expect(try Contract.faults() == "")
  }

  @Test("it lists every type that Duban reads and every type that it tells, and no others")
  func types() {
    #expect(contract.messages(of: "intake").sorted() == EventType.all.keys.sorted())
    #expect(contract.messages(of: "events").sorted() == Announcement.Kind.allCases.map(\.rawValue).sorted())
    for key in contract.messages(of: "intake") + contract.messages(of: "events") {
      let message = contract.message(key)
      #expect(message["name"].string == EventType.prefix + key)
      #expect(message["payload", "schema", "properties", "type", "const"].string == EventType.prefix + key)
      #expect(!contract.goodExamples(of: key).isEmpty, "\(key) has no example")
    }
    for key in contract.messages(of: "intake") { #expect(contract.badExamples(of: key).count >= 2, "\(key)") }
  }

  @Test("its exchanges, queues, arguments and bindings are those that Duban declares, and each queue has the types that reach it")
  func topology() throws {
    struct Listed: Hashable {
      var name: String
      var arguments: [String: String]
      var bindings: Set<String>
    }
    let channels = contract.document["channels"].members
    let exchanges = channels.map { $0.value["bindings", "amqp", "exchange"] }.filter { $0["name"].string != nil }
    #expect(
      Set(exchanges.map { "\($0["name"].text) \($0["type"].text) \($0["durable"].text)" })
        == Set(DubanTopology.all.exchanges.map { "\"\($0.name)\" \"\($0.type)\" \($0.durable)" }))
    let queues = channels.filter { $0.value["bindings", "amqp", "is"].string == "queue" }
    let listed = queues.map { channel in
      let amqp = channel.value["bindings", "amqp"]
      #expect(amqp["queue", "durable"].text == "true" && amqp["queue", "name"].string == channel.value["address"].string)
      return Listed(
        name: amqp["queue", "name"].string ?? "?",
        arguments: Dictionary(
          uniqueKeysWithValues: amqp["x-arguments"].members.map { ($0.name, $0.value.string ?? $0.value.text) }),
        bindings: Set(amqp["x-bindings"].elements.map { "\($0["exchange"].text) \($0["routingKey"].text)" }))
    }
    let declared = DubanTopology.all.queues.map { queue in
      Listed(
        name: queue.name, arguments: queue.arguments.mapValues { $0.string ?? $0.integer.map(String.init) ?? "?" },
        bindings: Set(
          DubanTopology.all.bindings.filter { $0.queue == queue.name }.map { "\"\($0.exchange)\" \"\($0.routingKey)\"" }))
    }
    #expect(Set(listed) == Set(declared) && listed.count == declared.count)
    for queue in DubanTopology.intakeQueues {
      let keys = DubanTopology.all.bindings.filter { $0.queue == queue.name }.map(\.routingKey)
      let reaching = EventType.all.keys.filter { type in keys.contains { $0 == type.prefix { $0 != "." } + ".#" } }
      #expect(contract.messages(of: String(queue.name.dropFirst("duban.".count))).sorted() == reaching.sorted())
    }
  }

  @Test("it says which events wait for a queue, and which are dropped where none is bound for them")
  func deliveries() {
    let operations = contract.document["operations"]
    for (operation, mustArrive) in [("tell", true), ("tell-life", false)] {
      #expect(operations[operation, "bindings", "amqp", "mandatory"].text == "\(mustArrive)")
      #expect(
        operations[operation, "messages"].elements.compactMap { $0["$ref"].string }.sorted()
          == Announcement.Kind.allCases.filter { $0.mustArrive == mustArrive }
          .map { "#/channels/events/messages/" + $0.rawValue }.sorted())
    }
  }

  @Test("its reasons and limits are Duban's")
  func reasonsAndLimits() {
    let schemas = contract.document["components", "schemas"]
    let reasons = schemas["reason", "schema", "oneOf"].elements.compactMap { $0["const"].string }
    #expect(reasons == Refusal.Reason.allCases.map(\.rawValue))
    let limits = contract.document["x-limits"]
    #expect(limits["body-bytes"].text == "\(Limits.bodyBytes)" && limits["nesting"].text == "\(Limits.nesting)")
    #expect(limits["attribute-characters"].text == "\(Limits.attributeCharacters)")
    #expect(schemas["attribute", "schema", "maxLength"].text == "\(Limits.attributeCharacters)")
    #expect(limits["unit-characters"].text == "\(Limits.unitCharacters)")
    #expect(limits["supporting-units"].text == "\(Limits.supportingUnits)")
    #expect(limits["parts"].text == "\(Limits.parts)" && limits["events"].text == "\(Intake.entryLimit)")
    #expect(limits["results"].text == "\(Limits.results)" && limits["references"].text == "\(Limits.references)")
    let results = schemas["inspectionFields", "schema", "properties", "data", "properties", "results"]
    #expect(results["maxProperties"].text == "\(Limits.results)" && results.text.contains(#""maxItems":\#(Limits.references)"#))
    #expect(
      schemas["clock", "schema", "oneOf"].elements.compactMap { $0["const"].string } == Item.ClockKind.allCases.map(\.rawValue))
    #expect(schemas["unit", "schema", "maxLength"].text == "\(Limits.unitCharacters)")
    #expect(schemas["data", "schema", "properties", "supporting", "maxItems"].text == "\(Limits.supportingUnits)")
    #expect(schemas["event", "schema", "properties", "time", "maxLength"].text == "\(Limits.attributeCharacters)")
  }

  // MARK: - What its schemas take

  /// What the reader makes of a message.
  private func refusal(of message: RawMessage) -> Refusal? {
    do throws(Refusal) {
      _ = try Envelope(message)
      return nil
    } catch {
      return error
    }
  }

  /// Rules that the document states in words, because JSON Schema cannot.
  private func isBeyondSchemas(_ refusal: Refusal) -> Bool {
    [.tooLarge, .tooDeep].contains(refusal.reason)
      || refusal.reason == .invalidValue && refusal.pointer == "/data/into"
  }

  @Test("every good example is taken, by Duban and by the schemas")
  func goodExamples() throws {
    let examples = contract.goodExamples
    for example in examples { #expect(refusal(of: example.raw) == nil, "\(example.message) \(example.name)") }
    let cases = examples.map {
      $0.headers.isEmpty ? Contract.Case(body: $0.body) : Contract.Case(message: "binary", body: $0.body)
    }
    for (example, fault) in zip(examples, try Contract.verdicts(on: cases)) {
      #expect(fault == nil, "\(example.message) \(example.name)")
    }
    let headers = examples.filter { !$0.headers.isEmpty }
    #expect(headers.count == 1)
    #expect(
      try Contract.verdicts(on: headers.map { Contract.Case(message: "binary", headers: $0.headers) }).allSatisfy { $0 == nil })
  }

  @Test("all good examples count: in one batch, and one by one in any order", arguments: 0..<5 as Range<UInt64>)
  func goodExamplesCount(seed: UInt64) throws {
    var messages = try contract.goodExamples.map { try Envelope($0.raw) }
    var ledger = Ledger(try Self.references())
    if seed == 0 {
      #expect(ledger.hear(messages, at: Self.noon).allSatisfy { $0 == .applied })
    } else {
      var random = Seeded(seed)
      messages.shuffle(using: &random)
      for message in messages { ledger.hear([message], at: Self.noon) }
    }
    #expect(ledger.rows.values.map(\.log.count).reduce(0, +) == messages.count)
    for (key, row) in ledger.rows {
      #expect(row.verdicts.values.allSatisfy { $0.verdict == .applied }, "\(key): \(row.verdicts)")
    }
  }

  @Test("the shipped directory lets the senders of the good examples say what they say")
  func goodExamplesWithShippedDirectory() throws {
    var draft = try DirectoryDraft.read(yaml: deployed("directory/huangshi.yaml"))
    for i in draft.sources.indices { draft.sources[i].users = nil }
    let references = References(
      policies: PolicyBook(current: try Policy(yaml: Self.policy, version: 1)),
      directory: try DirectoryUpdate(draft, onto: .empty).after, calendars: Calendars())
    var ledger = Ledger(references)
    let examples = contract.goodExamples
    for (example, outcome) in zip(examples, ledger.hear(try examples.map { try Envelope($0.raw) }, at: Self.noon)) {
      #expect(outcome == .applied, "\(example.message) \(example.name)")
    }
  }

  @Test(
    "every bad example is refused, or taken and does not count, with the reason and the pointer that stand beside it; what the schemas can say, they say too"
  )
  func badExamples() throws {
    let examples = contract.badExamples
    var inapplicable: Set<String> = []
    for (example, fault) in zip(examples, try Contract.verdicts(on: examples.map { Contract.Case(body: $0.body) })) {
      let name = "\(example.message) \(example.name)"
      if let unreadable = refusal(of: example.raw) {
        #expect((fault != nil) != isBeyondSchemas(unreadable), "\(name)")
        #expect(unreadable.reason.rawValue == example.reason && unreadable.pointer == example.pointer, "\(name): \(unreadable)")
        continue
      }
      #expect(fault == nil, "\(name)")
      var ledger = Ledger(try Self.references())
      for key in example.after {
        let before = try Envelope(try #require(contract.goodExamples(of: key).first).raw)
        #expect(ledger.hear([before], at: Self.noon) == [.applied], "\(name) after \(key)")
      }
      let (told, entries) = (ledger.announcements.count, ledger.entries)
      switch ledger.hear([try Envelope(example.raw)], at: example.heard ?? Self.noon).first {
      case .refused(let refusal)?:
        #expect(refusal.reason.rawValue == example.reason && refusal.pointer == example.pointer, "\(name): \(refusal)")
        #expect(ledger.entries == entries && !contract.inapplicableReasons.contains(example.reason ?? ""), "\(name)")
      case .inapplicable(let reason)?:
        inapplicable.insert(reason.rawValue)
        #expect(ledger.entries == entries + 1, "\(name)")
        let receipt = try #require(ledger.announcements.dropFirst(told).first { $0.type == .receiptRejected }, "\(name)")
        let data = try JSON(parsing: receipt.data)
        #expect(data["reason"].string == example.reason && data["pointer"].string == example.pointer, "\(name): \(receipt.data)")
      case let outcome: Issue.record("\(name): \(outcome.map { "\($0)" } ?? "nothing")")
      }
    }
    #expect(inapplicable == contract.inapplicableReasons.union(["invalid-value"]))
  }

  @Test(
    "what Duban takes the schemas take, and what it refuses they refuse, also for thousands of messages that are almost right")
  func agreement() throws {
    func parsed(_ examples: [Contract.Example]) -> [JSON] {
      examples.filter(\.headers.isEmpty).compactMap { try? JSON(parsing: $0.body) }
    }
    let (good, bad) = (parsed(contract.goodExamples), parsed(contract.badExamples))
    var mutator = Mutator(seed: 20_261_120, from: good)
    var messages: [String] = []
    for i in 0..<6000 { messages.append(mutator.variant(of: good[i % good.count])) }
    for i in 0..<1500 { messages.append(mutator.variant(of: bad[i % bad.count])) }
    for i in 0..<2500 { messages.append(mutator.misspelling(of: good[i % good.count].text)) }
    var taken = 0
    var differences: [String] = []
    for (message, fault) in zip(messages, try Contract.verdicts(on: messages.map { Contract.Case(body: $0) })) {
      let refusal = refusal(of: RawMessage(body: Array(message.utf8)))
      if refusal == nil { taken += 1 }
      if let refusal, isBeyondSchemas(refusal) { continue }
      guard (refusal == nil) != (fault == nil) else { continue }
      differences.append("\(message)\n  Duban: \(refusal.map { "\($0)" } ?? "taken")\n  schemas: \(fault ?? "taken")")
    }
    #expect(differences.isEmpty, "\(differences.count), such as\n\(differences.prefix(5).joined(separator: "\n"))")
    // Both verdicts must be common, or the agreement says little.
    #expect(taken > messages.count / 8 && taken < messages.count * 7 / 8, "\(taken) of \(messages.count) were taken")
  }

  @Test("to both the same days exist, and the same times of day and offsets are ones")
  func calendar() throws {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    var times: [String] = []
    for year in ["0000", "0001", "0004", "0100", "0400", "1900", "2000", "2023", "2024", "2100", "9999"] {
      for month in 0...13 {
        for day in [0, 1, 28, 29, 30, 31, 32] { times.append("\(year)-\(two(month))-\(two(day))T08:00:00+08:00") }
      }
    }
    for (hour, minute, second) in [(0, 0, 0), (23, 59, 59), (23, 59, 60), (24, 0, 0), (9, 60, 0), (9, 0, 61), (19, 20, 30)] {
      for offset in ["Z", "z", "", "+08", "+0800", "+00:00", "-23:59", "+24:00", "+08:60", "08:00"] {
        for fraction in ["", ".", ".0", ".1234567890", ",5"] {
          times.append("2024-02-29T\(two(hour)):\(two(minute)):\(two(second))\(fraction)\(offset)")
        }
      }
    }
    let messages = times.map { Sample.event("complaint.submitted", id: "1", subject: "S", time: $0, data: "{}") }
    var taken = 0
    for ((time, message), fault) in zip(zip(times, messages), try Contract.verdicts(on: messages.map { Contract.Case(body: $0) }))
    {
      let isTaken = refusal(of: RawMessage(body: Array(message.utf8))) == nil
      #expect(isTaken == (fault == nil), "\(time)")
      if isTaken { taken += 1 }
    }
    #expect(taken > 300 && taken < times.count - 300)
  }

  @Test("the examples of what Duban tells hold to their schemas")
  func outgoingExamples() throws {
    let cases = contract.messages(of: "events").flatMap { key in
      contract.goodExamples(of: key).map { Contract.Case(message: key, body: $0.body) }
    }
    for (example, fault) in zip(cases, try Contract.verdicts(on: cases)) { #expect(fault == nil, "\(example)") }
    let letter = try #require(contract.goodExamples(of: "letter").first)
    #expect(try Contract.verdicts(on: [Contract.Case(message: "letter", headers: letter.headers)]) == [nil])
    let told = refusal(of: RawMessage(body: Array(letter.body.utf8)))
    #expect(told?.reason.rawValue == letter.headers["duban-reason"] && told?.detail == letter.headers["duban-detail"])
  }

  @Test("what folds announce holds to its schema: each type, with each field that the contract lists")
  func announcements() throws {
    let events = try Self.story().map { (key: $0.type.rawValue, text: $0.cloudEvent) }
    #expect(Set(events.map(\.key)).sorted() == contract.messages(of: "events").sorted())
    for (event, fault) in zip(events, try Contract.verdicts(on: events.map { Contract.Case(message: $0.key, body: $0.text) })) {
      #expect(fault == nil, "\(event.text)")
    }
    // Types with the same data are looked at together.
    for (_, events) in Dictionary(
      grouping: events, by: { contract.message($0.key)["payload", "schema", "properties", "data"].text })
    {
      let keys = Set(events.map(\.key)).sorted()
      var told = try events.reduce(into: Set<String>()) { $0.formUnion(try JSON(parsing: $1.text).fields) }
      told.insert("traceparent")
      let listed = keys.reduce(into: Set(["traceparent"])) { $0.formUnion(contract.fields(of: $1)) }
      #expect(told.sorted() == listed.sorted(), "\(keys)")
    }
  }

  /// Matters to which everything happens that Duban has something to tell of.
  private static func story() throws -> [Announcement] {
    var ledger = Ledger(try references())
    func hour(_ hours: Double) -> Duban.Instant { noon + .seconds(Int64(hours * 3600)) }
    var ids = 0
    func message(
      _ type: String, _ subject: String, _ data: String?, at time: Double, source: String = "/hotline/12345"
    ) throws -> Envelope {
      ids += 1
      return try Sample.envelope(
        type, id: "s\(ids)", source: source, subject: subject, time: hour(time).rfc3339,
        data: data ?? (type == "complaint.submitted" ? nil : "{}"))
    }
    func hear(
      _ type: String, _ subject: String, _ data: String? = nil, at time: Double, heard: Double? = nil,
      source: String = "/hotline/12345"
    ) throws {
      ledger.hear([try message(type, subject, data, at: time, source: source)], at: hour(heard ?? time))
    }
    func sweep(_ subject: String, source: String = "/hotline/12345", at times: Double...) {
      for time in times { ledger.sweep(ItemKey(source: source, subject: subject), at: hour(time)) }
    }
    // To the top of both chains. The answer is dated back too far to be believed; a person decides about each breach of answering.
    try hear("complaint.submitted", "HS-1", at: 0)
    sweep("HS-1", at: 1.01, 48.01, 72.01, 96.01)
    try hear("complaint.urged", "HS-1", at: 96.5)
    try hear("complaint.responded", "HS-1", at: 40, heard: 97)
    for (decision, number) in [(.uphold, 1), (.excuse, 1), (.lift, 2), (.excuse, 3)] as [(Breach.Decision, Int32)] {
      ledger.decide(decision, on: number, of: "HS-1", at: hour(98))
    }
    sweep("HS-1", at: 456.01, 576.01, 696.01)
    // An answer in time that is heard a little late, of a source that asks for receipts.
    try hear("complaint.submitted", "QR-1", at: 0, source: "/qr/mashang")
    try hear("complaint.accepted", "QR-1", #"{"supporting":["黄石供电公司"]}"#, at: 1, source: "/qr/mashang")
    try hear("complaint.resolved", "QR-1", #"{"part":"黄石供电公司"}"#, at: 2, source: "/qr/mashang")
    sweep("QR-1", source: "/qr/mashang", at: 48.01)
    try hear("complaint.responded", "QR-1", at: 47.9, heard: 48.2, source: "/qr/mashang")
    // A street that is misspelt.
    let misspelt = try Sample.envelope(
      "complaint.submitted", id: "misspelt", source: "/qr/mashang", subject: "QR-2", time: noon.rfc3339,
      data: #"{"region":{"district":"黄石港区","street":"胜阳岗街道"}}"#)
    ledger.hear([misspelt], at: hour(48.25))
    // A pause that is heard a little late moves the deadline. Its district, and then the city, let it pass, which is found late.
    try hear("complaint.submitted", "HS-2", at: 0)
    sweep("HS-2", at: 48.01, 48.2)
    let pause = try message("complaint.suspended", "HS-2", #"{"reason":"待设计变更批复"}"#, at: 47.7)
    ledger.hear([pause, try message("complaint.resumed", "HS-2", "{}", at: 47.8)], at: hour(48.3))
    sweep("HS-2", at: 75, 103)
    ledger.decide(.excuse, on: 2, of: "HS-2", at: hour(104))
    // 延期 is decided before it is known to have been asked for; then it is settled.
    try hear("complaint.submitted", "HS-3", at: 0)
    let until = #""until":"2027-03-31T18:00:00+08:00""#
    try hear("complaint.extension-decided", "HS-3", #"{"decision":"approved",\#(until),"approver":"黄石港区"}"#, at: 2)
    try hear("complaint.extension-requested", "HS-3", #"{"reason":"连续降雨",\#(until)}"#, at: 1, heard: 2.1)
    try hear("complaint.resolved", "HS-3", at: 3)
    // The part of a unit, whose deadlines pass and which ends.
    try hear("complaint.submitted", "HS-4", at: 0)
    try hear("complaint.responded", "HS-4", at: 0.1)
    try hear("complaint.accepted", "HS-4", #"{"supporting":["黄石供电公司"]}"#, at: 0.2)
    sweep("HS-4", at: 433, 456.01, 456.21, 576.01, 576.21, 696.01, 696.21)
    try hear("complaint.resolved", "HS-4", #"{"part":"黄石供电公司"}"#, at: 2, heard: 698)
    for number in 1...6 { ledger.decide(.excuse, on: Int32(number), of: "HS-4", at: hour(699)) }
    // Sent back, designated, parked and settled; the resident is dissatisfied, and that is judged.
    try hear("complaint.submitted", "HS-5", #"{"category":"屋面渗水"}"#, at: 0)
    let acts = [
      ("assigned", #"{"region":{"district":"黄石港区","street":"花湖街道","community":"花湖小区"}}"#),
      ("returned", #"{"reason":"屋面维修由区住建局负责"}"#), ("return-decided", #"{"decision":"approved"}"#),
      ("reassigned", #"{"lead":"黄石供水公司","final":true,"reason":"会商指定承办"}"#), ("contacted", "{}"),
      ("parked", #"{"reason":"资金未落实"}"#), ("unparked", "{}"), ("closure-requested", #"{"closing":"已解决"}"#),
      ("closure-decided", #"{"decision":"approved"}"#), ("rated", #"{"rating":"不满意"}"#), ("judged", #"{"judgement":"重办"}"#),
    ]
    for (i, (type, data)) in acts.enumerated() { try hear("complaint." + type, "HS-5", data, at: 0.1 + Double(i) / 10) }
    // An inspection that a clean report ends.
    try hear("inspection.assigned", "XC-1", #"{"checklist":{"name":"three-checks"}}"#, at: 0)
    let signed = ["施工班组长", "下道工序班组长", "专职质检员"].map { #"{"role":"\#($0)"}"# }
    try hear(
      "inspection.reported", "XC-1",
      #"{"checklist":{"name":"three-checks","version":1},"role":"监理单位","results":{"工序及部位":"3号楼屋面","自检":\#(signed[0]),"#
        + #""交接检":\#(signed[1]),"专职检":\#(signed[2]),"现场照片":["1.jpg","2.jpg"]}}"#, at: 1)
    // A problem whose recheck does not pass.
    try hear("problem.raised", "WT-1", #"{"title":"立管混接"}"#, at: 0)
    try hear("problem.closure-requested", "WT-1", #"{"evidence":["照片1"]}"#, at: 1)
    try hear("problem.rechecked", "WT-1", #"{"passed":false,"reason":"渗漏"}"#, at: 2)
    #expect(ledger.faults.isEmpty)
    let letter = RawMessage(body: Array(Sample.event("complaint.submitted", id: "bad", subject: "HS-9", time: "昨天").utf8))
    let district = Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1)
    let schedule = Schedule(
      id: 1, name: "monthly", notice: .bulletin, recurrence: try #require(Recurrence(text: "month")), tier: .district,
      threshold: 1, catchUp: 1)
    let bulletin = Notice.bulletin(
      to: district, [StreetFigures(street: "胜阳港街道", open: 1, overdue: 1, escalated: 1)],
      in: Period(start: noon, end: hour(720)), schedule: schedule, by: nil, at: hour(720))
    var refused: Refusal?
    do throws(Refusal) { _ = try Envelope(letter) } catch { refused = error }
    return ledger.announcements + [
      Announcement.rejected(try #require(refused), of: letter, for: Audience(), at: noon),
      bulletin.announcement(for: Audience(district: "黄石港区"), orderKey: 2),
    ]
  }

  // MARK: - On real queues

  /// The city of the examples, in which one source is bound to an AMQP user.
  private static let directory = """
    city: 黄石市
    districts: [{ name: 黄石港区, streets: [胜阳港街道, 花湖街道] }]
    units: [黄石供水公司, 黄石供电公司, 黄石燃气公司]
    sources:
      - { uri: /hotline/12345, name: 12345热线, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}] }
      - { uri: /platform/12388, name: 12388平台, users: [discipline], confidential: true }
      - { uri: /qr/mashang, name: 码上监督马上办, receipts: true, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}] }
      - { uri: /portal/street, name: 街道平台, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}] }
      - { uri: /street/shengyanggang, name: 胜阳港街道自有平台, organs: [胜阳港街道], grants: [{ regions: [胜阳港街道] }] }
      - { uri: /platform/bureau, name: 住建局督办平台, organs: [黄石市, 黄石港区], grants: [{}] }
      - { uri: /finance/bureau, name: 财政局, organs: [黄石市, 黄石港区, 胜阳港街道], grants: [{}] }
    """

  /// A policy under which there is something to tell of every kind.
  private static let policy = """
    policy: telling
    counts-from-hearing-after: 1h
    basis: ×建〔2024〕×号第×条
    rules:
      - kind: complaint
        category: 屋面渗水
        acceptance: { within: 1d, district: 1d, city: 1d }
        response: { within: 48h, district: 24h, city: 24h }
        submission: { within: 15d, district: 1d, city: 1d }
        resolution: { within: 19d, district: 5d, city: 5d }
        review: { within: 90d, district: 5d, city: 5d }
        dissatisfaction: judged
        approver: source
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h, warn: 47h }
        resolution: { within: 19d, district: 5d, city: 5d, warn: 24h }
        slips: [blue, orange, red]
      - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  /// The same city, and the policy.
  private static func references() throws -> References {
    References(
      policies: PolicyBook(current: try Policy(yaml: policy, version: 1)),
      directory: try DirectoryUpdate(DirectoryDraft.read(yaml: directory), onto: .empty).after, calendars: Calendars(),
      checklists: ChecklistBook([try Checklist(yaml: threeChecks(), version: 1)]))
  }

  private static func threeChecks() throws -> String {
    try String(contentsOf: TestStore.root.appending(path: "deploy/checklists/three-checks.yaml"), encoding: .utf8)
  }

  /// Of the examples' day.
  private static let noon = ShanghaiTime(year: 2026, month: 11, day: 20, hour: 12).instant

  /// Keys by which the contract says that a queue is bound, and the routing keys, word by word, that it takes.
  private static let bindings: [(key: String, takes: @Sendable ([String]) -> Bool)] = [
    ("#", { _ in true }),
    ("*.*.*.*", { $0[0] != "confidential" }),
    ("*.*.黄石港区.*", { $0[0] != "confidential" && $0[2] == "黄石港区" }),
    ("*.*.黄石港区.花湖街道", { $0[0] != "confidential" && $0[2...] == ["黄石港区", "花湖街道"] }),
    ("item.escalated.#", { $0[...1] == ["item", "escalated"] }),
    ("item.escalated", { _ in false }),
    ("confidential.#", { $0[0] == "confidential" }),
  ]

  @Test(
    "on real queues the good examples enter the log, the bad ones become letters as promised, and all that is told holds to its schema"
  )
  func examplesOnQueues() async throws {
    let contract = contract
    try await Surroundings.with { test in
      let store = try test.store.connect()
      let connection = try AMQP.Connection(test.broker.configuration)
      defer { connection.close() }
      for (key, _) in Self.bindings { try test.declare(key, binding: [key], on: connection) }
      try test.store.setClock(at: Self.noon)
      try store.apply(directory: try DirectoryDraft.read(yaml: Self.directory))
      _ = try store.apply(policy: Self.policy)
      _ = try store.apply(checklists: [Self.threeChecks()])
      try store.apply(
        schedules: try ScheduleDraft.read(yaml: "schedules: [{ name: b, notice: bulletin, every: month, tier: district }]"))
      try await test.withDaemon { _ in
        try test.publish(contract.goodExamples)
        let good = contract.goodExamples.count
        try test.store.until(
          """
          (SELECT count(*) FROM item_event WHERE source IS NOT NULL) = \(good)
          AND NOT EXISTS (SELECT FROM verdict WHERE verdict <> 'applied')
          """,
          describing: "SELECT array_agg(type ORDER BY type) FROM item_event")
        try Self.refusals(contract, test)
        try Self.tellings(contract, test)
      }
    }
  }

  private static func refusals(_ contract: Contract, _ test: Surroundings) throws {
    // What depends on how an item stands depends on what else has happened to it by now; what it is, and that it is there, does not.
    let steady = ["item-exists", "wrong-kind"]
    let dead = contract.badExamples.filter {
      !contract.inapplicableReasons.contains($0.reason ?? "") && ($0.after.isEmpty || $0.reason != "invalid-value")
    }
    let inapplicable = contract.badExamples.filter { steady.contains($0.reason ?? "") }
    try test.publish(dead + inapplicable)
    var expected = Dictionary(grouping: dead, by: \.body)
    #expect(expected.count == dead.count, "two bad examples are the same")
    for queue in DubanTopology.intakeQueues {
      let here = dead.filter { example in
        DubanTopology.all.bindings.contains {
          $0.queue == queue.name && $0.routingKey == example.routingKey.prefix { $0 != "." } + ".#"
        }
      }
      let letters = try test.take(here.count, from: queue.deadLetterQueue)
      for letter in letters {
        let example = expected.removeValue(forKey: String(decoding: letter.body, as: UTF8.self))?.first
        #expect(
          letter.header("duban-reason") == example?.reason && letter.header("duban-pointer") == example?.pointer,
          "\(example?.message ?? "?") \(example?.name ?? "?"): \(letter.header("duban-detail") ?? "?")")
      }
      let cases = letters.map { Contract.Case(message: "letter", headers: $0.properties.headers.compactMapValues(\.string)) }
      #expect(try Contract.verdicts(on: cases).allSatisfy { $0 == nil })
    }
    #expect(expected.isEmpty)
    try test.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'inapplicable') = \(inapplicable.count)")
    for queue in DubanTopology.intakeQueues { #expect(try test.depth(of: queue.deadLetterQueue) == 0) }
  }

  /// Lets what is open rise to the top, a month end, and an answer come that is dated back; then everything has been told that Duban can tell.
  private static func tellings(_ contract: Contract, _ test: Surroundings) throws {
    try test.store.setClock(at: noon + .hours(2))
    try test.store.until("EXISTS (SELECT FROM finding WHERE type = 'item.due-soon')")
    for days in 1...4 {
      try test.store.setClock(at: noon + .days(Int64(days * 60)))
      try test.store.until(
        "NOT EXISTS (SELECT FROM item WHERE wake_at <= duban_now()) AND NOT EXISTS (SELECT FROM schedule WHERE due_at <= duban_now())"
      )
    }
    let item = "(SELECT id FROM item WHERE source = '/qr/mashang' AND subject = 'QR-0002')"
    try test.publish([
      Sample.event(
        "complaint.responded", id: "late", source: "/qr/mashang", subject: "QR-0002", time: (noon + .hours(1)).rfc3339, data: "{}"
      )
    ])
    try test.store.until("(SELECT count(*) FROM breach WHERE item_id = \(item) AND status = 'contested') = 3")
    let store = try test.store.connect()
    let id: Int64 = try test.store.ask("SELECT \(item)")
    for breach in try store.breaches(of: [id])[id] ?? [] {
      let decisions: [Breach.Decision] =
        switch (breach.lapse.step.clock, breach.lapse.step.tier) {
        case (.response, .street): [.uphold, .excuse]
        case (.response, _): [.lift]
        case (.resolution, _): [.excuse]
        case (.acceptance, _), (.submission, _), (.review, _): []
        }
      for decision in decisions {
        _ = try store.decide(decision, on: breach.number, of: id, by: "王某", because: "台风停工")
      }
    }
    try test.store.until("(SELECT count(*) FROM outbox) = 0")
    let deliveries = try test.take(try test.depth(of: "#"), from: "#")
    for (key, takes) in Self.bindings.dropFirst() {
      let count = deliveries.count { takes($0.routingKey.split(separator: ".").map(String.init)) }
      #expect(try test.depth(of: key) == count && (count > 0) == (key != "item.escalated"), "\(key): \(count)")
    }
    let events = deliveries.map { String(decoding: $0.body, as: UTF8.self) }
    let keys = try events.map { try JSON(parsing: $0)["type"].string?.replacing(EventType.prefix, with: "") ?? "?" }
    #expect(Set(keys).sorted() == contract.messages(of: "events").sorted())
    let cases = zip(keys, events).map { Contract.Case(message: $0, body: $1) }
    for (event, fault) in zip(events, try Contract.verdicts(on: cases)) { #expect(fault == nil, "\(event)") }
    for (key, event) in zip(keys, events) {
      let unlisted = try JSON(parsing: event).fields.subtracting(contract.fields(of: key))
      #expect(unlisted.isEmpty, "\(key): the contract does not list \(unlisted.sorted())")
    }
  }
}

extension Ledger {
  /// How many entries there are in all logs.
  fileprivate var entries: Int { rows.values.map(\.log.count).reduce(0, +) }
}

extension Announcement {
  /// As the relay sends it.
  fileprivate var cloudEvent: String {
    var attributes = [
      ("specversion", "1.0"), ("id", id ?? "duban-1"), ("source", "/duban"), ("type", Duban.EventType.prefix + type.rawValue),
      ("time", occurredAt.rfc3339), ("subject", subject), ("datacontenttype", "application/json"),
    ]
    if let traceparent { attributes.append(("traceparent", traceparent)) }
    return "{" + attributes.map { "\(JSONText.string($0)):\(JSONText.string($1))," }.joined() + "\"data\":\(data)}"
  }
}

extension Surroundings {
  /// Publishes examples, and waits for the confirms.
  fileprivate func publish(_ examples: [Contract.Example]) throws {
    let connection = try AMQP.Connection(broker.configuration)
    defer { connection.close() }
    let messages = examples.map { example in
      OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: example.routingKey,
        properties: Properties(
          contentType: example.headers.isEmpty ? "application/cloudevents+json" : "application/json",
          headers: example.headers.mapValues { .string($0) }, deliveryMode: .persistent), body: Array(example.body.utf8))
    }
    let outcomes = try Publisher(connection: connection).publish(batch: messages, timeout: .seconds(60))
    #expect(outcomes.allSatisfy { $0 == .confirmed })
  }
}
