// Domain values as PostgreSQL values.

import Duban
import PostgreSQL

/// The domain's notices, not the server's.
typealias Notice = Duban.Notice

extension Instant: PostgresEncodable, PostgresDecodable, PostgresArrayElement {
  public static var oid: UInt32 { Timestamp.oid }
  public static var arrayOID: UInt32 { Timestamp.arrayOID }

  public func encode(into bytes: inout [UInt8]) {
    Timestamp(microseconds: microseconds).encode(into: &bytes)
  }

  public init(_ cell: Cell) throws(PostgresError) {
    self.init(microseconds: try Timestamp(cell).microseconds)
  }
}

/// A row that says what Duban's schema does not allow, or a store that is not set up.
public struct StoreFault: Error, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// What was asked for is not there, or does not fit what is: nothing was changed, and asking again does not help.
public struct RequestFault: Error, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

extension RawRepresentable where RawValue == String {
  /// A value of one of the schema's enumerations.
  init(stored text: String) throws(StoreFault) {
    guard let value = Self(rawValue: text) else {
      throw StoreFault(
        "'\(text)' in the database is no \(Self.self): the schema is newer than this program, or was changed by hand")
    }
    self = value
  }
}
