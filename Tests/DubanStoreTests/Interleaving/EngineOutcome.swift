// What a run has left in the database and at the broker, once nothing is left to happen.

import Duban
import Foundation
import PostgreSQL

@testable import DubanStore

struct EngineOutcome {
  /// An announcement as it was put into the outbox.
  struct Announced: Hashable {
    var lane: Int16
    var id: Int64
    var eventID: String
    var type: String
    var subject: String
    var data: String
  }

  /// A 约谈 over a cycle of an item.
  struct Summons: Hashable {
    var itemID: Int64
    var unit: String?
    var begunBy: Int32
    var reference: String
    var isWithdrawn: Bool
    var grounds: Int
  }

  /// An edge from a duplicate to its main item.
  struct Edge: Hashable {
    var duplicate: ItemKey
    var number: Int32
    var main: ItemKey
    var at: Instant
  }

  var matters: [Matter]
  var pasts: [Int64: Intake.Past]
  var findings: [Int64: [FindingRow]]
  var summonses: [Summons]
  var edges: [Edge]
  var messages: [MessageKey: ContentDigest]
  var announced: [Announced]
  var published: [Announced]
  /// Everything that was sent, each once.
  var sent: [MessageKey: Set<ContentDigest>]
  var refused: Set<ContentDigest>
  var work: EngineDatabase.Work
  var references: References
  var now: Instant
  /// What is broken in what every matter on record must come to.
  var record: [String]
  var originals: Int

  init(of run: EngineRun) throws {
    let store = run.crew.database.store
    let connection = store.connection
    matters = try store.allMatters()
    pasts = try store.pasts(of: matters)
    findings = try Dictionary(uniqueKeysWithValues: matters.map { ($0.id, try store.findings(of: $0.id)) })
    summonses = try connection.execute(
      """
      SELECT item_id, unit, begun_by, reference, status = 'withdrawn',
        (SELECT count(*) FROM notice_ground WHERE notice_id = notice.id) FROM notice
      """
    ).map {
      Summons(
        itemID: try $0.decode(0), unit: try $0.decode(1), begunBy: try $0.decode(2), reference: try $0.decode(3),
        isWithdrawn: try $0.decode(4), grounds: try $0.decode(5))
    }
    edges = try connection.execute(
      "SELECT source, subject, number, merging.main_source, merging.main_subject, at FROM merging JOIN item ON item.id = item_id"
    ).map {
      Edge(
        duplicate: ItemKey(source: try $0.decode(0), subject: try $0.decode(1)), number: try $0.decode(2),
        main: ItemKey(source: try $0.decode(3), subject: try $0.decode(4)), at: try $0.decode(5))
    }
    messages = [:]
    for row in try connection.execute("SELECT source, id, digest FROM message") {
      messages[MessageKey(source: try row.decode(0), id: try row.decode(1))] = ContentDigest(bytes: try row.decode(2))
    }
    announced = try connection.execute(
      "SELECT lane, id, coalesce(event_id, 'duban-' || id), type, subject, data FROM test_announced ORDER BY id"
    ).map {
      Announced(
        lane: try $0.decode(0), id: try $0.decode(1), eventID: try $0.decode(2), type: try $0.decode(3),
        subject: try $0.decode(4), data: try $0.decode(5))
    }
    published = run.crew.broker.published.map {
      Announced(lane: $0.lane, id: $0.id, eventID: $0.eventID, type: $0.type, subject: $0.subject, data: $0.data)
    }
    sent = [:]
    for arrival in run.history.arrivals {
      sent[try Envelope(arrival.message).key, default: []].insert(ContentDigest(of: arrival.message))
    }
    refused = Set(run.crew.broker.deadLetters.map { ContentDigest(of: $0.message) })
    work = try run.crew.database.work()
    (references, now) = try store.referencesInForce()
    record = try RecordLaws.violations(store)
    originals = try connection.execute("SELECT count(*) FROM original").only().decode(0)
  }

  /// What must come out the same whoever did the work: of each item its log, its state, its breaches and its 约谈; times to the minute,
  /// because within it real time passes.
  var summary: [String] {
    func minute(_ time: Instant?) -> String { time.map { String($0.rfc3339.prefix(16)) } ?? "-" }
    return matters.flatMap { matter in
      let past = pasts[matter.id]
      // How often a duplicate was told of its main item depends on what the walk came upon; the last of it is in the state.
      let log = (past?.log ?? []).filter { $0.type != "item.followed" }.map { "\($0.type) \($0.key?.id ?? minute($0.place))" }
        .sorted()
      let breaches = (past?.chronicle.breaches ?? []).filter { $0.status.counts }.map {
        "\($0.lapse.step.unit ?? "") \($0.lapse.cycle) \($0.lapse.step.clock) \($0.lapse.step.tier) \(minute($0.lapse.dueAt))"
      }
      let items = matter.items.map { unit, item in
        let clocks = item.clocks.map { "\($0.kind) \(minute($0.clock.dueAt))" }
        return "\(unit ?? ""): \(item.phase), cycle \(item.cycles), \(item.cycle?.supervisor?.rawValue ?? "-"), \(clocks)"
      }
      let notices = summonses.count { $0.itemID == matter.id && !$0.isWithdrawn }
      return ["\(matter.key.subject) \(items); log \(log); breaches \(breaches.sorted()); 约谈 \(notices)"]
    }.sorted()
  }
}
