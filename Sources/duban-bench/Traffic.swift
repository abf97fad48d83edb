// The events of a run, one after the other: which kinds, which are later events of earlier items, which are bad or come twice.

import AMQP
import ArgumentParser
import Duban
import Glibc

/// What is published.
enum Mix: String, CaseIterable, ExpressibleByArgument, Encodable {
  /// `complaint.submitted` only, each a new item.
  case complaints
  /// 60 % complaints, 20 % inspections, 10 % funding, 10 % reminders; a third of all are later events of existing items, 1 % are bad
  /// and 2 % are duplicates of recent ones.
  case mixed
}

/// Makes events without end. Their sequence is the same for every run; their ids and subjects hold the run's name, so that no two
/// runs collide.
struct Traffic {
  /// What every id begins with.
  let idPrefix: String
  /// Events made so far.
  private(set) var count = 0
  /// Those among them that duband must keep: neither bad nor duplicates.
  private(set) var kept = 0

  private let mix: Mix
  private let run: String
  private var random = SplitMix(state: 20_261_120)
  private var time = ""
  private var due = ""
  /// Items whose lives are not over; of each kind the latest few.
  private var living: [Kind: [LivingItem]] = [:]
  /// What a duplicate repeats.
  private var recent: [OutgoingMessage] = []

  private struct LivingItem {
    var subject: String
    /// How many of its kind's later events it has had.
    var stage = 0
  }

  private static let memory = 2000

  init(_ mix: Mix, run: String) {
    self.mix = mix
    self.run = run
    idPrefix = "evt-\(run)-"
  }

  /// The id of the event that ``next()`` made as number `index`, counted from 0. (Of a duplicate it is another's.)
  func id(_ index: Int) -> String { "\(idPrefix)\(index)" }

  mutating func next() -> OutgoingMessage {
    // Reading the clock and writing it out for every event would cost as much as the event.
    if count % 128 == 0 { readClock() }
    defer { count += 1 }
    guard mix == .mixed else {
      kept += 1
      return opening(.complaint).message
    }
    let share = random.share()
    if share < 0.01 { return bad() }
    if share < 0.03, let earlier = recent.randomElement(using: &random) { return earlier }
    kept += 1
    let message = share < 0.03 + 1.0 / 3 ? laterEvent() : newItem()
    remember(message)
    return message
  }

  private mutating func readClock() {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let instant = Instant(microseconds: Int64(now.tv_sec) * 1_000_000)
    (time, due) = (instant.rfc3339, (instant + .days(3)).rfc3339)
  }

  // MARK: - Lives

  private mutating func kind() -> Kind {
    switch random.share() {
    case ..<0.6: .complaint
    case ..<0.8: .inspection
    case ..<0.9: .funding
    default: .reminder
    }
  }

  private mutating func newItem() -> OutgoingMessage {
    let kind = kind()
    let body = opening(kind)
    var items = living[kind] ?? []
    if items.count < Self.memory {
      items.append(LivingItem(subject: body.subject))
    } else {
      items[Int.random(in: items.indices, using: &random)] = LivingItem(subject: body.subject)
    }
    living[kind] = items
    return body.message
  }

  private func opening(_ kind: Kind) -> Body {
    let (type, data) =
      switch kind {
      case .complaint: ("complaint.submitted", Body.complaint(count))
      case .inspection: ("inspection.assigned", Body.inspection(count))
      case .funding: ("funding.requested", Body.funding(count))
      case .reminder: ("reminder.scheduled", Body.reminder(count, due: due))
      }
    return Body(
      type: type, id: id(count), source: Self.source(of: kind), subject: "HS-2026-\(run)-\(count)", time: time, data: data)
  }

  /// The next event in the life of an item, its kind drawn like that of new ones.
  private mutating func laterEvent() -> OutgoingMessage {
    let kind = kind()
    guard var items = living[kind], let index = items.indices.randomElement(using: &random) else { return newItem() }
    let events = Self.laterEvents(of: kind)
    let (type, data) = events[items[index].stage]
    let body = Body(
      type: type, id: id(count), source: Self.source(of: kind), subject: items[index].subject, time: time, data: data)
    items[index].stage += 1
    if items[index].stage == events.count { items.swapRemove(at: index) }
    living[kind] = items
    return body.message
  }

  private static func source(of kind: Kind) -> String {
    switch kind {
    case .complaint: "/hotline/12345"
    case .inspection, .reminder: "/portal/street"
    case .funding: "/finance/bureau"
    }
  }

  private static func laterEvents(of kind: Kind) -> [(type: String, data: String)] {
    switch kind {
    case .complaint:
      [
        ("complaint.accepted", #"{"handler":"胜阳港街道城建办"}"#), ("complaint.responded", #"{"note":"已联系施工单位,三日内进场整改。"}"#),
        ("complaint.resolved", #"{"note":"雨水管已接入市政管网,现场已恢复。"}"#), ("complaint.rated", #"{"rating":"满意"}"#),
      ]
    case .inspection:
      [
        ("inspection.reported", #"{"problems":["三栋屋面防水起鼓","消防通道堆物"]}"#), ("rectification.submitted", #"{"note":"已返工重做。"}"#),
        ("rectification.verified", #"{"passed":true}"#),
      ]
    case .funding: [("funding.reviewed", #"{"decision":"approved"}"#), ("funding.disbursed", #"{"amount":"480000.00"}"#)]
    case .reminder: [("reminder.urged", #"{"note":"请于明日报送。"}"#), ("reminder.done", "{}")]
    }
  }

  // MARK: - What goes wrong

  private mutating func remember(_ message: OutgoingMessage) {
    if recent.count < Self.memory {
      recent.append(message)
    } else {
      recent[count % Self.memory] = message
    }
  }

  /// One of the ways in which a message can be bad; all end as dead letters.
  private mutating func bad() -> OutgoingMessage {
    var body = opening(.complaint)
    switch count % 4 {
    case 0:
      let text = String(decoding: body.message.body, as: UTF8.self)
      return Body.message(routingKey: body.type, String(text.dropLast(40)))
    case 1: body.source = "/nobody/knows"
    case 2: body.time = "yesterday"
    default: body.subject = ""
    }
    return body.message
  }
}

extension Array {
  /// Removes an element without keeping the order.
  fileprivate mutating func swapRemove(at index: Int) {
    swapAt(index, count - 1)
    removeLast()
  }
}
