// The published contract and the programs are one truth: what it lists they have, what its schemas take and refuse they take and refuse.

import AMQP
import Duban
import DubanBroker
import DubanStore
import DubanWorkers
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
    #expect(contract.messages(of: "events").sorted() == Announcement.EventType.allCases.map(\.rawValue).sorted())
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

  @Test(
    "every bad example is refused with the reason and the pointer that stand beside it, by the schemas too as far as they can")
  func badExamples() throws {
    let examples = contract.badExamples
    for (example, fault) in zip(examples, try Contract.verdicts(on: examples.map { Contract.Case(body: $0.body) })) {
      let refused: Refusal?
      if let unreadable = refusal(of: example.raw) {
        #expect((fault != nil) != isBeyondSchemas(unreadable), "\(example.message) \(example.name)")
        refused = unreadable
      } else {
        #expect(fault == nil, "\(example.message) \(example.name)")
        var fold = IntakeFold(
          IntakeSnapshot(taken: [:], items: [:], freshIDs: Array(1..<10)), machine: try Self.machine())
        for key in example.after {
          #expect(fold.take(try Envelope(try #require(contract.goodExamples(of: key).first).raw)) == .applied)
        }
        if case .refused(let refusal) = fold.take(try Envelope(example.raw)) { refused = refusal } else { refused = nil }
      }
      #expect(
        refused?.reason.rawValue == example.reason && refused?.pointer == example.pointer,
        "\(example.message) \(example.name): \(refused.map { "\($0)" } ?? "taken")")
    }
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

  // MARK: - On real queues

  /// The city of the examples, in which one source is bound to an AMQP user.
  private static let directory = """
    city: 黄石市
    districts: [{ name: 黄石港区, streets: [胜阳港街道, 花湖街道] }]
    sources:
      - { uri: /hotline/12345, name: 12345 热线 }
      - { uri: /platform/12388, name: 12388 平台, users: [discipline] }
      - { uri: /qr/mashang, name: 码上监督马上办, receipts: true }
      - { uri: /portal/street, name: 街道平台 }
      - { uri: /finance/bureau, name: 财政局 }
    """

  /// A policy under which there is something to tell of every kind.
  private static let policy = """
    policy: telling
    counts-from-hearing-after: 1h
    rules:
      - kind: complaint
        response: { within: 48h, district: 24h, city: 24h, warn: 47h }
        resolution: { within: 19d, district: 5d, city: 5d }
        slips: [blue, orange, red]
      - { kind: inspection, response: { within: 7d, district: 3d, city: 3d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: funding, response: { within: 15d, district: 5d, city: 5d }, resolution: { within: 30d, district: 5d, city: 5d } }
      - { kind: reminder, resolution: { within: 24h, district: 24h, city: 24h } }
    """

  /// The same city, at noon of the examples' day.
  private static func machine() throws -> ItemMachine {
    let draft = try DirectoryDraft.read(yaml: directory)
    let now = Duban.Instant(rfc3339: noon)
    return ItemMachine(
      policies: PolicyBook(current: try Policy(yaml: policy, version: 1)),
      directory: Directory(
        version: 1,
        organs: [
          Organ(id: 1, tier: .city, name: "黄石市", parentID: nil), Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1),
          Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2), Organ(id: 4, tier: .street, name: "花湖街道", parentID: 2),
        ],
        sources: draft.sources.map { UpstreamSource(uri: $0.uri, name: $0.name, users: $0.users ?? []) }), calendar: .unannounced,
      now: try #require(now))
  }

  private static let noon = "2026-11-20T12:00:00+08:00"

  @Test(
    "on real queues the good examples enter the log, the bad ones become letters as promised, and all that is told holds to its schema"
  )
  func examplesOnQueues() async throws {
    let contract = contract
    try await Surroundings.with { test in
      let store = try test.store.connect()
      try test.store.setClock(ahead: try test.store.ask("SELECT (timestamptz '\(Self.noon)' - now())::text"))
      try store.apply(directory: try DirectoryDraft.read(yaml: Self.directory))
      _ = try store.apply(policy: Self.policy)
      try store.apply(
        schedules: try ScheduleDraft.read(yaml: "schedules: [{ name: b, notice: bulletin, every: month, tier: district }]"))
      try await test.withDaemon { _ in
        try test.publish(contract.goodExamples)
        let good = contract.goodExamples.count
        try test.store.until(
          "(SELECT count(*) FROM item_event WHERE source IS NOT NULL) = \(good) AND (SELECT count(*) FROM waiting_event) = 0",
          describing: "SELECT array_agg(type ORDER BY type) FROM item_event")
        try Self.refusals(contract, test)
        try Self.tellings(contract, test)
      }
    }
  }

  private static func refusals(_ contract: Contract, _ test: Surroundings) throws {
    // What depends on how an item stands depends on what else has happened to it by now.
    let bad = contract.badExamples.filter { $0.reason != "not-allowed" }
    try test.publish(bad)
    var expected = Dictionary(grouping: bad, by: \.body)
    #expect(expected.count == bad.count, "two bad examples are the same")
    for queue in DubanTopology.intakeQueues {
      let here = bad.filter { example in
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
  }

  /// Lets what is open climb to the top, and a month end; then everything has been told that Duban can tell.
  private static func tellings(_ contract: Contract, _ test: Surroundings) throws {
    func setClock(afterNoon time: String) throws {
      try test.store.setClock(ahead: try test.store.ask("SELECT (timestamptz '\(noon)' - now() + interval '\(time)')::text"))
    }
    try setClock(afterNoon: "2 hours")
    try test.store.until("EXISTS (SELECT FROM item_event WHERE type = 'item.due-soon')")
    for days in 1...4 {
      try setClock(afterNoon: "\(days * 60) days")
      try test.store.until(
        "NOT EXISTS (SELECT FROM item WHERE due_at <= duban_now()) AND NOT EXISTS (SELECT FROM schedule WHERE due_at <= duban_now())"
      )
    }
    try test.store.until("(SELECT count(*) FROM outbox) = 0")
    let events = try test.take(try test.depth(of: "test.events"), from: "test.events").map {
      String(decoding: $0.body, as: UTF8.self)
    }
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
