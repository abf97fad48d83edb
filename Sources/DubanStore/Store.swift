// The store: one connection to PostgreSQL and what is kept in memory beside it. Every line of Duban's SQL is in this target.

import Duban
import PostgreSQL

/// Duban's tables, through one connection.
///
/// Belongs to one thread at a time, as its connection does. Every method that says "in the caller's transaction" must be called within
/// ``transaction(_:)``; a method that throws a retryable ``PostgresError`` has changed nothing once that transaction is rolled back.
public final class Store {
  let connection: Connection
  /// The references that were read last, and their versions.
  private var cached: (policy: Int, directory: Int, calendar: Int?, checklists: Int, references: References)?
  /// Ids for items that were fetched and not used yet.
  private var freshIDs: [Int64] = []

  /// Connects.
  ///
  /// - Throws: ``PostgresError`` of kind `connection` where no host answers.
  public init(dsn: String, name: String) throws(PostgresError) {
    var options = Connection.Options()
    options.applicationName = name
    // Short beside the broker's heartbeat: a worker that waits for a statement services no heartbeats meanwhile.
    options.statementTimeout = .seconds(15)
    // A transaction of a copy that was stopped or cut off ends within this time: whatever it holds is free again before others stand for long.
    options.idleInTransactionTimeout = .seconds(8)
    options.lockTimeout = .seconds(3)
    connection = try Connection(dsn, options: options)
  }

  /// Lets every statement from now on look rows up in indexes, one by one: for the roles that ask for few rows of tables without end.
  ///
  /// A plan that was made while a table was small (read it from end to end, hash it) would be kept while the table grows, until it is
  /// analysed next. Statements look dear to a planner that may not read a table, dear enough to be compiled: that is off too.
  public func useIndexes() throws(PostgresError) {
    try connection.runScript("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off")
  }

  /// Whether the connection is gone, for good.
  public var isLost: Bool { connection.isLost }

  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  public func transaction<T>(_ body: (Store) throws -> T) throws -> T {
    try connection.transaction { _ in try body(self) }
  }

  /// Waits until one of the channels that ``listen(to:)`` named is notified, a descriptor is readable, or time is up.
  ///
  /// - Throws: ``PostgresError`` of kind `connection` where the connection is lost meanwhile.
  public func wait(timeout: Duration, orReadable wake: [Int32]) throws(PostgresError) {
    _ = try connection.waitForNotification(timeout: timeout, orReadable: wake)
  }

  /// Channels on which one copy of the daemon tells the others that there is work.
  public enum Channel: String, Sendable {
    /// An item falls due within ``dueHorizon``, or the clock was moved.
    case due = "duban_due"
    /// Duplicates are to be told of their main item.
    case following = "duban_following"
    /// There is something to publish.
    case outbox = "duban_outbox"
    /// Schedules or the clock were changed.
    case schedule = "duban_schedule"
  }

  public func listen(to channel: Channel) throws(PostgresError) {
    try connection.listen(channel.rawValue)
  }

  func notify(_ channel: Channel) throws(PostgresError) {
    _ = try connection.execute("SELECT pg_notify($1, '')", channel.rawValue)
  }

  /// Sleepers look again at least this often; so writers notify only of what falls due sooner. In seconds.
  public static let dueHorizon: Int64 = 30

  // MARK: - What is kept in memory

  /// The policies, the directory and the calendars in force, and the transaction's time. In the caller's transaction, after the locks on the
  /// matters that they are for; until it ends, none of them is changed.
  ///
  /// - Throws: ``StoreFault`` where no policy has been applied yet, or the schema is not this program's own any more: it was migrated while the
  ///   program ran, and what it would fold by is out of date.
  public func references() throws -> (References, now: Instant) {
    try references(of: try connection.pipelined { Self.addReferences(to: &$0) })
  }

  /// The lock, and what is read under it: in statements of their own, because the time must not be read before the lock is held.
  static func addReferences(to pipeline: inout Pipeline) {
    addSharing(to: &pipeline)
    pipeline.add(
      """
      SELECT duban_now(), policy, directory, calendar, (SELECT max(number) FROM schema_migration), checklists FROM reference_version
      """)
  }

  /// What ``addReferences(to:)`` has read.
  func references(of results: some Collection<Rows>) throws -> (References, now: Instant) {
    let row = results.suffix(1).first.flatMap(\.first)
    guard let row else { throw StoreFault("reference_version is empty: the schema was changed by hand") }
    try Migrator.check(version: try row.decode(4, as: Int?.self) ?? 0)
    guard let policy: Int = try row.decode(1) else {
      throw StoreFault("no policy has been applied; run: dubanctl policy apply FILE")
    }
    let (now, directory, calendar): (Instant, Int, Int?) = (try row.decode(0), try row.decode(2), try row.decode(3))
    let checklists: Int = try row.decode(5)
    if let cached,
      (cached.policy, cached.directory, cached.calendar, cached.checklists) == (policy, directory, calendar, checklists)
    {
      return (cached.references, now)
    }
    let fresh = References(
      policies: try loadPolicies(current: policy), directory: try loadDirectory(version: directory),
      calendars: Calendars(try calendars().map { ($0.importedAt, $0.calendar) }), checklists: try loadChecklists())
    cached = (policy, directory, calendar, checklists, fresh)
    return (fresh, now)
  }

  /// Ids for new items, never used before. Fetched a block at a time; what a restart leaves unused is a gap and no harm.
  func takeIDs(_ count: Int) throws -> [Int64] {
    while freshIDs.count < count {
      let first: Int64 = try connection.execute("SELECT nextval('item_id')").only().decode(0)
      freshIDs.append(contentsOf: first..<first + 1000)
    }
    return Array(freshIDs.prefix(count))
  }

  /// Forgets ids that have been used.
  func use(ids: some Collection<Int64>) {
    let used = Set(ids)
    if !used.isEmpty { freshIDs.removeAll(where: used.contains) }
  }
}

extension Rows {
  /// The one row of a statement that always yields one.
  func only() throws(StoreFault) -> Row {
    guard let row = first else { throw StoreFault("a statement that always yields a row yielded none") }
    return row
  }
}
