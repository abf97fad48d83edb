// Gaps in the directory: items left 待派 and tiers passed over, counted and logged, so that an operator is alerted.

import Duban
import Logging
import Metrics

/// What one batch found vacant: the directory lacks an organ or a unit that was to answer for items.
struct Vacancies {
  /// So many things of one sort, with an example of those that may be spoken of.
  private struct Tally {
    var count = 0
    var confidential = 0
    var example: ItemKey?
    /// The streets that may have been meant by the example's.
    var suggestions: [String] = []

    mutating func add(_ item: ItemKey, in directory: Directory) {
      count += 1
      if directory.isConfidential(item) { confidential += 1 } else { example = example ?? item }
    }

    static func += (a: inout Tally, b: Tally) {
      a.count += b.count
      a.confidential += b.confidential
      if a.example == nil { (a.example, a.suggestions) = (b.example, b.suggestions) }
    }

    var metadata: Logger.Metadata {
      var metadata: Logger.Metadata = ["count": "\(count)"]
      if confidential > 0 { metadata["confidential"] = "\(confidential)" }
      if let example { metadata["example"] = "\(example)" }
      if !suggestions.isEmpty { metadata["suggestions"] = "\(suggestions.joined(separator: ","))" }
      return metadata
    }
  }

  private var unassigned = Tally()
  /// Of items that are not among the unassigned, which tell of the same vacancy.
  private var passing = Tally()
  private var passingTiers: Set<Tier> = []
  private var passedOver: [Tier: Int] = [:]

  init() {}

  init(_ effects: Effects, _ directory: Directory) {
    // Almost always there is nothing.
    guard !effects.unassigned.isEmpty || !effects.passedOver.isEmpty else { return }
    let told = Set(effects.unassigned)
    for item in effects.unassigned { unassigned.add(item, in: directory) }
    if let region = unassigned.example.flatMap(effects.region) { unassigned.suggestions = directory.suggestions(for: region) }
    for step in effects.passedOver {
      passedOver[step.tier, default: 0] += 1
      guard !told.contains(step.item) else { continue }
      passing.add(step.item, in: directory)
      passingTiers.insert(step.tier)
    }
  }

  static func += (a: inout Vacancies, b: Vacancies) {
    a.unassigned += b.unassigned
    a.passing += b.passing
    a.passingTiers.formUnion(b.passingTiers)
    a.passedOver.merge(b.passedOver, uniquingKeysWith: +)
  }

  /// Counts them, and says at most one line of each sort, however many there are. Of confidential items it says how many, no more.
  func tell(_ logger: Logger) {
    for (tier, count) in passedOver { Counters.byTier[tier]?.increment(by: count) }
    if unassigned.count > 0 {
      var metadata = unassigned.metadata
      metadata["remedy"] =
        "dubanctl items list --unassigned; add the street or unit to the directory file, then dubanctl directory apply FILE"
      logger.warning("items are unassigned (待派): the directory does not know their street, or their unit", metadata: metadata)
    }
    if passing.count > 0 {
      var metadata = passing.metadata
      metadata["tiers"] = "\(passingTiers.sorted().map(\.rawValue).joined(separator: ","))"
      metadata["remedy"] = "add the organ to the directory file, then dubanctl directory apply FILE"
      logger.warning("tiers were passed over: the directory has no organ there for the items' places", metadata: metadata)
    }
  }

  private enum Counters {
    static let byTier = Dictionary(
      uniqueKeysWithValues: Tier.allCases.map {
        ($0, Counter(label: "duban_tiers_passed_over", dimensions: [("tier", $0.rawValue)]))
      })
  }
}

extension Effects {
  /// The region that the opening of an item names, if it is among the new entries.
  fileprivate func region(of item: ItemKey) -> Event.Region? {
    guard let id = matters.first(where: { $0.matter.key == item.whole ?? item })?.matter.id else { return nil }
    return entries.lazy.compactMap { line in
      if line.itemID == id, case .opened(let opening) = line.entry.event { opening.region } else { nil }
    }.first
  }
}
