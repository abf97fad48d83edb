// The forms of values in operators' files: one table of keys reads a file, finds all that is wrong in it, and is the reference of its keys.

import Yams

/// How a value is written in a file, and how it is read.
struct FileForm<Value: Sendable>: Sendable {
  /// Which values are allowed, as after “write”: `a whole number, 0 or more`.
  var allowed: String
  /// A value as a file writes it.
  var text: @Sendable (Value) -> String
  /// The value at a place; nil where it cannot be read, which is noted then.
  var read: @Sendable (FilePlace) -> Value?
}

/// A key of a file, with the form of its value.
struct FileKey<Value: Sendable>: FileKeyEntry {
  /// Where a file does not have the key.
  enum Otherwise: Sendable {
    /// Then it is not valid.
    case refused
    case value(Value)
    /// Then there is no value, and this is what that means.
    case none(String)
  }

  var name: String
  /// Its term in the trade.
  var chinese: String
  var form: FileForm<Value>
  /// Which items it is for.
  var kinds = Kind.allCases
  var otherwise: Otherwise
  var meaning: String

  init(
    _ name: String, _ chinese: String, _ form: FileForm<Value>, of kinds: [Kind] = Kind.allCases, otherwise: Otherwise = .refused,
    _ meaning: String
  ) {
    (self.name, self.chinese, self.form, self.kinds) = (name, chinese, form, kinds)
    (self.otherwise, self.meaning) = (otherwise, meaning)
  }

  var allowed: String { form.allowed }

  var whereMissing: String {
    switch otherwise {
    case .refused: "it must be there"
    case .value(let value): form.text(value)
    case .none(let meaning): meaning
    }
  }
}

/// A key of a file, whatever its values: a row of the reference.
protocol FileKeyEntry: Sendable {
  var name: String { get }
  var chinese: String { get }
  var allowed: String { get }
  var kinds: [Kind] { get }
  var whereMissing: String { get }
  var meaning: String { get }
}

