// Items of a category that their policy does not list, counted and logged, so that an operator mends the policy or the sender.

import Duban
import Logging
import Metrics

/// What one batch found: each item was taken all the same.
struct UnlistedCategories {
  private var count = 0
  /// One that may be spoken of. Its category is upstream's text, and is not logged; the nearest is the policy's.
  private var example: UnlistedCategory?

  init() {}

  init(_ effects: Effects, _ directory: Directory) {
    count = effects.unlistedCategories.count
    example = effects.unlistedCategories.first { !directory.isConfidential($0.item) }
  }

  static func += (a: inout UnlistedCategories, b: UnlistedCategories) {
    a.count += b.count
    a.example = a.example ?? b.example
  }

  func tell(_ logger: Logger) {
    guard count > 0 else { return }
    Self.counter.increment(by: count)
    var metadata: Logger.Metadata = [
      "count": "\(count)",
      "remedy":
        "dubanctl items show ITEM; have the sender correct it, or add it to the policy's categories, then dubanctl policy apply FILE",
    ]
    if let example { metadata["example"] = "\(example.item)" }
    if let nearest = example?.nearest { metadata["nearest"] = "\(nearest)" }
    logger.warning("items have a category (类别) that their policy does not list", metadata: metadata)
  }

  private static let counter = Counter(label: "duban_unlisted_categories")
}
