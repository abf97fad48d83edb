// Who may say what about whose matter: judged once, at the edge, by what the directory grants.

/// What a message may do, by the directory when it was recorded.
struct Authority {
  /// The organ in whose name it speaks; nil where its source speaks for none, or for several and the message names none.
  var speaker: Int64?
  /// The organs in whose places its source may act; empty where that is anywhere.
  var within: [Int64] = []
  /// Of an opening of a confidential source, the unit that its matters go to.
  var recipient: Int64?
}

extension Directory {
  /// A source speaks for its own items; for those of others as far as it is granted, in the name of its own organs.
  ///
  /// - Throws: a ``Refusal`` that names the grant that is missing. Whether a matter lies in a region that is granted, the fold decides: only it
  ///   knows the place.
  func authority(of envelope: Envelope, from source: UpstreamSource) throws(Refusal) -> Authority {
    var authority = Authority(speaker: try speaker(of: envelope.event, from: source))
    let owner = envelope.matter.source
    if case .opened = envelope.event {
      authority.recipient = self.source(owner).flatMap { $0.isConfidential ? $0.recipientID : nil }
    }
    let act = envelope.type.act
    // A duplicate follows its main item: a sender that merges one into a confidential matter would learn what becomes of that.
    if case .merged(let main) = envelope.event, isConfidential(main), !main.source.hasSameBytes(as: source.uri) {
      throw Refusal(.notAuthorised, at: "/data/into/source", "the source may not merge an item into this one; leave them apart")
    }
    if owner.hasSameBytes(as: source.uri) { return authority }
    let isConfidential = sources[owner]?.isConfidential == true
    let grants = source.grants.filter { grant in
      grant.acts?.contains(act) ?? true
        && grant.sources.map { $0.contains { $0.hasSameBytes(as: owner) } } ?? !isConfidential
    }
    guard !grants.isEmpty else {
      throw Refusal(
        .notAuthorised, at: "/data/item/source",
        "the source may not say '\(act)' of another's item; the directory would have to grant it: "
          // A confidential source is not named where others may read it.
          + "grants: [{ acts: [\(act)], sources: [\(isConfidential ? "the item's source" : owner)] }]")
    }
    if grants.allSatisfy({ $0.regions != nil }) { authority.within = Set(grants.flatMap { $0.regions ?? [] }).sorted() }
    return authority
  }

  private func speaker(of event: Event, from source: UpstreamSource) throws(Refusal) -> Int64? {
    guard let name = event.approver, !name.isBlank else { return source.organs.count == 1 ? source.organs.first : nil }
    guard let speaker = source.organs.first(where: { organs[$0]?.goes(by: name) == true }) else {
      throw Refusal(
        .notAuthorised, at: "/data/approver",
        "the source does not speak for that organ; the directory would have to say so: organs: [the organ's name]")
    }
    return speaker
  }
}

extension Fold {
  /// Where the sender may act only in some regions, the matter must be in one of them.
  func checkRegion(_ entry: Entry) throws(Inapplicability) {
    let within = entry.stamp.within
    guard !within.isEmpty else { return }
    let place = matter.opening?.place ?? Place(entry.stamp, community: nil)
    let organs = Tier.allCases.compactMap(place.organ)
    guard organs.contains(where: within.contains) else {
      let names = within.compactMap(references.directory.name).joined(separator: ", ")
      throw Inapplicability(
        .notAllowed, at: "/data/item", "the source may speak of matters in \(names), and this one is not there")
    }
  }
}
