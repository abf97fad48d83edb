// The log: one line per record on standard error, which systemd or a container runtime collects.

import Duban
import DubanSettings
import FoundationEssentials
import Glibc
import Logging

/// Writes each record as one line with one `write(2)`, so that lines of several threads and processes do not mix.
///
/// The fields are `time` (Asia/Shanghai), `level`, `msg`, `label`, then the metadata sorted by name. A metadata key that
/// equals one of these four gets a trailing `_`. Under systemd a line begins with its priority (`<6>`), which the journal
/// removes. A line that cannot be written is dropped: the daemon does not stop for its log. Safe from any thread.
public struct LineLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?

  private let label: String
  private let format: LogFormat
  private let descriptor: Int32
  private let isJournal: Bool

  private static let reserved: Set = ["time", "level", "msg", "label"]

  /// Makes a handler for ``LoggingSystem``.
  ///
  /// - Parameters:
  ///   - label: The logger's label.
  ///   - level: The least severe level that is written.
  ///   - format: The format of a line.
  ///   - metadataProvider: Adds metadata of the current task.
  public init(label: String, level: Logger.Level, format: LogFormat, metadataProvider: Logger.MetadataProvider? = nil) {
    self.init(
      label: label, level: level, format: format, metadataProvider: metadataProvider,
      descriptor: STDERR_FILENO, isJournal: Self.standardErrorIsJournal)
  }

  init(
    label: String, level: Logger.Level, format: LogFormat, metadataProvider: Logger.MetadataProvider? = nil,
    descriptor: Int32, isJournal: Bool
  ) {
    self.label = label
    logLevel = level
    self.format = format
    self.metadataProvider = metadataProvider
    self.descriptor = descriptor
    self.isJournal = isJournal
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var extra = metadata
    if let provided = metadataProvider?.get(), !provided.isEmpty { extra.merge(provided) { $1 } }
    if let own = event.metadata { extra.merge(own) { $1 } }
    if let error = event.error, extra["error"] == nil { extra["error"] = "\(error)" }
    var fields: [(name: String, value: Logger.MetadataValue)] = [
      ("time", .string(Self.now.rfc3339)), ("level", .string(event.level.rawValue)), ("msg", .string(event.message.description)),
      ("label", .string(label)),
    ]
    for (name, value) in extra.sorted(by: { $0.key < $1.key }) {
      fields.append((Self.reserved.contains(name) ? name + "_" : name, value))
    }
    write(LogLine(fields, as: format, priority: isJournal ? event.level.syslogSeverity : nil).bytes)
  }

  private static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  private func write(_ line: [UInt8]) {
    line.withUnsafeBytes { line in
      var rest = line[...]
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return }
        rest = rest.dropFirst(written)
      }
    }
  }

  // MARK: - The journal

  /// Whether standard error goes to systemd's journal.
  private static let standardErrorIsJournal = isJournal(STDERR_FILENO, ProcessInfo.processInfo.environment["JOURNAL_STREAM"])

  /// Child processes inherit JOURNAL_STREAM, and it survives a redirection. So it counts only if it names this very file
  /// (device:inode).
  static func isJournal(_ descriptor: Int32, _ journalStream: String?) -> Bool {
    var status = stat()
    guard let journalStream, fstat(descriptor, &status) == 0 else { return false }
    return journalStream == "\(status.st_dev):\(status.st_ino)"
  }
}

extension Logger.Level {
  /// The severity according to syslog(3), as sd-daemon(3) uses it.
  var syslogSeverity: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
