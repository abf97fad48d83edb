// The names that lead to organs: by code, name, formal office name or alias, within a district and in the whole city.

/// To which organ a name leads, by where it is looked for.
///
/// Names as the directory spells them are found by their bytes, at once. Others are folded first. A name that means several organs leads to
/// none.
struct OrganNames: Sendable {
  /// Where a name is looked for.
  enum Scope: Hashable, Sendable {
    case districts
    case streets(of: Int64)
    case allStreets
    /// Of a street, or of all streets of a district.
    case communities(of: Int64)
    case allCommunities
    case units
  }

  /// How well a name means an organ: the better one counts.
  private enum Worth: Int, Comparable {
    case name, code, alias, office, former

    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// A name as it is spelt, by its bytes.
  private struct Spelling: Hashable {
    var scope: Scope
    var text: String

    static func == (a: Self, b: Self) -> Bool { a.scope == b.scope && a.text.hasSameBytes(as: b.text) }

    func hash(into hasher: inout Hasher) {
      hasher.combine(scope)
      hasher.combine(utf8Of: text)
    }
  }

  private struct Folded: Hashable {
    var scope: Scope
    var text: String
  }

  private let spelt: [Spelling: Int64]
  private let folded: [Folded: Int64]

  /// The names of `organs`. `current` says which organ one is now: itself, or its successor.
  init(_ organs: [Int64: Organ], current: (Int64) -> Int64?) {
    var found: [Folded: (worth: Worth, id: Int64?)] = [:]
    var spellings: [Spelling: String] = [:]
    func add(_ text: String, _ scope: Scope, _ worth: Worth, _ id: Int64) {
      let key = Folded(scope: scope, text: text.foldedName)
      guard !key.text.isEmpty else { return }
      spellings[Spelling(scope: scope, text: text)] = key.text
      guard let before = found[key] else { return found[key] = (worth, id) }
      if worth < before.worth {
        found[key] = (worth, id)
      } else if worth == before.worth, id != before.id {
        found[key] = (worth, nil)
      }
    }
    let city = organs.values.first { $0.tier == .city }
    for organ in organs.values {
      guard let id = current(organ.id) else { continue }
      let names = Self.names(of: organ)
      switch organ.rank {
      case .city: break
      case .unit: for (name, worth) in names { add(name, .units, worth, id) }
      case .district:
        for (name, worth) in names {
          add(name, .districts, worth, id)
          if let city { add(city.name + name, .districts, max(worth, .alias), id) }
        }
      case .community:
        for (name, worth) in names {
          add(name, .allCommunities, worth, id)
          for (street, past) in Self.parents(of: organ, current) {
            add(name, .communities(of: street), past ?? worth, id)
            if let district = organs[street]?.parentID { add(name, .communities(of: district), past ?? worth, id) }
          }
        }
      case .street:
        for (name, worth) in names {
          add(name, .allStreets, worth, id)
          for (district, past) in Self.parents(of: organ, current) {
            add(name, .streets(of: district), past ?? worth, id)
            // 黄石港区胜阳港街道, which some write for the street.
            for prefix in organs[district].map({ [$0.name] + $0.aliases }) ?? [] {
              add(prefix + name, .allStreets, past ?? max(worth, .alias), id)
              add(prefix + name, .streets(of: district), past ?? max(worth, .alias), id)
            }
          }
        }
      }
    }
    folded = found.compactMapValues(\.id)
    var spelt: [Spelling: Int64] = [:]
    for (spelling, text) in spellings { spelt[spelling] = folded[Folded(scope: spelling.scope, text: text)] }
    self.spelt = spelt
  }

  private static func names(of organ: Organ) -> [(String, Worth)] {
    var names: [(String, Worth)] = [(organ.name, .name)]
    for code in Set([organ.code, organ.significantCode].compactMap(\.self)) { names.append((code, .code)) }
    names += organ.aliases.map { ($0, .alias) }
    names += [organ.handlingOffice, organ.supervisingOffice, organ.government].compactMap(\.self).map { ($0, .office) }
    names += organ.formerNames.map { ($0, .former) }
    return organ.isRetired ? names.map { ($0.0, .former) } : names
  }

  /// The organ above, and those that were above it before.
  private static func parents(of organ: Organ, _ current: (Int64) -> Int64?) -> [(id: Int64, past: Worth?)] {
    var parents: [(id: Int64, past: Worth?)] = organ.formerParentIDs.compactMap(current).map { ($0, .former) }
    if let present = organ.parentID.flatMap(current) { parents.append((present, nil)) }
    return parents
  }

  /// The organ that a name means; nil where it means none, or several.
  func organ(_ name: String, in scope: Scope) -> Int64? {
    spelt[Spelling(scope: scope, text: name)] ?? folded[Folded(scope: scope, text: name.foldedName)]
  }
}
