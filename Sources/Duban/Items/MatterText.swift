// Where the items of a matter stand, as JSON: one value beside the columns that are queried.

extension Matter {
  /// The state of the whole and its parts, and how far the fold has come. The other fields are columns of the store.
  public var stateText: String {
    let parts = parts.map { part in
      JSONText.object(["item": part.item.json, "name": JSONText.string(part.unit), "unit": part.unitID.map(String.init)])
    }
    return JSONText.object([
      "breaches": log.breaches == 0 ? nil : "\(log.breaches)", "effect": log.lastEffect?.json, "lapse": log.lastLapse?.json,
      "parts": parts.isEmpty ? nil : "[\(parts.joined(separator: ","))]", "place": log.lastPlace?.json,
      "swept": log.sweptTo?.json, "whole": whole.json,
    ])
  }

  /// Takes the state over from its text.
  ///
  /// - Throws: a ``Refusal`` where the text is no state.
  public mutating func read(state text: String) throws(Refusal) {
    let object = try JSONObject(text: text)
    log.breaches = try object.count("breaches")
    (log.lastEffect, log.lastLapse) = (try object.instant("effect"), try object.instant("lapse"))
    (log.lastPlace, log.sweptTo) = (try object.instant("place"), try object.instant("swept"))
    whole = try object.object("whole").map { (item) throws(Refusal) in try Item(item) } ?? Item()
    parts = []
    for part in try object.objects("parts") {
      parts.append(
        Part(
          unit: try part.requiredText("name"), unitID: try part.integer("unit"),
          item: try part.object("item").map { (item) throws(Refusal) in try Item(item) } ?? Item()))
    }
  }
}

extension Item {
  fileprivate var json: String {
    var members: [String: String] = [:]
    switch state {
    case .awaited: break
    case .active(let cycle): members["cycle"] = cycle.json
    case .duplicate(let main, let cycle): (members["cycle"], members["main"]) = (cycle.json, ItemReference(main).json)
    case .closed(let at, let isWithdrawal, let cycle):
      (members["cycle"], members["closed"], members["withdrawn"]) = (cycle.json, at.json, isWithdrawal ? "true" : nil)
    }
    return JSONText.object([
      "breached": breachedAt?.json, "closed": members["closed"], "cycle": members["cycle"], "cycles": cycles.json,
      "escalations": escalations.json, "main": members["main"], "returns": returns.json, "urgings": urgings.json,
      "withdrawn": members["withdrawn"],
    ])
  }

  fileprivate init(_ object: JSONObject) throws(Refusal) {
    breachedAt = try object.instant("breached")
    (cycles, escalations) = (try object.count("cycles"), try object.count("escalations"))
    (returns, urgings) = (try object.count("returns"), try object.count("urgings"))
    guard let cycle = try object.object("cycle").map({ (cycle) throws(Refusal) in try Cycle(cycle) }) else { return }
    if let at = try object.instant("closed") {
      state = .closed(at: at, isWithdrawal: try object.bool("withdrawn") ?? false, cycle)
    } else if let main = try object.object("main") {
      state = .duplicate(
        of: ItemKey(source: try main.requiredText("source"), subject: try main.requiredText("subject")), cycle)
    } else {
      state = .active(cycle)
    }
  }
}

extension Item.Cycle {
  fileprivate var json: String {
    let pauses = pauses.map { "\($0.from.json),\($0.until?.json ?? "0")" }
    return JSONText.object([
      "answered": answeredAt?.json, "begun": "\(begunBy)", "breached": breachedTier.map { JSONText.string($0.rawValue) },
      "extensions": extensions.json, "granted": grant.map { "[\($0.until.json),\($0.at.json)]" },
      "handovers": handovers.isEmpty
        ? nil : "[\(handovers.map { "\($0.organID ?? 0),\($0.since.json)" }.joined(separator: ","))]",
      "pauses": pauses.isEmpty ? nil : "[\(pauses.joined(separator: ","))]", "requested": requestedUntil?.json,
      "resolution": resolution?.json, "response": response?.json, "responsible": responsibleID.map(String.init),
      "spoke": beganAt.json, "start": JSONText.string(startTier.rawValue), "summoned": isSummoned ? "true" : nil,
      "supervisor": supervisor.map { JSONText.string($0.rawValue) }, "suspended": isSuspended ? "true" : nil,
    ])
  }

  fileprivate init(_ object: JSONObject) throws(Refusal) {
    self.init(
      begunBy: try object.count("begun"), beganAt: try object.instant("spoke") ?? Instant(microseconds: 0),
      responsibleID: try object.integer("responsible"), startTier: try object.tier("start") ?? .city)
    (answeredAt, requestedUntil) = (try object.instant("answered"), try object.instant("requested"))
    (breachedTier, supervisor) = (try object.tier("breached"), try object.tier("supervisor"))
    extensions = try object.count("extensions")
    let granted = try object.integers("granted").map(Instant.init(microseconds:))
    if granted.count == 2 { grant = Item.Grant(until: granted[0], at: granted[1]) }
    let ends = try object.integers("pauses")
    pauses = stride(from: 0, to: ends.count - 1, by: 2).map { i in
      Item.Pause(from: Instant(microseconds: ends[i]), until: ends[i + 1] == 0 ? nil : Instant(microseconds: ends[i + 1]))
    }
    let since = try object.integers("handovers")
    handovers = stride(from: 0, to: since.count - 1, by: 2).map { i in
      Item.Handover(organID: since[i] == 0 ? nil : since[i], since: Instant(microseconds: since[i + 1]))
    }
    (isSummoned, isSuspended) = (try object.bool("summoned") ?? false, try object.bool("suspended") ?? false)
    response = try object.object("response").map { (clock) throws(Refusal) in try Item.Clock(clock) }
    resolution = try object.object("resolution").map { (clock) throws(Refusal) in try Item.Clock(clock) }
  }
}

extension Item.Clock {
  fileprivate var json: String {
    JSONText.object([
      "due": dueAt.json, "provisional": isProvisional ? "true" : nil, "start": start.json, "stated": statedAt?.json,
      "step": step == 0 ? nil : "\(step)", "tier": JSONText.string(tier.rawValue), "warn": warnAt?.json,
    ])
  }

  fileprivate init(_ object: JSONObject) throws(Refusal) {
    guard let start = try object.instant("start"), let dueAt = try object.instant("due"), let tier = try object.tier("tier")
    else {
      throw Refusal(.missingField, "a clock in the state of an item is not whole")
    }
    self.init(
      step: Int(try object.count("step")), tier: tier, start: start, statedAt: try object.instant("stated"), dueAt: dueAt,
      warnAt: try object.instant("warn"))
    isProvisional = try object.bool("provisional") ?? false
  }
}

extension Instant {
  fileprivate var json: String { "\(microseconds)" }
}

extension Int32 {
  /// Nil for 0, which is left out.
  fileprivate var json: String? { self == 0 ? nil : "\(self)" }
}

extension JSONObject {
  fileprivate func instant(_ name: String) throws(Refusal) -> Instant? { try integer(name).map(Instant.init(microseconds:)) }

  fileprivate func count(_ name: String) throws(Refusal) -> Int32 { Int32(clamping: try integer(name) ?? 0) }

  fileprivate func tier(_ name: String) throws(Refusal) -> Tier? { try text(name).flatMap(Tier.init) }
}
