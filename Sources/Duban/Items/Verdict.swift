// What the fold makes of an entry. It may change when something earlier is heard later: the latest revision counts.

/// What the fold makes of an entry.
public enum Verdict: Hashable, Sendable {
  /// It counted, or belongs to the record.
  case applied
  /// Its matter, or the part that it is about, is not there yet.
  case waits
  /// It cannot be about the matter as it stood when it happened.
  case inapplicable(Inapplicability)
  /// An operator set it aside.
  case setAside
}

/// Why an entry does not count: a code for programs, a pointer to the place in the message, and a sentence that names the remedy.
public struct Inapplicability: Error, Hashable, Sendable {
  public var reason: Refusal.Reason
  public var pointer: String
  public var detail: String

  public init(_ reason: Refusal.Reason, at pointer: String = "", _ detail: String) {
    (self.reason, self.pointer, self.detail) = (reason, pointer, detail)
  }
}
