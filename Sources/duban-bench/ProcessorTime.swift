// CPU time and memory of processes, from /proc.

import Foundation

/// The CPU seconds, user and system, that a process has used since its start.
enum ProcessorTime {
  /// The CPU seconds of one process with all its threads; nil if it has ended.
  static func of(_ process: Int32) -> Double? {
    Stat(process).map { Double($0.own) / ticksPerSecond }
  }

  /// The CPU seconds of a process and all its descendants, running or ended.
  static func ofFamily(_ parent: Int32) -> Double? {
    guard let stat = Stat(parent) else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let children = names.compactMap { Int32($0) }.compactMap { Stat($0) }.filter { $0.parent == parent }
    return Double(children.reduce(stat.own + stat.ended) { $0 + $1.own + $1.ended }) / ticksPerSecond
  }

  private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

  /// `/proc/PID/stat`. proc(5) counts the fields from 1.
  private struct Stat {
    var parent: Int32
    var own: Int
    /// The time of children that have ended and were waited for.
    var ended: Int

    init?(_ process: Int32) {
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let end = text.lastIndex(of: ")")
      else { return nil }
      // The name may contain spaces and parentheses. Field 3 follows it.
      let fields = text[text.index(after: end)...].split(separator: " ")
      func field(_ number: Int) -> Int? { fields.count > number - 3 ? Int(fields[number - 3]) : nil }
      guard let parent = field(4), let user = field(14), let system = field(15), let endedUser = field(16),
        let endedSystem = field(17)
      else { return nil }
      (self.parent, own, ended) = (Int32(parent), user + system, endedUser + endedSystem)
    }
  }
}

/// Memory of a process.
enum Memory {
  /// The peak resident memory, in MiB; nil if the process has ended.
  static func peak(of process: Int32) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(separator: " ").dropLast().last.flatMap({ Double($0.filter(\.isNumber)) })
    else { return nil }
    return kibibytes / 1024
  }
}
