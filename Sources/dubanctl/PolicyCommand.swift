// dubanctl policy: how long each kind of item may take; read, compared, applied, tried on what has happened.

import ArgumentParser
import Duban
import DubanStore

struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Policies: how long each kind of item may take at each tier.",
    subcommands: [Check.self, Diff.self, Apply.self, Show.self, Simulate.self, Move.self, Reference.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a policy file and says what is wrong with it. Needs no servers.",
      discussion: "dubanctl policy reference has every key that a file may have.")

    @Argument(help: "A YAML file, such as deploy/policies/default.yaml.") var file: String

    func run() async throws {
      let policy = try await readPolicy(file)
      print("\(policy.name): \(policy.rules.count) rules, valid")
    }
  }

  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says how a policy file differs from the policy in force.")

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file.") var file: String

    func run() async throws {
      let new = try await readPolicy(file)
      let old = try await connections.migratedStore().referencesInForce().0.policies.current
      let differences = new.differences(from: old)
      print(differences.isEmpty ? "no difference to version \(old.version), \(old.name)" : differences.joined(separator: "\n"))
    }
  }

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a policy file the one in force for new items; open items stay on the version they were opened under.")

    @OptionGroup var connections: Connections
    @Argument(help: "A YAML file, such as deploy/policies/default.yaml.") var file: String

    func run() async throws {
      let document = try readFile(file)
      let version = try await naming(file) { try await connections.migratedStore().apply(policy: document) }
      print("policy version \(version) is in force")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints a policy as it was applied, with --categories its rules by category, or with --versions which there were."
    )

    @OptionGroup var connections: Connections
    @Argument(help: "A version; the one in force if left out.") var version: Int?
    @Flag(help: "List the categories instead, by group, each with the rules that name it.") var categories = false
    @Flag(help: "List the versions instead.") var versions = false

    func run() async throws {
      let store = try await connections.migratedStore()
      let all = try store.policyVersions()
      if versions {
        let rows = all.map { ["\($0.version)", $0.name, $0.appliedAt.rfc3339, $0.appliedBy, $0.isInForce ? "in force" : ""] }
        return print(Table(heading: ["version", "name", "applied", "by", ""], rows: rows).text)
      }
      guard let wanted = all.first(where: { version == nil ? $0.isInForce : $0.version == version }) else {
        throw ValidationError("there is no policy version \(version.map(String.init) ?? "in force")")
      }
      if categories {
        let rows = try Policy(stored: wanted.document, version: wanted.version).rulesByCategory.map { row in
          let rule = row.rule
          return [
            row.group, row.category, rule?.kind.rawValue ?? "as any other",
            [rule?.grade, rule?.source].compactMap(\.self).joined(separator: ", "), rule?.response?.within.text ?? "",
            rule?.resolution.within.text ?? "", rule.map { "line \($0.line)" } ?? "",
          ]
        }
        return print(Table(heading: ["group", "category", "kind", "of", "响应", "办结", "rule"], rows: rows).text)
      }
      print(wanted.document, terminator: wanted.document.hasSuffix("\n") ? "" : "\n")
    }
  }
}

extension PolicyCommand {
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints every key of a policy file, with its values and meaning.")

    func run() { print(Policy.reference) }
  }
}

func readPolicy(_ file: String) async throws -> Policy {
  let text = try readFile(file)
  return try await naming(file) { try Policy(yaml: text, version: 0) }
}
