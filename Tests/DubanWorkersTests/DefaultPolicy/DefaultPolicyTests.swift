// The default policy as data: what the walk's matters must lead to under it, and that they notice each value of it that is changed.

import Duban
import Testing

@Suite("The default policy")
struct DefaultPolicyTests {
  static let walk = Result { try PureWalk(WalkMatter.all) }
  static let text = Result { try deployed("policies/default.yaml") }

  @Test("what each rule demands", arguments: WalkMatter.all)
  func demands(matter: WalkMatter) throws {
    let walk = try Self.walk.get()
    let policy = try Policy(yaml: Self.text.get(), version: 7)
    let prepared = try #require(walk.matters.first { $0.matter.name == matter.name })
    #expect(try walk.told(of: prepared, under: policy) == matter.told)
    #expect(policy.rules.contains { $0.condition == matter.rule })
  }

  @Test("every rule has matters that prove it")
  func coverage() throws {
    let policy = try Policy(yaml: Self.text.get(), version: 7)
    #expect(Set(policy.rules.map(\.condition)) == Set(WalkMatter.all.map(\.rule)))
    #expect(Set(WalkMatter.all.map(\.name)).count == WalkMatter.all.count)
  }

  /// What the walk sees of a changed policy.
  private enum Verdict: Equatable {
    case noticed
    /// No valid policy at all: it cannot be applied.
    case refused
    case overlooked
  }

  private func judge(_ mutant: PolicyMutant, _ rules: [String]) throws -> Verdict {
    let policy: Policy
    do throws(FileFault) { policy = try Policy(yaml: mutant.text, version: 7) } catch { return .refused }
    let walk = try Self.walk.get()
    // Those that prove the rule first: mostly they notice at once.
    let rule = mutant.rule.map { rules[$0] }
    let order = walk.matters.filter { $0.matter.rule == rule } + walk.matters.filter { $0.matter.rule != rule }
    for prepared in order where try walk.told(of: prepared, under: policy) != prepared.matter.told { return .noticed }
    return policy.waiting == .hours(24) ? .overlooked : .noticed
  }

  /// Where a policy file can be changed: above its rules, and in each of them. Judged side by side.
  static let places = [aboveTheRules] + ((try? Policy(yaml: text.get(), version: 7).rules.map(\.condition)) ?? [])
  static let aboveTheRules = "above the rules"

  @Test("whoever changes a value, a condition or the order of the rules is noticed by some matter", arguments: places)
  func mutations(place: String) throws {
    let rules = Self.places.dropFirst()
    let mutants = try PolicyMutant.all(of: Self.text.get()).filter { mutant in
      mutant.rule.map { rules[$0 + 1] } ?? Self.aboveTheRules == place
    }
    #expect(!mutants.isEmpty)
    for mutant in mutants {
      let verdict = try judge(mutant, Array(rules))
      #expect(verdict == .noticed || verdict == .refused && mutant.mayBeRefused, "\(mutant.what): \(verdict)")
    }
  }
}
