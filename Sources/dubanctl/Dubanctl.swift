// dubanctl: the operator's tool. Its commands, and what they share: connections, exit codes, tables and JSON.

import AMQP
import ArgumentParser
import Duban
import DubanSettings
import DubanStore
import FoundationEssentials
@preconcurrency import Glibc

@main
struct Dubanctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dubanctl", abstract: "Looks after Duban (督办): schema, policies, items, breaches, queues.",
    discussion: """
      Connections come from DUBAN_AMQP_URL and DUBAN_POSTGRES_DSN, or from the file given with --config.
      Exit codes: 0 done, 64 what was asked for is wrong or not there, 78 a setting is wrong, 1 anything else.
      """,
    subcommands: [
      Migrate.self, PolicyCommand.self, CalendarCommand.self, DirectoryCommand.self, ChecklistsCommand.self,
      SchedulesCommand.self, Today.self, Items.self, Problems.self, Breaches.self, Notices.self, Queues.self, Check.self,
      Publish.self, Dead.self, Waiting.self,
      Privacy.self,
    ])

  /// As the library does it, but a wrong setting ends it as it ends duband.
  static func main() async {
    do {
      try checkCommand(CommandLine.arguments.dropFirst())
      var command = try await asyncParseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      try flushOutput()
    } catch let fault as SettingsFault {
      warn("\(fault)")
      exit(withError: ExitCode(SettingsFault.exitCode))
    } catch let fault as RequestFault {
      exit(withError: ValidationError("\(fault)"))
    } catch {
      exit(withError: error)
    }
  }
}

extension ParsableCommand {
  /// Refuses a word that is no subcommand where one is wanted. The library names the word alone, not what there is.
  static func checkCommand(_ arguments: some Collection<String>) throws {
    let subcommands = configuration.subcommands
    guard let word = arguments.first, !word.hasPrefix("-"), word != "help", !subcommands.isEmpty else { return }
    if let subcommand = subcommands.first(where: { $0._commandName == word }) {
      return try subcommand.checkCommand(arguments.dropFirst())
    }
    let words = subcommands.map { Word($0._commandName) }
    let known = words.map(\.text).joined(separator: ", ")
    throw ValidationError("there is no command '\(word)' here; known are \(known)\(Word.nearest(to: word, in: words).suggestion)")
  }
}

/// Where to connect, for every command.
struct Connections: ParsableArguments {
  @Option(help: "A YAML file with settings, the one that duband uses.")
  var config: String?

  func store() async throws -> Store {
    try Store(dsn: try await Settings.connections(configFile: config).postgresDSN(), name: "dubanctl")
  }

  /// A store whose schema is the one that this program knows.
  func migratedStore() async throws -> Store {
    let store = try await store()
    try Migrator.check(store)
    return store
  }

  func broker() async throws -> Connection {
    var configuration = try ConnectionConfiguration(try await Settings.connections(configFile: config).amqpURL())
    configuration.connectionName = "dubanctl"
    return try Connection(configuration)
  }
}

/// How to print.
struct Output: ParsableArguments {
  @Flag(help: "Print JSON, for programs.")
  var json = false

  func print(_ value: some Encodable, table: @autoclosure () -> Table) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    } else {
      Swift.print(table().fitted(to: terminalWidth).text)
    }
  }
}

func readFile(_ path: String) throws -> String {
  guard let data = FileManager.default.contents(atPath: path) else { throw ValidationError("\(path): cannot be read") }
  guard let text = String(validating: data, as: UTF8.self) else { throw ValidationError("\(path): is not UTF-8") }
  return text
}

/// Says something on standard error.
func warn(_ text: String) {
  // Where even that cannot be said, nothing is left to do about it.
  try? writeAll(Array("dubanctl: \(text)\n".utf8), to: STDERR_FILENO)
}

/// What was asked for could not be written, which ends the command with code 1.
struct OutputFault: Error, CustomStringConvertible {
  var description: String
}

/// Brings out what `print` keeps back, which does not say where it fails.
private func flushOutput() throws {
  guard fflush(stdout) == 0 else {
    throw OutputFault(description: "standard output cannot be written: \(String(cString: strerror(errno)))")
  }
  guard ferror(stdout) == 0 else { throw OutputFault(description: "standard output could not be written to its end") }
}

/// Why an operator does something, which is kept on record: the transform of `--because`.
func reason(_ text: String) throws -> String {
  guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("say why: it is kept with who did it") }
  return text
}

/// How many to list at most: the transform of `--limit`.
func oneOrMore(_ text: String) throws -> Int {
  guard let count = Int(text), count > 0 else { throw ValidationError("write a whole number, 1 or more") }
  return count
}

/// Writes all of it, past the buffers of `print`.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 {
      rest = rest.dropFirst(count)
    } else if errno != EINTR {
      let name = descriptor == STDOUT_FILENO ? "standard output" : "descriptor \(descriptor)"
      throw OutputFault(description: "\(name) cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}

/// Who runs the command, for the record.
var operatorName: String {
  ProcessInfo.processInfo.environment["SUDO_USER"] ?? ProcessInfo.processInfo.environment["USER"] ?? "uid \(getuid())"
}
