// One random run of the engine: actors take turns on one database while messages arrive, the clock moves and processes die.

import Duban
import TestServers

/// Steers a run. Belongs to one thread and blocks it.
final class EngineRun {
  let history: EngineHistory
  let crew: EngineCrew
  /// What was done, in order: the schedule of a run that failed.
  private(set) var steps: [String] = []

  /// Those of the crew that take part.
  private let members: [Int]
  private var random: Seeded
  private var deathsLeft: Int
  private var arrivals: ArraySlice<EngineHistory.Arrival>
  private var hour = 0
  private var moves = 0
  private var isTaught = false
  /// Whether what was committed may come again: it would be judged behind the rest of its batch.
  private var keepsOrder = false

  private var broker: MemoryBroker { crew.broker }
  private var database: EngineDatabase { crew.database }
  private var turnstile: Turnstile { crew.turnstile }

  init(_ history: EngineHistory, _ crew: EngineCrew, _ members: [Int], deaths: Int, seed: UInt64) throws {
    (self.history, self.crew, self.members, deathsLeft) = (history, crew, members, deaths)
    random = Seeded(seed)
    arrivals = history.arrivals[...]
    try settle()
    try database.clear()
    broker.clear()
    try moveClock(by: 0)
  }

  // MARK: - Two ways to run

  /// Everything at once, in random order, until nothing is left to happen.
  func runAtRandom() throws {
    while !arrivals.isEmpty || broker.hasReady {
      let roll = Int.random(in: 0..<100, using: &random)
      if roll < 4 || !broker.hasReady && roll < 25 {
        try moveClock(by: random.pick(Self.jumps))
        deliver()
      } else if roll < 8 {
        try killSomebody()
      } else if let number = open(idleToo: random.chance(40)).randomElement(using: &random) {
        try turn(number)
      }
    }
    try comeToAnEnd()
  }

  /// What is due first, then what has arrived, in its order, then the clock: how many share the work, how they cut it and who dies
  /// of it makes no difference then.
  func runInRounds(jumps: inout Seeded) throws {
    keepsOrder = true
    while !arrivals.isEmpty {
      try moveClock(by: jumps.pick(Self.jumps))
      try rest()
      deliver()
      // No sweep in between: what it finds depends on what has been heard.
      try rest(except: .sweep)
      try rest()
      if hour > 100 { try changeReferences() }
    }
    try comeToAnEnd()
  }

  private static let jumps = [2, 11, 49, 130]

  /// Lets every clock run out.
  private func comeToAnEnd() throws {
    try rest()
    try changeReferences()
    while let wakeAt = try database.lastWake() {
      try moveClock(by: max(1, Int((wakeAt - EngineHistory.time(hour)).microseconds / 3_600_000_000) + 2))
      try rest()
    }
  }

  /// Adds to the directory whom it lacked, and another calendar come, in histories in which they do: once, while everybody is at
  /// rest.
  private func changeReferences() throws {
    guard !isTaught else { return }
    isTaught = true
    if history.teaches {
      steps.append("the directory is taught")
      try database.teachDirectory()
    }
    if history.importsCalendar {
      steps.append("another calendar comes")
      try database.importCalendar(bringingIt: !members.contains { crew.actors[$0].role == .operate })
    }
    try rest()
  }

  /// Gives turns in random order until there is nothing to do at this hour, save for one role that begins nothing.
  private func rest(except absent: EngineActor.Role? = nil) throws {
    while true {
      let begun = open(idleToo: false)
      if !begun.isEmpty && random.chance(70) {
        if random.chance(3) { try killSomebody() } else { try turn(random.pick(begun)) }
        continue
      }
      let work = try database.work()
      let wanted = members.filter { number in
        guard turnstile.steps[number] == EngineActor.idle else { return false }
        return switch crew.actors[number].role {
        case absent: false
        case .intake: broker.hasReady
        case .sweep: work.isDue
        case .follow: work.isToFollow
        case .relay: work.isToPublish
        case .operate: work.isToRecompute
        }
      }
      if let number = (wanted + begun).randomElement(using: &random) {
        try turn(number)
      } else {
        return
      }
      guard steps.count < 60_000 else { throw TestFault("does not come to rest") }
    }
  }

  // MARK: - Single moves

  /// Who can go on: is at a gate, and not only to find no message there.
  private func open(idleToo: Bool) -> [Int] {
    let steps = turnstile.steps
    return members.filter { number in
      guard let step = steps[number] else { return false }
      guard step == EngineActor.idle else { return true }
      return crew.actors[number].role == .intake ? broker.hasReady : idleToo
    }
  }

  private func turn(_ number: Int) throws {
    steps.append("\(crew.actors[number].role) \(number): \(turnstile.steps[number] ?? "-")")
    turnstile.release(number, .success(Int.random(in: 0..<1 << 20, using: &random)))
    try settle()
  }

  /// Ends the session of somebody who has begun something, whatever it is at, be it waiting for a lock.
  private func killSomebody() throws {
    let busy = members.filter { turnstile.steps[$0] != EngineActor.idle && mayDie($0) }
    guard deathsLeft > 0, let number = busy.randomElement(using: &random), let session = turnstile.session(of: number) else {
      return
    }
    deathsLeft -= 1
    // One that waits for a lock hears of it from its connection.
    let step = turnstile.steps[number]
    steps.append("\(crew.actors[number].role) \(number) dies before: \(step ?? "it has its lock")")
    try database.end(session: session)
    if step != nil { turnstile.release(number, .failure(.death)) }
    try settle()
  }

  private func mayDie(_ number: Int) -> Bool {
    !keepsOrder || ![EngineActor.bury, EngineActor.acknowledge].contains(turnstile.steps[number])
  }

  private func settle() throws {
    for number in try turnstile.settle(database.waiters) where [.sweep, .relay].contains(crew.actors[number].role) {
      throw TestFault("\(crew.actors[number].role) \(number) waits for a lock: it should pass over what another holds")
    }
  }

  /// Each time a minute later within the hour, so that who counts from its hearing has run out of time when the hours have.
  private func moveClock(by hours: Int) throws {
    hour += hours
    moves += 1
    steps.append("clock: hour \(hour)")
    try database.setClock(EngineHistory.time(hour) + .seconds(Int64(60 * moves)))
  }

  private func deliver() {
    let due = arrivals.prefix { $0.hour <= hour }
    arrivals = arrivals.dropFirst(due.count)
    broker.enqueue(due.map(\.message))
  }
}
