// Receipts: what Duban tells an upstream system about a message it sent.

extension Announcement {
  /// `receipt.accepted`, for the sources that ask.
  static func accepted(_ envelope: Envelope, _ item: Item, at now: Instant) -> Announcement {
    struct Facts: Encodable {
      var source, id: String
      var item: ItemReference
    }
    let facts = Facts(source: envelope.key.source, id: envelope.key.id, item: ItemReference(envelope.item))
    return Announcement(
      type: .receiptAccepted, subject: "\(envelope.key.source)/\(envelope.key.id)", occurredAt: now, data: JSONText.encode(facts),
      traceparent: envelope.traceparent, orderKey: item.id)
  }

  /// `receipt.rejected`, for every message that becomes a dead letter; source and id as far as they could be read.
  ///
  /// A refusal leaves nothing by which the message would be known again, should it not be acknowledged any more. So the event's id
  /// comes from what was refused and why: it is the same each time.
  public static func rejected(_ refusal: Refusal, of message: RawMessage, at now: Instant) -> Announcement {
    struct Facts: Encodable {
      var source, id: String?
      var reason, pointer, detail: String
    }
    let facts = Facts(
      source: refusal.source, id: refusal.messageID, reason: refusal.reason.rawValue, pointer: refusal.pointer,
      detail: refusal.detail)
    return Announcement(
      type: .receiptRejected, id: "duban-rejected-\(refusal.reason.rawValue)-\(ContentDigest(of: message).hexadecimal)",
      subject: "\(refusal.source ?? "?")/\(refusal.messageID ?? "?")", occurredAt: now,
      data: JSONText.encode(facts), traceparent: refusal.trace?.text, orderKey: 0)
  }
}
