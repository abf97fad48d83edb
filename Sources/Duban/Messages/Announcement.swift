// An event that Duban publishes on duban.events: its type, the organs that it concerns, and by which key a consumer binds it.

/// An event that Duban publishes on `duban.events`.
public struct Announcement: Hashable, Sendable {
  /// The contract's outgoing types.
  public enum Kind: String, CaseIterable, Sendable {
    case receiptAccepted = "receipt.accepted"
    case receiptRejected = "receipt.rejected"
    /// 受理, and of a part that its unit was named.
    case itemOpened = "item.opened"
    /// 派单, 补派.
    case itemAssigned = "item.assigned"
    /// 改派.
    case itemReassigned = "item.reassigned"
    /// 签收.
    case itemSigned = "item.signed"
    /// 首次联系, 响应.
    case itemResponded = "item.responded"
    /// 退单.
    case itemReturned = "item.returned"
    /// 延期申请, 申请办结.
    case itemRequested = "item.requested"
    /// 延期审核, 办结审核, 退单审核: approved or rejected.
    case itemDecided = "item.decided"
    /// 催办.
    case itemUrged = "item.urged"
    /// 确认, 复查 and 抽核 of a problem.
    case itemChecked = "item.checked"
    /// 中止计时, 恢复.
    case itemSuspended = "item.suspended"
    case itemResumed = "item.resumed"
    /// 挂账, 摘账.
    case itemParked = "item.parked"
    case itemUnparked = "item.unparked"
    /// 重办.
    case itemReopened = "item.reopened"
    /// 回访.
    case itemCalledBack = "item.called-back"
    case itemDueSoon = "item.due-soon"
    case itemEscalated = "item.escalated"
    case itemOverdue = "item.overdue"
    case itemClosed = "item.closed"
    case breachAnnulled = "breach.annulled"
    case breachCorrected = "breach.corrected"
    case breachContested = "breach.contested"
    case breachExcused = "breach.excused"
    case slipIssued = "slip.issued"
    case slipWithdrawn = "slip.withdrawn"
    case noticeProposed = "notice.proposed"
    case noticeIssued = "notice.issued"
    case noticeWithdrawn = "notice.withdrawn"

    /// Whether it waits for a queue that is bound to it. What happens in the life of an item is told to those who listen then.
    public var mustArrive: Bool {
      switch self {
      case .itemOpened, .itemAssigned, .itemReassigned, .itemSigned, .itemResponded, .itemReturned, .itemRequested, .itemDecided,
        .itemUrged, .itemChecked,
        .itemSuspended, .itemResumed, .itemParked, .itemUnparked, .itemReopened, .itemCalledBack:
        false
      default: true
      }
    }
  }

  public var type: Kind
  /// The CloudEvents id of what may be announced again after a crash; nil for what is announced in the transaction that makes it so,
  /// and is therefore announced once.
  public var id: String?
  /// What it is about: an item's `source/subject`, or an organ's name.
  public var subject: String
  public var occurredAt: Instant
  /// The event's `data`, as JSON.
  public var data: String
  public var traceparent: String?
  public var audience: Audience
  /// Announcements of the same order key go out in the order they were made: the item's id, or an organ's.
  public var orderKey: Int64

  public init(
    type: Kind, id: String? = nil, subject: String, occurredAt: Instant, data: String, traceparent: String? = nil,
    for audience: Audience, orderKey: Int64
  ) {
    (self.type, self.id, self.subject, self.occurredAt) = (type, id, subject, occurredAt)
    (self.data, self.traceparent, self.audience, self.orderKey) = (data, traceparent, audience, orderKey)
  }

  /// `item.escalated.420202.420202001`: by type, district and street, so that each binds what is its own. An organ without a code stands there by
  /// its name, and `-` where there is none. What is confidential has `confidential.` in front.
  public var routingKey: String {
    (audience.isConfidential ? "confidential." : "") + "\(type.rawValue).\(audience.district ?? "-").\(audience.street ?? "-")"
  }
}

/// The organs that an event concerns: the words of its routing key.
public struct Audience: Hashable, Sendable {
  public var district: String?
  public var street: String?
  /// Whether only those who handle a confidential source's matters may hear of it (12388).
  public var isConfidential = false

  public init(district: String? = nil, street: String? = nil, isConfidential: Bool = false) {
    (self.district, self.street, self.isConfidential) = (district, street, isConfidential)
  }
}

extension Directory {
  /// The district and the street of a matter, and whether it is confidential: its own source is, or that of the message that it is about.
  func audience(of matter: Matter, sentBy source: String? = nil) -> Audience {
    let place = matter.opening?.place
    let isConfidential = isConfidential(matter.key) || source.flatMap(self.source)?.isConfidential == true
    return Audience(district: word(place?.districtID), street: word(place?.streetID), isConfidential: isConfidential)
  }

  /// Of an organ of the chain, its street and its district; of a unit, all.
  public func audience(of organ: Int64?) -> Audience {
    guard let organ = organ.flatMap({ organs[$0] }), let tier = organ.tier else { return Audience() }
    let above = audience(of: organ.parentID)
    switch tier {
    case .street: return Audience(district: above.district, street: word(organ.id))
    case .district: return Audience(district: word(organ.id))
    case .community, .city: return above
    }
  }

  /// What a message says that is not taken: open only where that is known of its source.
  public func audience(of head: MessageHead, sentBy user: String?) -> Audience {
    Audience(isConfidential: !isOpen(head, sentBy: user))
  }

  /// An organ as a word of a routing key: the digits of its code that say which it is, else its name, without dots, which would begin the next
  /// word, and cut so that the key stays within 255 bytes.
  private func word(_ organ: Int64?) -> String? {
    guard let organ = organ.flatMap({ organs[$0] }) else { return nil }
    return organ.significantCode ?? String(organ.name.replacing(".", with: "").prefix(25))
  }
}
