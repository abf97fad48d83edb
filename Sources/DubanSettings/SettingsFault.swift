// What is wrong with the settings, in the one line that an operator reads before anything else happens.

import Duban

/// A setting that is missing, mistyped, out of range or unknown; or a file of settings that cannot be read.
///
/// Its description is one line: the setting as key and as environment variable, what is wrong and where, and the remedy. It never
/// holds the value of a secret. An executable prints it and ends with ``exitCode``.
public struct SettingsFault: Error, Equatable, CustomStringConvertible {
  /// `EX_CONFIG` of sysexits.h, which tells systemd's `RestartPreventExitStatus=` that trying again is useless.
  public static let exitCode: Int32 = 78

  public let description: String

  /// - Parameters:
  ///   - subject: the setting, file or variable at fault.
  ///   - problem: continues `subject` and a colon.
  ///   - remedy: what to do, as an imperative.
  init(_ subject: String, _ problem: String, remedy: String) {
    let text = "\(subject): \(problem); \(remedy)"
    description = text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  init(_ key: SettingKey, _ problem: String, remedy: String) {
    self.init("\(key.rawValue) (\(key.variable))", problem, remedy: remedy)
  }

  static func unknown(_ name: String, in place: String) -> SettingsFault {
    let known = SettingKey.allCases.map(\.rawValue).joined(separator: ", ")
    return SettingsFault(name, "is no setting, yet stands in \(place)", remedy: "correct or remove it; the settings are \(known)")
  }

  /// A value as it may be shown: quoted, its control characters escaped, not too long.
  static func shown(_ value: String) -> String {
    JSONText.string(value.count > 60 ? value.prefix(60) + "…" : value)
  }
}
