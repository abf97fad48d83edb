// Why a message was not taken. Each refused message becomes a dead letter that carries these words.

/// Why a message was refused: a code for programs, a pointer to the place, and a sentence that names the remedy.
public struct Refusal: Error, Hashable, Sendable {
  public var reason: Reason
  /// A JSON Pointer (RFC 6901) into the message, `""` for the whole of it.
  public var pointer: String
  /// For people. Names the field and what would mend it; never a value that could hold personal data.
  public var detail: String

  /// The sender and the message's id, as far as the message could be read; nil too where a name cannot be stored.
  public var source: String?
  public var messageID: String?
  /// The trace that the message belongs to.
  public var trace: TraceContext?

  public init(_ reason: Reason, at pointer: String = "", _ detail: String) {
    self.reason = reason
    self.pointer = pointer
    self.detail = detail
  }

  func answering(source: String?, id: String?) -> Refusal {
    var refusal = self
    // A header can hold a NUL, which no text in the database can: the answer would be refused for it.
    func storable(_ name: String?) -> String? { name.flatMap { $0.utf8.contains(0) ? nil : $0 } }
    (refusal.source, refusal.messageID) = (storable(source), storable(id))
    return refusal
  }

  /// The reason codes of the contract (`duban-reason`, and `reason` of `receipt.rejected`).
  public enum Reason: String, CaseIterable, Sendable {
    case tooLarge = "too-large"
    case tooDeep = "too-deep"
    case notUTF8 = "not-utf8"
    case notJSON = "not-json"
    case nulCharacter = "nul-character"
    case wrongType = "wrong-type"
    case missingField = "missing-field"
    case invalidValue = "invalid-value"
    case unknownVersion = "unknown-version"
    case unknownType = "unknown-type"
    case unknownSource = "unknown-source"
    case sourceNotAllowed = "source-not-allowed"
    /// The directory does not grant the source what it says of another's item, or in whose name.
    case notAuthorised = "not-authorised"
    case conflictingDuplicate = "conflicting-duplicate"
    case itemExists = "item-exists"
    case wrongKind = "wrong-kind"
    case tooLate = "too-late"
    case limitReached = "limit-reached"
    case notAllowed = "not-allowed"
    /// An extension is decided that was not asked for.
    case notRequested = "not-requested"
    /// A matter has more entries than a log may have: a person must look.
    case tooManyEvents = "too-many-events"
    case databaseRefused = "database-refused"
    case deliveryLimit = "delivery-limit"
  }
}