extension [any FileKeyEntry] {
  /// The keys as a table in Markdown.
  var markdown: String {
    let isOfKinds = contains { $0.kinds.count < Kind.allCases.count }
    let heading = ["key", "中文", "value"] + (isOfKinds ? ["of"] : []) + ["left out", "meaning"]
    let rows = map { key in
      let kinds = key.kinds.count == Kind.allCases.count ? "all" : key.kinds.map(\.rawValue).joined(separator: ", ")
      return ["`\(key.name)`", key.chinese, key.allowed] + (isOfKinds ? [kinds] : []) + [key.whereMissing, key.meaning]
    }
    return ([heading, heading.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
  }

  fileprivate var words: [Word] { map { Word($0.name, alsoKnownAs: $0.chinese.isEmpty ? [] : [$0.chinese]) } }
}

// MARK: - Reading

/// Notes what is wrong in a file while it is read.
final class FileReading {
  /// The value is missing, or none at all.
  fileprivate(set) var unreadable: [FileFault] = []
  /// It can be read, and cannot be meant. A file that was applied before that was noticed is read all the same.
  fileprivate(set) var unmeant: [FileFault] = []

  /// Notes what was found to be wrong in the file as a whole.
  func note(_ fault: FileFault) {
    var first = fault
    first.others = []
    unreadable += [first] + fault.others
  }

  /// Reads a file. Of one that is stored, which was applied once, only what cannot be read counts.
  ///
  /// - Throws: ``FileFault`` with all that is wrong.
  static func read<Value>(_ text: String, as form: FileForm<Value>, isStored: Bool = false) throws(FileFault) -> Value {
    let reading = FileReading()
    let value = form.read(FilePlace(node: try Node.root(ofFile: text), path: [], reading: reading))
    if let fault = FileFault(all: isStored ? reading.unreadable : reading.unreadable + reading.unmeant) { throw fault }
    // A form that reads nothing has noted why.
    guard let value else { throw FileFault("the file cannot be read") }
    return value
  }
}

/// A value in a file, with where it stands.
struct FilePlace {
  let node: Node
  let path: [FileStep]
  let reading: FileReading

  var line: Int? { node.mark?.line }

  /// The line of what is below it, or of the nearest thing around that.
  func line(of path: [FileStep]) -> Int? { node.line(of: path) }

  /// Notes that it cannot be read.
  func refuse(_ problem: String) { reading.unreadable.append(fault(problem)) }

  /// Notes that something below it cannot be used; where that is not there, the line is that of the nearest thing around it.
  func refuse(at path: [FileStep], _ problem: String) {
    let path = Array(path.dropFirst(self.path.count))
    reading.unreadable.append(FileFault("\((self.path + path).text): \(problem)", line: line(of: path)))
  }
  /// Notes that a key is not there.
  func refuse(missing key: any FileKeyEntry) { refuse("\(key.name) is missing; write \(key.allowed)") }

  /// Notes that it cannot be meant, with the value as it is written.
  func doubt(_ problem: String) {
    let written = node.text.map { $0.allSatisfy(\.isWhitespace) ? "" : "'\($0)': " } ?? ""
    reading.unmeant.append(fault(written + problem))
  }

  /// Notes that it is none of the allowed values.
  func refuse(allowed: String, nearest: String? = nil) {
    refuse(
      "write \(allowed), not \(node.text.map { "'\($0)'" } ?? (node.sequence == nil ? "keys with values" : "a list"))\(nearest.suggestion)"
    )
  }

  private func fault(_ problem: String) -> FileFault {
    FileFault(path.isEmpty ? problem : "\(path.text): \(problem)", line: line)
  }
}

/// A mapping of a file that is being read, by its keys.
struct FileRecord {
  let place: FilePlace

  /// Reads the value of a key, once; nil where there is none, or none that can be read.
  func read<Value>(_ key: FileKey<Value>) -> Value? {
    if let there = self.place(of: key.name) {
      if !there.node.isEmpty { return key.form.read(there) }
      if case .refused = key.otherwise {
        there.refuse("it is empty; write \(key.allowed)")
      } else {
        there.doubt("it is empty; write \(key.allowed), or remove the line")
      }
    } else if case .refused = key.otherwise {
      place.refuse(missing: key)
    }
    if case .value(let value) = key.otherwise { return value }
    return nil
  }

  func has(_ key: any FileKeyEntry) -> Bool { place(of: key.name) != nil }

  /// Notes that the value of a key cannot be meant, or that it has none.
  func doubt(_ key: any FileKeyEntry, _ problem: String) {
    let missing = FilePlace(node: place.node, path: place.path + [.key(key.name)], reading: place.reading)
    (place(of: key.name) ?? missing).doubt(problem)
  }

  /// Notes that an element of a list cannot be meant.
  func doubt(_ key: any FileKeyEntry, at index: Int, _ problem: String) { element(of: key, at: index)?.doubt(problem) }

  /// Notes that the value of a key of an element of a list cannot be meant.
  func doubt(_ key: any FileKeyEntry, at index: Int, _ below: any FileKeyEntry, _ problem: String) {
    if let element = element(of: key, at: index) { FileRecord(place: element).doubt(below, problem) }
  }

  private func element(of key: any FileKeyEntry, at index: Int) -> FilePlace? {
    guard let list = place(of: key.name), let elements = list.node.sequence, elements.indices.contains(index) else { return nil }
    return FilePlace(node: elements[index], path: list.path + [.place(index)], reading: place.reading)
  }

  /// Notes that the value of a key below another cannot be meant.
  func doubt(_ key: any FileKeyEntry, _ below: any FileKeyEntry, _ problem: String) {
    if let there = place(of: key.name) { FileRecord(place: there).doubt(below, problem) }
  }

  /// Notes that an element of a list is none with which the file can be used.
  func refuse(_ key: any FileKeyEntry, at index: Int, _ problem: String) {
    place.refuse(at: place.path + [.key(key.name), .place(index)], problem)
  }
  /// Notes that the value of a key has none of a key with which alone the file can be used.
  func refuse(_ key: any FileKeyEntry, missing below: any FileKeyEntry) { place(of: key.name)?.refuse(missing: below) }

  /// Notes that the value of a key is none with which the file can be used.
  func refuse(_ key: any FileKeyEntry, _ problem: String) { (place(of: key.name) ?? place).refuse(problem) }

  private func place(of name: String) -> FilePlace? {
    place.node.mapping?[Node(name)].map { FilePlace(node: $0, path: place.path + [.key(name)], reading: place.reading) }
  }
}

extension FileForm {
  /// A mapping with these keys and no other. Where one of them cannot be read, there is no value: nothing must be concluded from what is left.
  /// One that is kept in part has what can be read of it, so that the rest of the file can be held against that.
  static func record(
    _ allowed: String, _ keys: [any FileKeyEntry], isKeptInPart: Bool = false, build: @escaping @Sendable (FileRecord) -> Value?
  ) -> FileForm {
    FileForm(allowed: allowed, text: { _ in allowed }) { place in
      guard let mapping = place.node.mapping else {
        place.refuse(allowed: allowed)
        return nil
      }
      let faults = place.reading.unreadable.count
      for (key, _) in mapping where !keys.contains(where: { $0.name == key.string }) {
        place.reading.unreadable.append(
          FileFault(unknownKey: key.string ?? "a list or keys", among: keys.words, at: place.path, line: key.mark?.line))
      }
      let value = build(FileRecord(place: place))
      return isKeptInPart || place.reading.unreadable.count == faults ? value : nil
    }
  }

  /// A list. Where one of its elements cannot be read, there is no value; one that is kept in part has the others.
  static func list<Element>(
    _ allowed: String, of form: FileForm<Element>, isKeptInPart: Bool = false
  ) -> FileForm where Value == [Element] {
    FileForm(allowed: allowed, text: { "[\($0.map(form.text).joined(separator: ", "))]" }) { place in
      guard let sequence = place.node.sequence else {
        place.refuse(allowed: allowed)
        return nil
      }
      let places = sequence.enumerated().map { FilePlace(node: $1, path: place.path + [.place($0)], reading: place.reading) }
      let elements = places.map(form.read)
      return !isKeptInPart && elements.contains { $0 == nil } ? nil : elements.compactMap(\.self)
    }
  }

  /// A mapping of which each key is a name.
  static func byName<Element>(_ allowed: String, of form: FileForm<Element>) -> FileForm where Value == [String: Element] {
    let inOrder = FileForm<[(String, Element)]>.named(allowed, of: form) { ($0, $1) }
    return FileForm(allowed: allowed, text: { _ in allowed }) { place in
      inOrder.read(place).map { Dictionary($0, uniquingKeysWith: { first, _ in first }) }
    }
  }

  /// A mapping of which each key is a name, in the order of the file.
  static func named<Element, Entry>(
    _ allowed: String, of form: FileForm<Element>, as entry: @escaping @Sendable (String, Element) -> Entry
  ) -> FileForm where Value == [Entry] {
    FileForm(allowed: allowed, text: { _ in allowed }) { place in
      guard let mapping = place.node.mapping else {
        place.refuse(allowed: allowed)
        return nil
      }
      var entries: [Entry] = []
      for (key, value) in mapping {
        guard let name = key.string else {
          FilePlace(node: key, path: place.path, reading: place.reading).refuse("write a name before each colon")
          continue
        }
        if let value = form.read(FilePlace(node: value, path: place.path + [.key(name)], reading: place.reading)) {
          entries.append(entry(name, value))
        }
      }
      return entries
    }
  }

  /// A value that is written as one text.
  static func scalar(
    _ allowed: String, text: @escaping @Sendable (Value) -> String,
    nearest: @escaping @Sendable (String) -> String? = { _ in nil },
    _ read: @escaping @Sendable (Node.Scalar) -> Value?
  ) -> FileForm {
    FileForm(allowed: allowed, text: text) { place in
      if let scalar = place.node.scalar, let value = read(scalar) { return value }
      place.refuse(allowed: allowed, nearest: place.node.text.flatMap(nearest))
      return nil
    }
  }
}

extension FileForm where Value: FileWord {
  /// One of the words of a type.
  static var word: FileForm { word(of: Array(Value.allCases)) }

  /// One of some words of a type. The others are read, too: a file that was applied once may have one. Who gives this form refuses them.
  static func word(of values: [Value]) -> FileForm {
    let words = values.map { Word($0.rawValue, alsoKnownAs: $0.alsoKnownAs) }
    return scalar(
      words.map(\.text).alternatives, text: { $0.rawValue }, nearest: { Word.nearest(to: $0, in: words) },
      { Value(rawValue: $0.string) })
  }
}

extension FileForm<String> {
  /// A text that says something.
  static func text(_ allowed: String) -> FileForm {
    FileForm(allowed: allowed, text: { $0 }) { place in
      guard let text = place.node.text else {
        place.refuse(allowed: allowed)
        return nil
      }
      if text.allSatisfy(\.isWhitespace) { place.doubt("it says nothing; write \(allowed), or remove the line") }
      return text
    }
  }
}

extension FileForm<String> {
  static let citation = text("a citation as a document prints it, such as 《…》（×建〔2024〕×号）第×条")
}

extension FileForm<Bool> {
  static let flag = scalar(
    "true or false", text: { "\($0)" },
    nearest: {
      Word.nearest(to: $0, in: [Word("true", alsoKnownAs: ["是", "y", "1"]), Word("false", alsoKnownAs: ["否", "n", "0"])])
    },
    { Bool.construct(from: $0) })
}

extension FileForm<Int> {
  /// A whole number from a least one on.
  static func count(from least: Int) -> FileForm {
    scalar(
      "a whole number, \(least) or more", text: { "\($0)" }, nearest: { numeral($0).flatMap { $0 >= least ? "\($0)" : nil } }
    ) { scalar in
      Int.construct(from: scalar).flatMap { $0 >= least ? $0 : nil }
    }
  }

  @Sendable private static func numeral(_ text: String) -> Int? {
    let numerals = [
      ["zero", "none", "零"], ["one", "once", "一"], ["two", "twice", "二", "两"], ["three", "三"], ["four", "四"], ["five", "五"],
      ["six", "六"], ["seven", "七"], ["eight", "八"], ["nine", "九"], ["ten", "十"],
    ]
    return numerals.firstIndex { $0.contains(text.lowercased()) }
  }
}

extension FileForm<Span> {
  /// A length of natural time.
  static let span = scalar(
    "a length of time like 30s, 15m, 48h or 13d", text: \.text, nearest: { LengthText.nearest($0) { Span(text: $0) != nil } },
    { Span(text: $0.string) })
}

extension FileForm<Allowance> {
  static let allowance = scalar(
    "a length like 30s, 15m, 48h, 19d, 13wd (工作日) or 5wh (工作时), the last four optionally followed by from-next-day and until-close",
    text: \.text, nearest: { LengthText.nearest($0) { Allowance(text: $0) != nil } }, { Allowance(text: $0.string) })
}

/// Lengths of time as people write them who do not know the form.
enum LengthText {
  private static let units = [
    Word("s", alsoKnownAs: ["sec", "second", "seconds", "秒"]), Word("m", alsoKnownAs: ["min", "minute", "minutes", "分", "分钟"]),
    Word("h", alsoKnownAs: ["hr", "hour", "hours", "小时", "个小时", "自然小时"]),
    Word("d", alsoKnownAs: ["day", "days", "天", "日", "自然日", "个自然日"]),
    Word("wd", alsoKnownAs: ["workday", "workdays", "工作日", "个工作日"]),
    Word("wh", alsoKnownAs: ["workhour", "workhours", "工作时", "个工作时", "工作小时", "个工作小时"]),
  ]

  private static let options = [
    Word("from-next-day", alsoKnownAs: ["next-day", "次日", "次日起算", "自次日起算"]),
    Word("until-close", alsoKnownAs: ["close", "close-of-business", "下班", "至下班时", "至下班时止"]),
  ]

  /// The length that is meant; nil where it is none of the allowed ones.
  static func nearest(_ text: String, isAllowed: (String) -> Bool) -> String? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let words = text.dropFirst(digits.count).split(separator: " ")
    guard !digits.isEmpty, let first = words.first else { return nil }
    guard let unit = units.first(where: { $0.text == first.lowercased() || $0.alsoKnownAs.contains(first.lowercased()) }) else {
      return nil
    }
    let rest = words.dropFirst().map { word in
      options.contains { $0.text == word } ? String(word) : Word.nearest(to: String(word), in: options) ?? String(word)
    }
    let length = ([digits + unit.text] + rest).joined(separator: " ")
    return isAllowed(length) ? length : nil
  }
}
