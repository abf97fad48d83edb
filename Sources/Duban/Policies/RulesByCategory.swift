// The rules of a policy by the categories that it lists, for people.

extension Policy {
  /// A category with a rule that names it.
  public struct CategoryRule: Hashable, Sendable {
    public var group: String
    public var category: String
    /// Nil where no rule names it: its items go by the rule of their kind.
    public var rule: Rule?
  }

  /// The categories in the order of the file, each with the rules that name it.
  public var rulesByCategory: [CategoryRule] {
    (categories ?? []).flatMap { group in
      group.categories.flatMap { category in
        let named: [Rule?] = rules.filter { $0.category == category }
        return (named.isEmpty ? [nil] : named).map { CategoryRule(group: group.name, category: category, rule: $0) }
      }
    }
  }
}
