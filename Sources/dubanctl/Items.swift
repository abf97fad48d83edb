// dubanctl items and notices: what Duban holds, and what happened to it.

import ArgumentParser
import Duban
import DubanStore
import FoundationEssentials

struct Items: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Items (件) and their timelines.", subcommands: [List.self, Due.self, Show.self, Explain.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists items, the most urgent first.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Option(help: "complaint, inspection, funding or reminder.") var kind: Kind?
    @Option(help: "awaited, open, responded, merged or closed.") var phase: Item.Phase?
    @Option(help: "street, district or city: who holds it now.") var tier: Tier?
    @Flag(help: "Only those that let a deadline pass and are not closed.") var overdue = false
    @Flag(help: "Only those whose street or unit the directory does not know (待派).") var unassigned = false
    @Option(help: "How many at most.") var limit = 50

    func run() async throws {
      var filter = ItemFilter()
      (filter.kind, filter.phase, filter.tier) = (kind, phase, tier)
      (filter.overdueOnly, filter.unassignedOnly, filter.limit) = (overdue, unassigned, limit)
      let items = try await connections.migratedStore().items(filter).map(ItemView.init)
      try output.print(
        items,
        table: Table(
          heading: ["id", "number", "kind", "phase", "tier", "held by", "clock", "due", "overdue since", "climbs", "urged"],
          rows: items.map { i in
            [
              "\(i.id)", i.number, i.kind, i.phase + (i.unassigned ? " 待派" : ""), i.tier, i.organ ?? "–", i.clock ?? "–",
              i.held ?? i.dueAt ?? "–",
              i.breachedAt ?? "–", "\(i.escalations)", "\(i.urgings)",
            ]
          }))
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows one item with its timeline.")

    @OptionGroup var connections: Connections
    @OptionGroup var output: Output
    @Argument(help: "Duban's id, the number upstream, or SOURCE/NUMBER; of a unit's part with #UNIT behind.") var item: String

    func run() async throws {
      let store = try await connections.migratedStore()
      guard let summary = try store.item(named: item) else { throw ValidationError("no item \(item)") }
      let view = ItemView(summary)
      let timeline = try store.timeline(of: summary.item.id).map(TimelineView.init)
      struct Whole: Encodable {
        var item: ItemView
        var parts: [ItemView]
        var timeline: [TimelineView]
      }
      let parts = summary.item.key.unit == nil ? try store.parts(of: summary.item).map(ItemView.init) : []
      let partLines = parts.map { part in
        ["part (协办)", "\(part.unit ?? ""): \(part.phase), \(part.held ?? part.dueAt.map { "due \($0)" } ?? "no deadline runs")"]
      }
      try output.print(
        Whole(item: view, parts: parts, timeline: timeline),
        table: Table(heading: ["", ""], rows: view.lines + partLines + [["", ""]]))
      guard !output.json else { return }
      print(
        Table(
          heading: ["#", "happened", "recorded", "event", "from"],
          rows: timeline.map { ["\($0.sequence)", $0.occurredAt, $0.recordedAt, $0.summary, $0.source ?? "duban"] }
        ).text)
    }
  }
}

struct Notices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "通报 and 约谈, the latest first.")

  @OptionGroup var connections: Connections
  @OptionGroup var output: Output
  @Option(help: "How many at most.") var limit = 20
  @Flag(help: "Print the texts too.") var text = false

  func run() async throws {
    struct View: Encodable {
      var reference, kind, status, organ, title, body, createdAt: String
    }
    let notices = try await connections.migratedStore().notices(limit: limit).map {
      View(
        reference: $0.reference, kind: $0.kind, status: $0.status, organ: $0.organ, title: $0.title, body: $0.body,
        createdAt: $0.createdAt.rfc3339)
    }
    try output.print(
      notices,
      table: Table(
        heading: ["made", "kind", "status", "to", "title"],
        rows: notices.map { [$0.createdAt, $0.kind, $0.status, $0.organ, $0.title] }))
    guard text && !output.json else { return }
    for notice in notices { print("\n\(notice.title)\n\(notice.body)") }
  }
}

extension Kind: ExpressibleByArgument {}
extension Item.Phase: ExpressibleByArgument {}
extension Tier: ExpressibleByArgument {}

/// An item as it is printed; times in Asia/Shanghai.
struct ItemView: Encodable {
  var id: Int64
  var source: String
  var subject: String
  /// The supporting unit (协办) whose part it is.
  var unit: String?
  /// The lead unit (主办).
  var lead: String?
  var kind: String
  var phase: String
  var tier: String
  var organ: String?
  var unassigned: Bool
  var community: String?
  var category: String?
  var grade: String?
  var title: String?
  var policyVersion: Int
  var openedAt: String?
  var closedAt: String?
  /// The clock that runs, or is held, and until when it has time.
  var clock: String?
  var dueAt: String?
  /// The deadlines that are still ahead of it: the one of the 响应 clock while that runs, and the one of the 办结 clock.
  var responseDueAt: String?
  var resolutionDueAt: String?
  /// Since when its clocks are held (暂停, 合并).
  var heldSince: String?
  /// The main item that it follows (合并).
  var follows: String?
  var answeredAt: String?
  /// 延期: when one was asked for that is not decided yet, how many were granted in the present cycle, and what was granted before its request.
  var extensionAskedAt: String?
  var extensions: Int32
  var grantedEarlyUntil: String?
  var breachedAt: String?
  var cycle: Int32
  var escalations: Int32
  var urgings: Int32
  var returns: Int32

