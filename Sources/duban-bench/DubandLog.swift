// duband's log as the instrument of measurement. It is written in any case, so that reading it disturbs nothing: no trigger, no
// polling of the database, no second consumer.
//
// Two of its lines tell all, each with the time in microseconds by the machine's clock:
//   `consuming`        the broker has accepted the consumers, and nothing has been taken yet
//   `batch committed`  the transaction is committed, flushed to disk, and acknowledged to the broker

import Duban
import Foundation

/// A line `batch committed`.
struct CommittedBatch {
  var worker: Substring
  /// When the batch was committed and acknowledged.
  var endedAt: Instant
  /// Messages that are in the database since: applied, or waiting for their item.
  var kept: Int
  /// All its messages: beside those, duplicates and refused ones.
  var settled: Int
}

/// Follows duband's log as it grows.
final class DubandLog {
  /// When an intake worker first consumed; nil before that.
  private(set) var consumingSince: Instant?
  /// In the order of the log.
  private(set) var batches: [CommittedBatch] = []
  /// Messages settled so far.
  private(set) var settled = 0

  private let path: String
  private let file: FileHandle
  private var incomplete: [UInt8] = []

  /// - Throws: where the file is not there.
  init(path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw BenchFault("\(path): cannot be read") }
    (self.path, self.file) = (path, file)
  }

  /// Takes in what has been written since the last call.
  ///
  /// - Throws: ``BenchFault`` where a batch came that was not acknowledged, which would be counted twice.
  func readOn() throws {
    incomplete += try file.readToEnd() ?? Data()
    guard let end = incomplete.lastIndex(of: UInt8(ascii: "\n")) else { return }
    for line in String(decoding: incomplete[..<end], as: UTF8.self).split(separator: "\n") { try take(line) }
    incomplete.removeSubrange(...end)
  }

  /// The last lines, for a person to see what went wrong.
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
    guard value("acknowledged", in: line) == nil else { throw BenchFault("the broker went away in the middle of a run: \(line)") }
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
    BenchFault("duband's log does not look as the benchmark knows it: \(line)")
  }
}
