// The words that a file or a command may have, and which of them somebody meant who wrote another.

/// One of a few words, with other spellings by which people mean it.
public struct Word: Hashable, Sendable {
  public var text: String
  /// Such as 蓝 for `blue`: never read, only understood.
  public var alsoKnownAs: [String]

  public init(_ text: String, alsoKnownAs: [String] = []) {
    (self.text, self.alsoKnownAs) = (text, alsoKnownAs)
  }

  /// The word that is meant by a text that is none of them, or else is nearest to it; nil where none is near.
  public static func nearest(to text: String, in words: [Word]) -> String? {
    let text = text.lowercased()
    if let named = words.first(where: { $0.alsoKnownAs.contains { $0.lowercased() == text } }) { return named.text }
    return words.map(\.text).nearest(to: text)
  }
}

extension String? {
  /// `; the nearest is blue`; nothing where there is nothing near.
  public var suggestion: String { map { "; the nearest is \($0)" } ?? "" }
}

extension [String] {
  /// `street, district or city`.
  var alternatives: String { count > 1 ? dropLast().joined(separator: ", ") + " or " + self[count - 1] : joined() }
}

/// A type whose values are words in operators' files.
protocol FileWord: RawRepresentable<String>, CaseIterable, Sendable {
  /// Its other names.
  var alsoKnownAs: [String] { get }
}

extension FileWord {
  static var words: [Word] { allCases.map { Word($0.rawValue, alsoKnownAs: $0.alsoKnownAs) } }
}

extension Kind: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .complaint: [chinese, "投诉", "投诉举报", "工单"]
    case .inspection: [chinese, "巡查", "检查", "督查"]
    case .problem: [chinese, "整改", "问题整改", "rectification"]
    case .funding: [chinese, "资金"]
    case .reminder: [chinese, "提醒"]
    }
  }
}

extension Tier: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .street: [chinese, "街", "镇", "乡", "乡镇", "街道办"]
    case .district: [chinese, "县", "县区", "区县", "县(市、区)", "县（市、区）", "county"]
    case .city: [chinese, "市级", "设区市"]
    }
  }
}

extension Slip: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .blue: [chinese, "蓝", "蓝色", "蓝单"]
    case .orange: [chinese, "橙", "橙色", "橙单"]
    case .red: [chinese, "红", "红色", "红单"]
    }
  }
}

extension Notice.Kind: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .summons: ["约谈"]
    case .bulletin: ["通报"]
    }
  }
}

extension Policy.Reassigned: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .runsOn: ["连续计时", "继续计时", "continues"]
    case .startsAgain: ["重新计时", "restarts"]
    }
  }
}