  init(_ summary: ItemSummary) {
    let item = summary.item
    (id, source, subject, kind, phase) = (item.id, item.key.source, item.key.subject, item.kind.rawValue, item.phase.rawValue)
    (tier, organ, unassigned, community) = (item.tier.rawValue, summary.organ, item.place.isUnassigned, item.place.community)
    (unit, lead) = (item.key.unit, item.lead)
    (category, grade, title, policyVersion) = (item.category, item.grade, item.title, item.policyVersion)
    (openedAt, closedAt) = (item.openedAt?.rfc3339, item.phase == .closed ? item.closedAt?.rfc3339 : nil)
    (clock, dueAt, breachedAt) = (item.deadline?.clock.rawValue, item.deadline?.dueAt.rfc3339, item.breachedAt?.rfc3339)
    responseDueAt = item.deadline?.clock == .response ? dueAt : nil
    resolutionDueAt = item.deadline.flatMap { $0.clock == .resolution ? $0.dueAt : item.resolutionDueAt }?.rfc3339
    heldSince = item.suspendedAt?.rfc3339
    // A part's main item is its whole, which it follows only where that is merged.
    follows = item.key.unit == nil || item.phase == .merged ? item.main.map { "\($0)" } : nil
    (answeredAt, extensionAskedAt) = (item.answeredAt?.rfc3339, item.extensionAskedAt?.rfc3339)
    (extensions, grantedEarlyUntil) = (item.extensions, item.earlyGrant?.rfc3339)
    (cycle, escalations, urgings, returns) = (item.cycle, item.escalations, item.urgings, item.returns)
  }

  /// As an operator names it: of a part with its unit.
  var number: String { key.number }

  private var key: ItemKey { ItemKey(source: source, subject: subject, unit: unit) }

  /// Why its deadline does not run; nil where none is held.
  var held: String? {
    let since = heldSince.map { "clocks held since \($0)" }
    if phase == Item.Phase.merged.rawValue, let follows {
      return "merged, follows \(follows) (合并)" + (since.map { ", \($0)" } ?? "")
    }
    return since.map { "\($0) (暂停)" }
  }

  /// What is known of 延期 in the present cycle.
  private var extensionLine: String {
    let granted = extensions > 0 ? "granted \(extensions == 1 ? "once" : "\(extensions) times")" : nil
    let asked = extensionAskedAt.map { "asked for at \($0), not decided yet" }
    let early = grantedEarlyUntil.map { "granted until \($0), its request has not come" }
    let known = [granted, asked, early].compactMap(\.self)
    return known.isEmpty ? "–" : known.joined(separator: "; ")
  }

  /// A clock's deadline: where it is held, as it was then.
  private func due(_ dueAt: String?) -> String? {
    dueAt.map { heldSince == nil ? "due \($0)" : "was due \($0) when it was held, and has that much left" }
  }

  var lines: [[String]] {
    [
      ["number", "\(key)"], ["kind", kind], ["phase", phase + (unassigned ? ", 待派" : "")],
      ["held by", "\(tier) \(organ ?? "–")"], ["lead (主办)", lead ?? "–"],
      ["community", community ?? "–"], ["category", category ?? "–"], ["title", title ?? "–"], ["opened", openedAt ?? "–"],
      ["deadline", held ?? dueAt.map { "\($0) (\(clock ?? ""), policy version \(policyVersion))" } ?? "none runs"],
      ["响应", answeredAt.map { "answered \($0)" } ?? due(responseDueAt) ?? "–"], ["办结", due(resolutionDueAt) ?? "–"],
      ["延期", extensionLine], ["main item (合并)", follows ?? "–"],
      ["first breach", breachedAt ?? "none"], ["closed", closedAt ?? "–"],
      ["counts", "cycle \(cycle), \(escalations) climbs, \(urgings) urgings, \(returns) returns"],
    ]
  }
}

/// A line of a timeline as it is printed.
struct TimelineView: Encodable {
  var sequence: Int
  var type: String
  var source: String?
  var messageID: String?
  var occurredAt: String
  var recordedAt: String
  var body: String

  init(_ entry: TimelineEntry) {
    (sequence, type, source, messageID) = (entry.sequence, entry.type, entry.source, entry.messageID)
    (occurredAt, recordedAt, body) = (entry.occurredAt.rfc3339, entry.recordedAt.rfc3339, entry.body)
  }

  /// The event and the message that brought it; for a step of the chain, who let what pass and who holds it now until when;
  /// for deadlines that were reckoned anew, by whom, why, and what they were before.
  var summary: String {
    if let messageID { return "\(type) (\(messageID))" }
    if let reckoning = ReckoningView(type: type, at: recordedAt, body: body) { return "\(type): \(reckoning.summary)" }
    guard let step = try? JSONDecoder().decode(ChainStep.self, from: Data(body.utf8)) else { return type }
    let next = step.nextDueAt.map { "until \($0)" } ?? "no deadline runs"
    let late = step.countedFrom.map { ", counted from \($0), when it was found" } ?? ""
    return
      "\(type): \(step.clock) due \(step.dueAt) at \(step.fromOrgan ?? step.from); now \(step.toOrgan ?? step.to), \(next)\(late)"
  }

  /// What the log says of a step of the chain.
  private struct ChainStep: Decodable {
    var clock, dueAt, from, to: String
    var fromOrgan, toOrgan, nextDueAt, countedFrom: String?
  }
}
