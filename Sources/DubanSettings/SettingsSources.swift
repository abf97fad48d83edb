// Where settings come from, in order of precedence, and how one is looked up so that a fault can say where it stands.
//
// swift-configuration's ConfigReader answers a mistyped value and a missing one with the same error, and does not say which
// source it came from. An operator needs to know both, so the providers are asked one by one, in their order.

import Configuration
import FoundationEssentials
import Glibc
import Synchronization
import Yams

/// The environment, systemd's credentials and the YAML file: the first that has a key settles it.
struct SettingsSources: Sendable {
  private struct Source {
    /// As a fault names it, e.g. `the environment`.
    var name: String
    var provider: any ConfigProvider
  }

  private var sources: [Source] = []

  /// Reads all sources.
  ///
  /// - Throws: ``SettingsFault`` where one cannot be read or holds a key that is no setting.
  init(configFile: String?, environment: [String: String]) async throws(SettingsFault) {
    try readEnvironment(environment)
    if let directory = environment["CREDENTIALS_DIRECTORY"] { try await readCredentials(in: directory) }
    if let configFile { try await readFile(configFile) }
  }

  /// A value and the source that has it; nil where none has.
  ///
  /// - Throws: ``SettingsFault`` where the first source that has the key holds something that is not of the type.
  func value<T>(
    _ key: SettingKey, _ type: ConfigType, called kind: String, remedy: String, _ take: (ConfigContent) -> T?
  ) throws(SettingsFault) -> (value: T, source: String)? {
    for source in sources {
      let content: ConfigContent?
      do {
        content = try source.provider.value(forKey: AbsoluteConfigKey(key.components), type: type).value?.content
      } catch {
        throw SettingsFault(key, "\(shown(key, source)) in \(source.name) is not \(kind)", remedy: remedy)
      }
      if let content, let value = take(content) { return (value, source.name) }
    }
    return nil
  }

  private func shown(_ key: SettingKey, _ source: Source) -> String {
    let content = try? source.provider.value(forKey: AbsoluteConfigKey(key.components), type: .string).value?.content
    guard !key.isSecret, case .string(let text) = content else { return "what stands" }
    return SettingsFault.shown(text)
  }

  // MARK: - Reading the sources

  /// No settings, but in the environment of daemons that the tests, the scripts in `deploy` and operators start.
  private static let otherVariables: Set = ["DUBAN_BIN", "DUBAN_FLOOR", "DUBAN_PEERS", "DUBAN_SERVERS_DIR"]

  private mutating func readEnvironment(_ environment: [String: String]) throws(SettingsFault) {
    let known = Set(SettingKey.allCases.map(\.variable))
    let ours = environment.filter { $0.key.hasPrefix(SettingKey.variablePrefix) }
    for name in ours.keys.sorted()
    where !known.contains(name) && !Self.otherVariables.contains(name) && !name.hasPrefix("DUBAN_TEST_") {
      throw .unknown(name, in: "the environment")
    }
    let provider = EnvironmentVariablesProvider(environmentVariables: ours, secretsSpecifier: .all)
    sources.append(Source(name: "the environment", provider: provider.prefixKeys(with: "duban")))
  }

  /// systemd's `LoadCredential=amqp-url:…`, `LoadCredential=postgres-dsn:…`. Other units' credentials beside ours are none of our business.
  private mutating func readCredentials(in directory: String) async throws(SettingsFault) {
    do {
      let provider = try await DirectoryFilesProvider(directoryPath: .init(directory), allowMissing: true)
      sources.append(Source(name: "the credentials of \(directory)", provider: provider))
    } catch {
      throw SettingsFault(
        "CREDENTIALS_DIRECTORY", "the files of \(directory) cannot be read: \(error)",
        remedy: "let this user read them, or unset it")
    }
  }

  private mutating func readFile(_ path: String) async throws(SettingsFault) {
    if let reason = Self.whyUnreadable(path) {
      throw SettingsFault("--config", "\(path) cannot be read: \(reason)", remedy: "name a YAML file that this user may read")
    }
    // The parser asks of every key whether it is secret: the one place where all keys of the file can be seen.
    let found = Mutex<[String]>([])
    let isSecret = SecretsSpecifier<String, Void>.dynamic { key, _ in
      found.withLock { $0.append(key) }
      return true
    }
    let provider: FileProvider<YAMLSnapshot>
    do {
      provider = try await FileProvider(parsingOptions: .init(secretsSpecifier: isSecret), filePath: .init(path))
    } catch {
      throw SettingsFault(
        "--config", "\(path) is not a YAML mapping of settings: \(Self.where(error))", remedy: "correct the file")
    }
    for key in found.withLock({ $0 }) where SettingKey(rawValue: key) == nil {
      // A section whose lines are all commented out is empty, not wrong.
      let content = try? provider.value(forKey: AbsoluteConfigKey([key]), type: .string).value?.content
      if SettingKey.sections.contains(key), content == .string("") { continue }
      throw .unknown(key, in: path)
    }
    sources.append(Source(name: path, provider: provider))
  }

  private static func whyUnreadable(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return String(cString: strerror(errno)) }
    return status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : nil
  }

  /// Where the YAML is wrong, and how; never an excerpt, which Yams's own description gives and which may hold a password.
  private static func `where`(_ error: any Error) -> String {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      "line \(mark.line), column \(mark.column): \(problem)"
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      "line \(context.mark.line): \(duplicates.sorted().joined(separator: ", ")) is there more than once"
    case is YamlError: "it is not YAML in UTF-8"
    // Of swift-configuration's own errors, which name keys and no values, the type is not public.
    default: "\(error)"
    }
  }
}
