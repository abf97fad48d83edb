// Organs that a person names, in a file or on the command line: by a name that means one of them, or told which are near.

/// Finds organs by what people write: by name, full name (黄石港区胜阳港街道), code, alias or formal office name.
public struct OrganFinder: Sendable {
  private let directory: Directory
  /// By the folded name, with how well it means each: 0 the present name, 1 another one.
  private let named: [String: [(worth: Int, id: Int64)]]

  public init(_ directory: Directory) {
    self.directory = directory
    var named: [String: [(worth: Int, id: Int64)]] = [:]
    for organ in directory.organs.values.sorted(by: { $0.id < $1.id }) where !organ.isRetired {
      let own = Set(
        [organ.name, directory.fullName(of: organ.id), organ.code ?? "", organ.significantCode ?? ""].map(\.foldedName))
      let names = [organ.name] + organ.aliases + organ.formerNames
      let others = Set(
        names.flatMap { name in [name.foldedName] + Self.prefixes(of: organ, directory).map { ($0 + name).foldedName } }
          + [organ.handlingOffice, organ.supervisingOffice, organ.government].compactMap { $0?.foldedName })
      for name in own where !name.isEmpty { named[name, default: []].append((0, organ.id)) }
      for name in others.subtracting(own) where !name.isEmpty { named[name, default: []].append((1, organ.id)) }
    }
    self.named = named
  }

  /// The names of the district, before which a street's stands; of a community those of its street, too.
  private static func prefixes(of organ: Organ, _ directory: Directory) -> [String] {
    guard [.street, .community].contains(organ.rank), let above = organ.parentID.flatMap({ directory.organs[$0] }) else {
      return []
    }
    let names = [above.name] + above.aliases
    return names + prefixes(of: above, directory).flatMap { prefix in names.map { prefix + $0 } }
  }

  /// The organs that a name may mean, none of them retired: one, where it is clear.
  public func organs(named name: String) -> [Organ] { organs(named: name, Organ.Rank.allCases) }

  private func organs(named name: String, _ ranks: [Organ.Rank]) -> [Organ] {
    let found = (named[name.foldedName] ?? []).compactMap { worth, id in
      directory.organs[id].flatMap { ranks.contains($0.rank) ? (worth, $0) : nil }
    }
    let best = found.map(\.0).min()
    return found.filter { $0.0 == best }.map(\.1)
  }

  /// The full name that is nearest to one that nobody has; nil where none is near.
  public func nearest(to name: String) -> String? { nearest(to: name, Organ.Rank.allCases) }

  private func nearest(to name: String, _ ranks: [Organ.Rank]) -> String? {
    let organs = directory.organs.values.filter { !$0.isRetired && ranks.contains($0.rank) }.sorted { $0.id < $1.id }
    let names = organs.map { (own: $0.name, full: directory.fullName(of: $0.id)) }
    if let own = names.map(\.own).nearest(to: name) { return names.first { $0.own == own }?.full }
    return names.map(\.full).nearest(to: name)
  }

  /// The one organ of some ranks that a file names at a place.
  func find(_ name: String, _ ranks: [Organ.Rank], at place: String, line: Int?) throws(FileFault) -> Int64 {
    let found = organs(named: name, ranks)
    if let organ = found.first, found.count == 1 { return organ.id }
    let kinds = ranks.map(\.rawValue).joined(separator: " or ")
    guard found.isEmpty else {
      let names = found.map { directory.fullName(of: $0.id) }.joined(separator: " or ")
      throw FileFault("\(place): '\(name)' may be several: write \(names)", line: line)
    }
    let nearest = nearest(to: name, ranks).map { "; the nearest is \($0)" } ?? ""
    throw FileFault("\(place): there is no \(kinds) '\(name)' in the directory\(nearest)", line: line)
  }
}
