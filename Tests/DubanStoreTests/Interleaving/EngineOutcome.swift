// What a run has left in the database and at the broker, once nothing is left to happen.

import Duban
import Foundation
import PostgreSQL

@testable import DubanStore

struct EngineOutcome {
  struct LogLine {
    var sequence: Int32
    var key: MessageKey?
    var event: LoggedEvent
  }

  /// An announcement as it was put into the outbox.
  struct Announced: Hashable {
    var lane: Int16
    var id: Int64
    var eventID: String
    var type: String
    var subject: String
    var data: String
  }

  struct Waiting {
    var key: MessageKey
    var itemID: Int64
    var type: String
  }

  /// A 约谈: over which item and clock, and what names it.
  struct Summons: Hashable {
    var itemID: Int64
    var cycle: Int32
    var clock: String
    var reference: String
  }

  var items: [Item]
  var logs: [Int64: [LogLine]]
  var breaches: [Int64: [Breach]]
  var summonses: [Summons]
  var messages: [MessageKey: ContentDigest]
  var waiting: [Waiting]
  var announced: [Announced]
  var published: [Announced]
  /// Everything that was sent, each once.
  var sent: [MessageKey: Set<ContentDigest>]
  var refused: Set<ContentDigest>
  var isDue: Bool
  var isToPublish: Bool
  var replay: Replay
  var policies: PolicyBook

  init(of run: EngineRun) throws {
    let store = run.crew.database.store
    let connection = store.connection
    items = try connection.execute("SELECT \(ItemRow.selection) FROM item ORDER BY id").map { try ItemRow.read($0) }
    logs = [:]
    for row in try connection.execute(
      """
      SELECT item_id, sequence, source, message_id, type, occurred_at, recorded_at, body
      FROM item_event ORDER BY item_id, sequence
      """)
    {
      let source: String? = try row.decode(2)
      let id: String? = try row.decode(3)
      logs[try row.decode(0), default: []].append(
        LogLine(
          sequence: try row.decode(1), key: source.flatMap { source in id.map { MessageKey(source: source, id: $0) } },
          event: LoggedEvent(
            type: try row.decode(4), occurredAt: try row.decode(5), recordedAt: try row.decode(6), body: try row.decode(7))))
    }
    breaches = try store.breaches(of: items.map(\.id))
    summonses = try connection.execute("SELECT item_id, cycle, clock, reference FROM notice").map {
      Summons(itemID: try $0.decode(0), cycle: try $0.decode(1), clock: try $0.decode(2), reference: try $0.decode(3))
    }
    messages = [:]
    for row in try connection.execute("SELECT source, id, digest FROM message") {
      messages[MessageKey(source: try row.decode(0), id: try row.decode(1))] = ContentDigest(bytes: try row.decode(2))
    }
    waiting = try connection.execute("SELECT source, message_id, item_id, type FROM waiting_event").map {
      Waiting(
        key: MessageKey(source: try $0.decode(0), id: try $0.decode(1)), itemID: try $0.decode(2), type: try $0.decode(3))
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
    (isDue, isToPublish) = try run.crew.database.work()
    replay = try store.replay()
    policies = replay.policies
  }

  /// What must come out the same whoever did the work: of each item its log, its state, its breaches and its 约谈; times to the
  /// minute, because within it real time passes.
  var summary: [String] {
    func minute(_ time: Instant?) -> String { time.map { String($0.rfc3339.prefix(16)) } ?? "-" }
    return items.map { item in
      let log = (logs[item.id] ?? []).map { "\($0.event.type) \($0.key?.id ?? minute($0.event.recordedAt))" }
      let breaches = (breaches[item.id] ?? []).map { "\($0.cycle) \($0.clock) \($0.tier) \(minute($0.dueAt))" }
      let summonses = summonses.filter { $0.itemID == item.id }.map { "\($0.cycle) \($0.clock)" }
      return """
        \(item.key.subject): \(item.phase) at \(item.tier), cycle \(item.cycle), due \(minute(item.deadline?.dueAt)), \
        settled by \(minute(item.resolutionDueAt)); log \(log); breaches \(breaches.sorted()); 约谈 \(summonses.sorted())
        """
    }.sorted()
  }
}
