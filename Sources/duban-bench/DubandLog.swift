// Measures by duband's log. duband writes it anyway, so reading it does not affect the result, unlike triggers, polling the
// database or a second consumer.
//
// Two kinds of lines are read. Their times are in microseconds by the machine's clock:
//   `consuming`        the broker has accepted the consumers; no message has been received yet
//   `batch committed`  the transaction is committed, flushed to disk, and acknowledged to the broker

import Duban
import Foundation

/// A line `batch committed`.
struct CommittedBatch {
  var worker: Substring
  /// The time when the batch was committed and acknowledged.
  var endedAt: Instant
  /// The messages that are now in the database: applied, or waiting for their item.
  var kept: Int
  /// All messages of the batch, including duplicates and rejected ones.
  var settled: Int
}

/// Follows duband's log as it grows.
final class DubandLog {
  /// The time when an intake worker first consumed; nil before that.
  private(set) var consumingSince: Instant?
  /// In the order of the log.
  private(set) var batches: [CommittedBatch] = []
  /// The number of messages settled so far.
  private(set) var settled = 0

  private let path: String
  private let file: FileHandle
  private var incomplete: [UInt8] = []

  /// - Throws: ``BenchFault`` if the file cannot be read.
  init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw BenchFault("\(path): cannot be read") }
    (self.path, self.file) = (path, file)
  }

  /// Reads the lines written since the last call.
  ///
  /// - Throws: ``BenchFault`` for a batch that was not acknowledged, because its messages would be counted twice.
  func readOn() throws {
    incomplete += try file.readToEnd() ?? Data()
    guard let end = incomplete.lastIndex(of: UInt8(ascii: "\n")) else { return }
    for line in String(decoding: incomplete[..<end], as: UTF8.self).split(separator: "\n") { try take(line) }
    incomplete.removeSubrange(...end)
  }

  /// The last lines, for error messages.
  var tail: String {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(15).joined(separator: "\n")
  }

  private func take(_ line: Substring) throws {
    if line.contains(" msg=consuming ") {
      consumingSince = try consumingSince ?? time(of: line)
    } else if line.contains(" msg=\"batch committed\" ") {
      let batch = try batch(line)
      batches.append(batch)
      settled += batch.settled
    }
  }

  private func batch(_ line: Substring) throws -> CommittedBatch {
    let counts = ["applied", "waiting", "duplicates", "refused"].compactMap { value($0, in: line).flatMap { Int($0) } }
    guard counts.count == 4, let worker = value("worker", in: line) else { throw strange(line) }
    guard value("acknowledged", in: line) == nil else { throw BenchFault("the broker connection was lost during a run: \(line)") }
    return CommittedBatch(
      worker: worker, endedAt: try time(of: line), kept: counts[0] + counts[1], settled: counts.reduce(0, +))
  }

  private func time(of line: Substring) throws -> Instant {
    guard let time = value("time", in: line).flatMap({ Instant(rfc3339: $0) }) else { throw strange(line) }
    return time
  }

  private func value(_ name: String, in line: Substring) -> Substring? {
    line.split(separator: " ").first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
  }

  private func strange(_ line: Substring) -> BenchFault {
    BenchFault("unexpected line in duband's log: \(line)")
  }
}
