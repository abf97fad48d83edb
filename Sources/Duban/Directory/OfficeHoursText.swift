// Office hours as an operator writes them: [08:30-12:00, 14:30-17:30].

extension OfficeHours {
  /// Reads `08:30-12:00,14:30-17:30`; nil for anything else.
  public init?(text: String) {
    func minutes(_ time: Substring) -> Int? {
      let parts = time.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
        0...24 ~= hour, 0...59 ~= minute
      else { return nil }
      return hour * 60 + minute
    }
    var intervals: [Range<Int>] = []
    for interval in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = interval.split(separator: "-", omittingEmptySubsequences: false).map(minutes)
      guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
      intervals.append(start..<end)
    }
    self.init(intervals)
  }

  public var text: String {
    func time(_ minutes: Int) -> String { "\(minutes / 60 + 100)".dropFirst() + ":" + "\(minutes % 60 + 100)".dropFirst() }
    return intervals.map { "\(time($0.lowerBound))-\(time($0.upperBound))" }.joined(separator: ",")
  }
}
