// Where the items of a matter stand, as JSON: one value beside the columns that are queried.

extension Matter {
  /// The state of the whole and its parts, how the work was assigned, and how far the fold has come. The other fields are columns of the store.
  public var stateText: String {
    JSONText.object { matter in
      matter.write(count: "breaches", log.breaches)
      matter.write("checklist", opening?.checklist)
      matter.write("effect", log.lastEffect)
      matter.write(flag: "final", opening?.isFinal ?? false)
      matter.write("lapse", log.lastLapse)
      matter.write("parts", parts) { part, members in
        members.write("item", object: part.item.write)
        members.write("name", part.unit)
        members.write("unit", part.unitID)
      }
      matter.write("place", log.lastPlace)
      matter.write("swept", log.sweptTo)
      matter.write("tier", opening?.tier?.rawValue)
      matter.write("whole", object: whole.write)
    }
  }

  /// Takes the state over from its text. The opening, if there is one, must be known before.
  ///
  /// - Throws: a ``Refusal`` where the text is no state.
  public mutating func read(state text: String) throws(Refusal) {
    let object = try JSONObject(text: text)
    log.breaches = try object.count("breaches")
    (log.lastEffect, log.lastLapse) = (try object.instant("effect"), try object.instant("lapse"))
    (log.lastPlace, log.sweptTo) = (try object.instant("place"), try object.instant("swept"))
    opening?.tier = try object.tier("tier")
    opening?.isFinal = try object.bool("final") ?? false
    opening?.checklist = try object.text("checklist")
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
  fileprivate func write(to members: inout JSONMembers) {
    members.write("breached", breachedAt)
    members.write("closed", closedAt)
    if let cycle { members.write("cycle", object: cycle.write) }
    members.write(count: "cycles", cycles)
    members.write(count: "escalations", escalations)
    if let main { members.write("main", object: main.write) }
    members.write(count: "rejections", rejections)
    members.write(count: "returns", returns)
    members.write(count: "urgings", urgings)
    members.write(flag: "withdrawn", isWithdrawn)
  }

  fileprivate init(_ object: JSONObject) throws(Refusal) {
    breachedAt = try object.instant("breached")
    (cycles, escalations) = (try object.count("cycles"), try object.count("escalations"))
    (returns, urgings) = (try object.count("returns"), try object.count("urgings"))
    rejections = try object.count("rejections")
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
  fileprivate func write(to members: inout JSONMembers) {
    if let acceptance { members.write("acceptance", object: acceptance.write) }
    members.write("accepted", acceptedAt)
    members.write("answered", answeredAt)
    members.write("begun", begunBy)
    members.write("breached", breachedTier?.rawValue)
    members.write("checks", checks.map(\.rawValue))
    members.write("closing", closing?.rawValue)
    members.write("dissatisfaction", dissatisfaction?.rawValue)
    members.write(count: "extensions", extensions)
    members.write("granted", grant.map { [$0.until.microseconds, $0.at.microseconds] } ?? [])
    members.write("handovers", handovers.flatMap { [$0.organID ?? 0, $0.since.microseconds] })
    members.write(count: "missed", missedContacts)
    members.write(flag: "parked", isParked)
    members.write("parkedUntil", parkedUntil)
    members.write("pauses", pauses.flatMap { [$0.from.microseconds, $0.until?.microseconds ?? 0] })
    members.write("requested", requestedUntil)
    if let resolution { members.write("resolution", object: resolution.write) }
    if let response { members.write("response", object: response.write) }
    members.write("responsible", responsibleID)
    members.write(flag: "returning", isReturning)
    if let review { members.write("review", object: review.write) }
    members.write("spoke", beganAt)
    members.write("start", startTier.rawValue)
    if let submission { members.write("submission", object: submission.write) }
    members.write("submitted", submittedAt)
    members.write(flag: "summoned", isSummoned)
    members.write("supervisor", supervisor?.rawValue)
    members.write(flag: "suspended", isSuspended)
    if let suspension { members.write("suspension", object: suspension.write) }
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
    (acceptedAt, submittedAt) = (try object.instant("accepted"), try object.instant("submitted"))
    (isParked, isReturning) = (try object.bool("parked") ?? false, try object.bool("returning") ?? false)
    parkedUntil = try object.instant("parkedUntil")
    missedContacts = try object.count("missed")
    checks = try object.texts("checks").compactMap(Event.Check.Stage.init)
    suspension = try object.object("suspension").map { (suspension) throws(Refusal) in try Item.Suspension(suspension) }
    closing = try object.text("closing").flatMap(ClosingType.init)
    dissatisfaction = try object.text("dissatisfaction").flatMap(Item.Dissatisfaction.init)
    for kind in Item.ClockKind.allCases {
      self[kind] = try object.object(kind.rawValue).map { (clock) throws(Refusal) in try Item.Clock(clock) }
    }
  }
}

extension Item.Suspension {
  fileprivate func write(to members: inout JSONMembers) {
    members.write("from", from)
    members.write("reason", reason)
    members.write("until", until)
  }

  fileprivate init(_ object: JSONObject) throws(Refusal) {
    guard let from = try object.instant("from"), let until = try object.instant("until") else {
      throw Refusal(.missingField, "a suspension in the state of an item is not whole")
    }
    self.init(reason: try object.requiredText("reason"), from: from, until: until)
  }
}

extension Item.Clock {
  fileprivate func write(to members: inout JSONMembers) {
    members.write("due", dueAt)
    members.write(flag: "provisional", isProvisional)
    members.write("start", start)
    members.write(count: "startedBy", startedBy)
    members.write("stated", statedAt)
    members.write(count: "step", step)
    members.write("tier", tier.rawValue)
    members.write("warn", warnAt)
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
    startedBy = try object.count("startedBy")
  }
}

extension JSONObject {
  fileprivate func instant(_ name: String) throws(Refusal) -> Instant? { try integer(name).map(Instant.init(microseconds:)) }

  fileprivate func count(_ name: String) throws(Refusal) -> Int32 { Int32(clamping: try integer(name) ?? 0) }

  fileprivate func tier(_ name: String) throws(Refusal) -> Tier? { try text(name).flatMap(Tier.init) }
}
