// Receipts: what Duban tells an upstream system about a message it sent. The highest revision of a message counts.

extension Announcement {
  private struct Accepted: Encodable {
    var source, id: String
    var item: ItemReference
    var revision: Int32
    var suggestions: [String]?
  }

  private struct Rejected: Encodable {
    var source, id: String?
    var reason, pointer, detail: String
    var revision: Int32
  }

  /// `receipt.accepted`: for the sources that ask, and for a message that was rejected before and counts now.
  ///
  /// Where the message opens a matter whose street the `directory` does not know, it says which streets may have been meant.
  static func accepted(
    _ key: MessageKey, _ entry: Entry, _ matter: Matter, directory: Directory, revision: Int32 = 1, at now: Instant
  ) -> Announcement {
    var facts = Accepted(
      source: key.source, id: key.id, item: ItemReference(matter.key(of: entry.unit)), revision: revision)
    if case .opened(let opening) = entry.event, let region = opening.region, matter.opening?.place.streetID == nil {
      let suggestions = directory.suggestions(for: region)
      if !suggestions.isEmpty { facts.suggestions = suggestions }
    }
    return Announcement(
      type: .receiptAccepted, subject: "\(key.source)/\(key.id)", occurredAt: now, data: JSONText.encode(facts),
      traceparent: entry.traceparent, for: directory.audience(of: matter, sentBy: key.source), orderKey: matter.id)
  }

  /// `receipt.rejected` for a message that was taken and does not count, because it cannot be about the matter as it stood.
  static func rejected(
    _ why: Inapplicability, _ key: MessageKey, _ change: VerdictChange, traceparent: String?, for audience: Audience,
    at now: Instant
  ) -> Announcement {
    let facts = Rejected(
      source: key.source, id: key.id, reason: why.reason.rawValue, pointer: why.pointer, detail: why.detail,
      revision: change.revision)
    return Announcement(
      type: .receiptRejected, subject: "\(key.source)/\(key.id)", occurredAt: now, data: JSONText.encode(facts),
      traceparent: traceparent, for: audience, orderKey: change.itemID)
  }

  /// `receipt.rejected` for a message that becomes a dead letter; source and id as far as they could be read.
  ///
  /// A refusal leaves nothing by which the message would be known again if it is not acknowledged in time. So the event's id comes from
  /// the message and the reason: it is the same each time.
  public static func rejected(_ refusal: Refusal, of message: RawMessage, for audience: Audience, at now: Instant) -> Announcement
  {
    let facts = Rejected(
      source: refusal.source, id: refusal.messageID, reason: refusal.reason.rawValue, pointer: refusal.pointer,
      detail: refusal.detail, revision: 1)
    return Announcement(
      type: .receiptRejected, id: "duban-rejected-\(refusal.reason.rawValue)-\(ContentDigest(of: message).hexadecimal)",
      subject: "\(refusal.source ?? "?")/\(refusal.messageID ?? "?")", occurredAt: now,
      data: JSONText.encode(facts), traceparent: refusal.trace?.text, for: audience, orderKey: 0)
  }
}
