// How far two spellings are apart, and which of several is the nearest to one.

enum EditDistance {
  /// How many characters must be replaced, left out, added, or swapped with their neighbour to come from one spelling to the other; nil where it
  /// is more than `bound`.
  static func between(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], atMost bound: Int) -> Int? {
    guard abs(a.count - b.count) <= bound else { return nil }
    if a == b { return 0 }
    // Mostly it is seen at once: each character that the other one has not must go.
    guard a.count(where: { !b.contains($0) }) <= bound else { return nil }
    // The distances from the beginnings of `a` to those of `b`: of the row before the last, of the last, and of this one.
    var (earlier, last, row) = ([Int](), Array(0...b.count), [Int](repeating: 0, count: b.count + 1))
    for i in a.indices {
      row[0] = i + 1
      for j in b.indices {
        var distance = min(last[j + 1], row[j]) + 1
        distance = min(distance, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, earlier[j - 1] + 1) }
        row[j + 1] = distance
      }
      guard row.contains(where: { $0 <= bound }) else { return nil }
      (earlier, last) = (last, row)
    }
    return last[b.count] <= bound ? last[b.count] : nil
  }

  /// As many characters of two spellings may differ where one is to be near to the other: half of the longer one's.
  static func bound(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int { max(a.count, b.count) / 2 }
}

extension Sequence where Element == String {
  /// The one that is nearest to a text, where one is near; of several the first.
  func nearest(to text: String) -> String? {
    let wanted = Array(text.foldedName.unicodeScalars)
    let distances = compactMap { name -> (name: String, distance: Int)? in
      let scalars = Array(name.foldedName.unicodeScalars)
      return EditDistance.between(wanted, scalars, atMost: EditDistance.bound(wanted, scalars)).map { (name, $0) }
    }
    return distances.min { $0.distance < $1.distance }?.name
  }
}
