// The measured daemon: the real executable in its own process.

import Foundation

/// A running `duband run`.
final class DubandProcess {
  let log: DubandLog
  var id: Int32 { process.processIdentifier }

  private let process = Process()

  /// Longer than any pause of a healthy daemon. It limits the wait on failure and does not affect results.
  private static let patience = 120.0

  /// Starts it with this process's environment, but without Duban's variables, so that only `settings` applies.
  init(_ executable: String, settings: [String: String], logFile: String) throws {
    guard FileManager.default.createFile(atPath: logFile, contents: nil), let output = FileHandle(forWritingAtPath: logFile)
    else {
      throw BenchFault("\(logFile): cannot be written")
    }
    log = try DubandLog(path: logFile)
    process.executableURL = URL(filePath: executable)
    process.arguments = ["run"]
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DUBAN_") }
      .merging(settings) { $1 }
    (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, output, output)
    try process.run()
  }

  /// Waits until duband consumes.
  func waitUntilConsuming() throws {
    try wait(for: "it did not start to consume") { log.consumingSince != nil }
  }

  /// Waits until duband has settled `count` messages since its start.
  func waitUntilSettled(_ count: Int) throws {
    try wait(for: "it settled \(log.settled) of \(count) messages") { log.settled >= count }
  }

  /// - Throws: ``BenchFault`` if the process has exited.
  func checkRunning() throws {
    guard process.isRunning else { throw BenchFault("duband has exited; its log ends with:\n\(log.tail)") }
  }

  private func wait(for failure: @autoclosure () -> String, until condition: () -> Bool) throws {
    var (lines, quietSince) = (-1, Date())
    while true {
      try log.readOn()
      if condition() { return }
      try checkRunning()
      if log.batches.count != lines { (lines, quietSince) = (log.batches.count, Date()) }
      guard Date().timeIntervalSince(quietSince) < Self.patience else {
        throw BenchFault("\(failure()) and then made no progress for \(Int(Self.patience)) s; its log ends with:\n\(log.tail)")
      }
      try Interruption.pause(milliseconds: 20)
    }
  }

  /// Stops the process, by force if it does not drain in time. Returns its exit status, or 128 plus the number of the signal
  /// that ended it, as a shell does.
  @discardableResult
  func stop() -> Int32 {
    if process.isRunning { process.terminate() }
    for _ in 0..<300 where process.isRunning { usleep(100_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
  }

  deinit { stop() }
}
