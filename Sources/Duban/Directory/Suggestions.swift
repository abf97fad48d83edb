// What may have been meant by the name of a place that the directory does not know.

extension Directory {
  /// The streets that may have been meant by a region that the directory does not know as far down as a street: at most 3, the best first, written
  /// 黄石港区胜阳港街道. Where no street is named, districts. Empty where the street is known, or nothing is near.
  public func suggestions(for region: Event.Region) -> [String] {
    var stamp = Stamp()
    place(region, in: &stamp)
    guard stamp.streetID == nil else { return [] }
    let named = region.district.flatMap { $0.isBlank ? nil : $0 }
    guard let street = region.street, !street.isBlank else {
      guard let named, stamp.districtID == nil else { return [] }
      return best(near(named, among: districtSpellings))
    }
    // Another district than the one that is named counts against a street, as far as its name is from that one.
    let districts =
      named.map { text in stamp.districtID.map { [$0: 0] } ?? near(text, among: districtSpellings) }
    var found = near(street, among: streetSpellings)
    if let districts {
      for id in found.keys {
        let district = organs[id]?.parentID
        found[id, default: 0] += district.flatMap { districts[$0] } ?? (stamp.districtID == nil ? 2 : 1)
      }
    }
    return best(found)
  }

  private func best(_ distances: [Int64: Int]) -> [String] {
    let names = distances.map { (name: fullName(of: $0.key), distance: $0.value) }
    return names.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  private func near(_ text: String, among spellings: [OrganSpelling]) -> [Int64: Int] {
    let (whole, stem) = (Array(text.foldedName.unicodeScalars), OrganSpelling.stem(text))
    var found: [Int64: Int] = [:]
    for spelling in spellings {
      // A longer text may hold the name: 湖北省黄石市黄石港区胜阳港街道办.
      let distance =
        whole.holds(spelling.whole)
        ? 0 : EditDistance.between(stem, spelling.stem, atMost: EditDistance.bound(stem, spelling.stem))
      if let distance { found[spelling.organ] = min(found[spelling.organ] ?? distance, distance) }
    }
    return found
  }
}

/// A name of an organ that a text may have meant.
struct OrganSpelling: Sendable {
  var organ: Int64
  var whole: [Unicode.Scalar]
  /// The name without what says what sort of place it is, which many have in common.
  var stem: [Unicode.Scalar]

  init(_ name: String, of organ: Int64) {
    (self.organ, whole, stem) = (organ, Array(name.foldedName.unicodeScalars), Self.stem(name))
  }

  static func stem(_ name: String) -> [Unicode.Scalar] {
    let scalars = Array(name.foldedName.unicodeScalars)
    let ending = endings.first { scalars.count > $0.count && scalars.suffix($0.count).elementsEqual($0) }
    return scalars.dropLast(ending?.count ?? 0)
  }

  // The longer first.
  private static let endings = ["街道办事处", "镇人民政府", "乡人民政府", "街道办", "办事处", "街道", "镇", "乡", "区", "县", "市"].map {
    Array($0.unicodeScalars)
  }
}

extension [Unicode.Scalar] {
  fileprivate func holds(_ part: [Unicode.Scalar]) -> Bool {
    guard part.count > 2, part.count <= count else { return false }
    return (0...count - part.count).contains { start in self[start..<start + part.count].elementsEqual(part) }
  }
}
