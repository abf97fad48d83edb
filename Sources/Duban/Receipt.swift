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
  public static func rejected(_ refusal: Refusal, at now: Instant) -> Announcement {
    struct Facts: Encodable {
      var source, id: String?
      var reason, pointer, detail: String
    }
    let facts = Facts(
      source: refusal.source, id: refusal.messageID, reason: refusal.reason.rawValue, pointer: refusal.pointer,
      detail: refusal.detail)
    return Announcement(
      type: .receiptRejected, subject: "\(refusal.source ?? "?")/\(refusal.messageID ?? "?")", occurredAt: now,
      data: JSONText.encode(facts), orderKey: 0)
  }
}
