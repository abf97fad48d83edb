// The sequence of events of a run: their kinds, later events of earlier items, bad events and duplicates.

import AMQP
import ArgumentParser
import Duban
import Glibc

/// The kind of traffic.
enum Mix: String, CaseIterable, ExpressibleByArgument, Encodable {
  /// Only `complaint.submitted`, each for a new item.
  case complaints
  /// 60 % complaints, 20 % inspections, 10 % funding, 10 % reminders. A third of all are later events of existing items, 1 %
  /// are bad, and 2 % are duplicates of recent events.
  case mixed
  /// As mixed, and 5 % of all messages say that something happened before what is on record of their item already.
  case late
}

/// Makes an endless sequence of events, the same for every run. Ids and subjects contain the run's name, so that runs do not
/// collide.
struct Traffic {
  /// The prefix of every id.
  let idPrefix: String
  /// The number of events made so far.
  private(set) var count = 0
  /// The number of events that duband must store: neither bad nor duplicate.
  private(set) var kept = 0

  private let mix: Mix
  private let run: String
  private var random = SplitMix(state: 20_261_120)
  private var time = ""
  private var lateTime = ""
  private var due = ""
  /// The latest unfinished items of each kind.
  private var living: [Kind: [LivingItem]] = [:]
  /// Recent messages, for duplicates.
  private var recent: [OutgoingMessage] = []

  private struct LivingItem {
    var subject: String
    /// The number of later events that it has had.
    var stage = 0
  }

  private static let memory = 2000

  init(_ mix: Mix, run: String) {
    self.mix = mix
    self.run = run
    idPrefix = "evt-\(run)-"
  }

  /// The id of event number `index`, counted from 0. A duplicate has the id of an earlier event instead.
  func id(_ index: Int) -> String { "\(idPrefix)\(index)" }

  mutating func next() -> OutgoingMessage {
    // Formatting the time for every event would cost as much as the event itself.
    if count % 128 == 0 { readClock() }
    defer { count += 1 }
    guard mix != .complaints else {
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
    lateTime = (instant - .seconds(30)).rfc3339
  }

  // MARK: - Lives

  private mutating func kind() -> Kind {
    switch random.share() {
    case ..<0.6: .complaint
    case ..<0.72: .inspection
    case ..<0.8: .problem
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
      case .problem: ("problem.raised", Body.problem(count, due: due))
      case .funding: ("funding.requested", Body.funding(count))
      case .reminder: ("reminder.scheduled", Body.reminder(count, due: due))
      }
    return Body(
      type: type, id: id(count), source: Self.source(of: kind), subject: "HS-2026-\(run)-\(count)", time: time, data: data)
  }

  /// The next event of an existing item. Its kind is drawn as for new items.
  private mutating func laterEvent() -> OutgoingMessage {
    let kind = kind()
    guard var items = living[kind], let index = items.indices.randomElement(using: &random) else { return newItem() }
    let events = Self.laterEvents(of: kind)
    let (type, data) = events[items[index].stage]
    // A third of all are later events.
    let isLate = mix == .late && random.share() < 0.15
    let body = Body(
      type: type, id: id(count), source: Self.source(of: kind), subject: items[index].subject, time: isLate ? lateTime : time,
      data: data)
    items[index].stage += 1
    if items[index].stage == events.count { items.swapRemove(at: index) }
    living[kind] = items
    return body.message
  }

  private static func source(of kind: Kind) -> String {
    switch kind {
    case .complaint: "/hotline/12345"
    case .inspection, .problem, .reminder: "/portal/street"
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
    case .problem:
      [
        ("problem.planned", #"{"measure":"重做管道接口,闭水试验后回填。"}"#),
        ("problem.closure-requested", #"{"evidence":["照片-整改前","照片-整改后"]}"#),
        ("problem.rechecked", #"{"passed":true,"person":"王强"}"#), ("problem.closure-decided", #"{"decision":"approved"}"#),
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

  /// A bad message. All of these become dead letters.
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
  /// Removes an element without preserving the order.
  fileprivate mutating func swapRemove(at index: Int) {
    swapAt(index, count - 1)
    removeLast()
  }
}
