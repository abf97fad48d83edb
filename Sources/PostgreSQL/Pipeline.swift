// Several statements in one round trip. A pipeline is a plain list that is filled without I/O and then sent as a whole, so a
// caller cannot leave it half open.

import CPostgreSQL
import Glibc

/// Statements to send together, in order.
public struct Pipeline {
  var statements: [Statement] = []

  /// Makes an empty pipeline.
  public init() {}

  /// The number of statements.
  public var count: Int { statements.count }
  /// Whether there are no statements.
  public var isEmpty: Bool { statements.isEmpty }

  /// Adds a statement with typed parameters and returns its index among the results.
  @discardableResult
  public mutating func add<each Parameter: PostgresEncodable>(_ sql: String, _ parameters: repeat each Parameter) -> Int {
    add(Statement(sql, repeat each parameters))
  }

  /// Adds a statement in which some parameters have no type, and returns its index among the results.
  @discardableResult
  public mutating func add(
    _ sql: String, _ first: (any PostgresEncodable)?, _ others: (any PostgresEncodable)?...
  ) -> Int {
    add(Statement(sql, parameters: [first] + others))
  }

  private mutating func add(_ statement: Statement) -> Int {
    statements.append(statement)
    return statements.count - 1
  }
}

extension Connection {
  /// Runs the statements that `body` adds, in one round trip, and returns their rows in the same order.
  ///
  /// Outside a transaction, either all of them take effect or none.
  /// - Throws: The first error, with the text of its statement. The statements after it were not run.
  public func pipelined(_ body: (inout Pipeline) -> Void) throws(PostgresError) -> [Rows] {
    var pipeline = Pipeline()
    body(&pipeline)
    return try execute(pipeline)
  }

  /// Runs a pipeline; see ``pipelined(_:)``. An empty one sends nothing.
  ///
  /// - Throws: The first error, with the text of its statement. The statements after it were not run.
  public func execute(_ pipeline: Pipeline) throws(PostgresError) -> [Rows] {
    let handle = try open()
    if pipeline.isEmpty { return [] }
    for statement in pipeline.statements { try statement.checkCount() }
    guard PQenterPipelineMode(handle) == 1 else { throw lose() }
    let patience = Patience.times(pipeline.count)
    var plans: [StatementCache.Plan] = []
    for statement in pipeline.statements {
      let plan = cache.plan(for: statement)
      if case .toPrepare(let name) = plan {
        try sendPrepare(statement, name: name)
        // Cached now, so that the same text later in the pipeline is not prepared again.
        cache.insert(statement, name: name)
      }
      try send(statement, plan)
      plans.append(plan)
    }
    try checkSent(PQpipelineSync(handle))
    try flush(patience)
    let outcome = try receive(pipeline, plans, patience)
    guard PQexitPipelineMode(try open()) == 1 else { throw lose() }
    return try outcome.get()
  }

  /// Reads all answers up to the synchronization point, also those after an error.
  private func receive(
    _ pipeline: Pipeline, _ plans: [StatementCache.Plan], _ patience: Patience
  ) throws(PostgresError) -> Result<[Rows], PostgresError> {
    var rows: [Rows] = []
    var firstError: PostgresError?
    for (statement, plan) in zip(pipeline.statements, plans) {
      if case .toPrepare = plan, try answer(to: statement, &firstError, patience) == nil {
        cache.forget(statement.sql)
      }
      let errorsBefore = firstError
      if let result = try answer(to: statement, &firstError, patience) {
        rows.append(Rows(result: result))
      } else if errorsBefore == nil, let error = firstError {
        firstError = reconsider(error, plan, statement)
      }
    }
    try receiveSync(&firstError, patience)
    return firstError.map { .failure($0) } ?? .success(rows)
  }

  /// Reads up to the synchronization point. It can fail by itself: outside a transaction it commits and checks deferred
  /// constraints.
  private func receiveSync(_ firstError: inout PostgresError?, _ patience: Patience) throws(PostgresError) {
    // An error's results end with their own nil. A second nil means that nothing more will come.
    for _ in 0..<3 {
      guard let result = try nextResult(of: nil, patience) else { continue }
      if PQresultStatus(result.pointer) == PGRES_PIPELINE_SYNC { return }
      if let error = failure(result) {
        if isLost { throw error }
        firstError = firstError ?? error
      }
    }
    throw lose("the pipeline ended without its synchronization point")
  }

  /// Returns one command's result, or nil if it failed or was skipped after a failure. Each command's results end with a nil.
  private func answer(
    to statement: Statement, _ firstError: inout PostgresError?, _ patience: Patience
  ) throws(PostgresError) -> ResultHandle? {
    var answer: ResultHandle?
    while let result = try nextResult(of: statement.sql, patience) {
      if let error = failure(result) {
        if isLost { throw error }
        firstError = firstError ?? error
        answer = nil
      } else {
        answer = PQresultStatus(result.pointer) == PGRES_PIPELINE_ABORTED ? nil : result
      }
    }
    return answer
  }
}
