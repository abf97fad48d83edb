// A child process of a test: started without a shell, what it says collected, and every wait for it bounded.

import Foundation
import Synchronization
import TestServers

/// A program that runs beside the test. Safe from any thread, but only one may wait for it at a time.
final class ChildProcess: Sendable {
  /// How a process ended.
  enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  private struct State {
    var end: End?
    var output: [UInt8] = []
    var errors: [UInt8] = []
  }

  private let name: String
  private let pid: pid_t
  private let state = Mutex(State())
  /// Signalled whenever the state has changed.
  private let news = DispatchSemaphore(value: 0)

  /// Starts a program with nothing to read and no environment but the one given.
  ///
  /// - Throws: ``TestFault`` where it cannot be started.
  init(_ executable: String, _ arguments: [String] = [], environment: [String: String]) throws {
    name = executable.split(separator: "/").last.map(String.init) ?? executable
    let (output, errors) = (try Self.pipe(), try Self.pipe())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO)
    // What other tests have open is not the child's: a pipe of theirs would not end as long as it runs.
    for descriptor in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) })
    where descriptor > STDERR_FILENO {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    // The test's own threads may block signals, which a child would inherit: a broker that is deaf to SIGTERM, for one.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var pid: pid_t = 0
    let status = Self.withStrings([executable] + arguments) { argv in
      Self.withStrings(environment.map { "\($0)=\($1)" }) { posix_spawnp(&pid, executable, &actions, &attributes, argv, $0) }
    }
    close(output.write)
    close(errors.write)
    self.pid = pid
    guard status == 0 else {
      close(output.read)
      close(errors.read)
      throw TestFault("\(executable) cannot be started: \(String(cString: strerror(status)))")
    }
    let reading = DispatchGroup()
    for (descriptor, isErrors) in [(output.read, false), (errors.read, true)] {
      reading.enter()
      Thread.detachNewThread { [self] in
        collect(descriptor, isErrors)
        reading.leave()
      }
    }
    Thread.detachNewThread { [self] in
      reap(reading)
    }
  }

  // MARK: - What it does

  /// Everything it has written to standard output so far.
  var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
  /// Everything it has written to standard error so far.
  var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

  /// Sends a signal; nothing to a process that has ended.
  func send(_ signal: Int32) {
    // Under the lock the pid is ours: it is reaped, and free for another process, only by who holds the lock.
    state.withLock { if $0.end == nil { kill(pid, signal) } }
  }

  /// Waits until it ends or time is up; nil if it runs still.
  func end(within bound: Duration) -> End? {
    wait(bound) { $0.end }
  }

  /// Waits until it ends.
  ///
  /// - Throws: ``TestFault`` where it has not ended in time.
  func wait(within bound: Duration = patience) throws -> End {
    guard let end = end(within: bound) else { throw TestFault("\(name) has not ended within \(bound)\(said)") }
    return end
  }

  /// Waits until it has written a text to standard error.
  ///
  /// - Throws: ``TestFault`` where it has not in time.
  func untilErrors(contain text: String, within bound: Duration = patience) throws {
    let found: Void? = wait(bound) { String(decoding: $0.errors, as: UTF8.self).contains(text) ? () : nil }
    if found == nil { throw TestFault("\(name) did not say '\(text)' within \(bound)\(said)") }
  }

  /// The last of what it wrote to standard error, for a fault.
  var said: String {
    let lines = errors.split(separator: "\n").suffix(15)
    return lines.isEmpty ? "" : "; its last words:\n" + lines.joined(separator: "\n")
  }

  private func wait<T>(_ bound: Duration, for take: (State) -> T?) -> T? {
    let deadline = DispatchTime.now() + .microseconds(Int(bound / .microseconds(1)))
    while true {
      if let value = state.withLock({ take($0) }) { return value }
      if news.wait(timeout: deadline) == .timedOut { return state.withLock { take($0) } }
    }
  }

  // MARK: - Its threads

  private func collect(_ descriptor: Int32, _ isErrors: Bool) {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      state.withLock { state in
        if isErrors { state.errors += buffer[..<count] } else { state.output += buffer[..<count] }
      }
      news.signal()
    }
    close(descriptor)
  }

  private func reap(_ reading: DispatchGroup) {
    var information = siginfo_t()
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
    // Its words are complete before its end is told, unless a child of its own holds on to the pipes.
    _ = reading.wait(timeout: .now() + .seconds(2))
    state.withLock { state in
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      state.end = status & 0x7F == 0 ? .exit((status >> 8) & 0xFF) : .signal(status & 0x7F)
    }
    news.signal()
  }

  // MARK: - Starting

  /// What serves as a pipe; a pair of sockets can be made so that no other child inherits it, at whatever moment that is started.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw TestFault("no socket pair: \(String(cString: strerror(errno)))")
    }
    return (ends[0], ends[1])
  }

  private static func withStrings<T>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}

extension ChildProcess {
  /// Runs a program to its end.
  ///
  /// - Throws: ``TestFault`` where it cannot be started or does not end in time; it is killed then.
  static func run(
    _ executable: String, _ arguments: [String], environment: [String: String], within bound: Duration = patience
  ) throws -> (end: End, output: String, errors: String) {
    let child = try ChildProcess(executable, arguments, environment: environment)
    do {
      return (try child.wait(within: bound), child.output, child.errors)
    } catch {
      child.send(SIGKILL)
      throw error
    }
  }
}
