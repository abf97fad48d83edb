// The checklist file: its keys with their values and meanings, how it is read, and what an operator can get wrong in it.

import Yams

extension Checklist {
  /// Reads a checklist file.
  ///
  /// - Throws: ``FileFault`` with all that is wrong: the line, the place, the value, and the remedy.
  public init(yaml: String, version: Int = 0) throws(FileFault) {
    self = try FileReading.read(yaml, as: ChecklistFile.form)
    self.version = version
  }

  /// Reads a checklist as it was once applied.
  ///
  /// - Throws: ``FileFault`` with all that cannot be read.
  public init(stored yaml: String, version: Int) throws(FileFault) {
    self = try FileReading.read(yaml, as: ChecklistFile.form, isStored: true)
    self.version = version
  }

  /// Every key of a checklist file, as tables in Markdown.
  public static var reference: String {
    """
    ### A checklist file

    \(ChecklistFile.keys.markdown)

    ### A check of a checklist

    \(CheckKeys.all.markdown)
    """
  }
}

/// The keys at the top of the file.
private enum ChecklistFile {
  static let name = FileKey(
    "checklist", "", .text("a name in small letters, digits and hyphens, such as three-checks"),
    "its name, by which messages name it (`data.checklist.name`)")
  static let title = FileKey("title", "名称", .text("a title in Chinese"), "its title, for people")
  static let citation = FileKey(
    "citation", "依据", .text("a document, such as 赣建办文〔2022〕81号, or preset"),
    "the document that asks for it; `preset` where no document of the city does")
  static let validity = FileKey(
    "valid", "有效期", FileForm<Span>.span, otherwise: .none("for good"), "how long a result counts, in natural time; above 0")
  static let reporters = FileKey(
    "by", "填报人", .list("a list of roles, such as [监理单位]", of: .text("a role")), otherwise: .none("any role"),
    "the roles in which it may be reported (`data.role`)")
  static let checks = FileKey(
    "checks", "检查项", .list("a list of checks", of: CheckKeys.form), "what is to be checked, in the order in which it is done")

  static let keys: [any FileKeyEntry] = [name, title, citation, validity, reporters, checks]

  static let form = FileForm.record("the keys of a checklist, such as checklist: …", keys, build: build)

  private static func build(_ file: FileRecord) -> Checklist? {
    let (name, title, citation) = (file.read(Self.name), file.read(Self.title), file.read(Self.citation))
    let (validity, reporters, checks) = (file.read(Self.validity), file.read(Self.reporters), file.read(Self.checks))
    if let name, !name.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }) {
      file.doubt(Self.name, "messages name it: write small letters, digits and hyphens, such as three-checks")
    }
    if validity == .zero { file.doubt(Self.validity, "no result would count; write a length above 0, or remove it") }
    guard let name, let title, let citation, let checks else { return nil }
    if checks.isEmpty { file.doubt(Self.checks, "nothing would be checked; write at least one check") }
    if checks.count > Limits.results { file.doubt(Self.checks, "a report has at most \(Limits.results) results") }
    for (i, check) in checks.enumerated() {
      if checks[..<i].contains(where: { $0.name == check.name }) {
        file.doubt(Self.checks, at: i, "the check '\(check.name)' appears twice; write another name")
      }
      for name in check.after {
        guard let earlier = checks[..<i].first(where: { $0.name == name }) else {
          file.doubt(
            Self.checks, at: i,
            "after: there is no check '\(name)' above it\(checks[..<i].map(\.name).nearest(to: name).suggestion)")
          continue
        }
        if earlier.isOptional {
          file.doubt(Self.checks, at: i, "after: '\(name)' may be left out, so nothing can wait for it; make it no option")
        }
      }
    }
    return Checklist(
      name: name, title: title, version: 0, citation: citation, validity: validity, reporters: reporters ?? [], checks: checks)
  }
}

/// What a result is.
private enum CheckKind: String, FileWord {
  case yesNo = "yes-no"
  case number, choice, text, photo, document
  case signOff = "sign-off"

  var alsoKnownAs: [String] {
    switch self {
    case .yesNo: ["是否", "boolean", "bool"]
    case .number: ["数值", "数字"]
    case .choice: ["选项", "单选"]
    case .text: ["文字", "文本"]
    case .photo: ["照片", "图片", "photos"]
    case .document: ["资料", "文件", "documents"]
    case .signOff: ["签字", "签名", "会签", "signature"]
    }
  }
}

/// The keys of a check.
private enum CheckKeys {
  private static let roles = FileForm<[String]>.list("a list of roles, such as [监理单位]", of: .text("a role"))

  static let name = FileKey(
    "check", "检查项", .text("a name"), "its name, by which reports name it (`data.results`); without / and ~")
  static let asks = FileKey(
    "asks", "要求", .text("what is to be seen"), otherwise: .none("its name says it"), "what is to be seen there, in full")
  static let kind = FileKey("kind", "", FileForm<CheckKind>.word, "what its result is")
  static let passesWhen = FileKey(
    "passes-when", "", .flag, otherwise: .value(true), "of yes-no: which of the two passes")
  static let atLeast = FileKey(
    "at-least", "", FileForm<Double>.number, otherwise: .none("no such threshold"), "of a number: from where on it passes")
  static let atMost = FileKey(
    "at-most", "", FileForm<Double>.number, otherwise: .none("no such threshold"), "of a number: up to where it passes")
  static let possible = FileKey(
    "possible", "", .list("the least and the greatest number, such as [0, 100]", of: FileForm<Double>.number),
    otherwise: .none("any number"), "of a number: what it can be; anything else is refused")
  static let unit = FileKey("unit", "单位", .text("a unit, such as %"), otherwise: .none("none"), "of a number")
  static let choices = FileKey(
    "choices", "选项", .list("a list of choices, such as [合格, 不合格]", of: .text("a choice")),
    otherwise: .none("only a choice has them"), "of a choice: those that there are")
  static let failing = FileKey(
    "failing", "", .list("a list of choices, such as [不合格]", of: .text("a choice")), otherwise: .none("all pass"),
    "of a choice: those that do not pass")
  static let count = FileKey(
    "count", "", .count(from: 1), otherwise: .value(1), "of a photo and a document: how many references there must be")
  static let by = FileKey(
    "by", "", roles, otherwise: .none("as the checklist"),
    "of a sign-off: the roles that may sign; else the roles that may report it, for whom it is left open by others")
  static let after = FileKey(
    "after", "", .list("a list of checks above it", of: .text("a check")), otherwise: .none("none"),
    "the checks that must have passed before it can pass")
  static let optional = FileKey("optional", "", .flag, otherwise: .value(false), "whether a report may leave it out")

  static let all: [any FileKeyEntry] = [
    name, asks, kind, passesWhen, atLeast, atMost, possible, unit, choices, failing, count, by, after, optional,
  ]

  /// Keys that only some kinds have.
  private static let kinds: [(key: any FileKeyEntry, of: [CheckKind])] = [
    (passesWhen, [.yesNo]), (atLeast, [.number]), (atMost, [.number]), (possible, [.number]), (unit, [.number]),
    (choices, [.choice]), (failing, [.choice]), (count, [.photo, .document]),
  ]

  static let form = FileForm.record("the keys of a check, such as check: …", all, build: build)

  private static func build(_ file: FileRecord) -> Checklist.Check? {
    let (name, asks, kind, isOptional) = (file.read(Self.name), file.read(Self.asks), file.read(Self.kind), file.read(optional))
    let (roles, after) = (file.read(by) ?? [], file.read(Self.after) ?? [])
    guard let kind else { return nil }
    for (key, kinds) in kinds where file.has(key) && !kinds.contains(kind) {
      file.doubt(key, "only \(kinds.map(\.rawValue).alternatives) has it; remove it")
    }
    if let name, !Checklist.Check.isName(name) {
      file.doubt(Self.name, "write 1 to \(Limits.unitCharacters) characters without / and ~")
    }
    if kind == .signOff, roles.isEmpty { file.refuse(by, "say who may sign: by: [监理单位]") }
    guard let form = form(of: kind, in: file), let name, let isOptional else { return nil }
    return Checklist.Check(name: name, asks: asks, form: form, roles: roles, after: after, isOptional: isOptional)
  }

  private static func form(of kind: CheckKind, in file: FileRecord) -> Checklist.Form? {
    switch kind {
    case .yesNo: return file.read(passesWhen).map { .yesNo(passesWhen: $0) }
    case .number: return .number(threshold(in: file))
    case .choice: return choice(in: file)
    case .text: return .text
    case .photo: return file.read(count).map { .photo(atLeast: $0) }
    case .document: return file.read(count).map { .document(atLeast: $0) }
    case .signOff: return .signOff
    }
  }

  private static func threshold(in file: FileRecord) -> Checklist.Threshold {
    let (least, most, ends) = (file.read(atLeast), file.read(atMost), file.read(possible))
    var threshold = Checklist.Threshold(unit: file.read(unit), atLeast: least, atMost: most)
    if let ends {
      if ends.count == 2, ends[0] < ends[1] {
        threshold.possible = ends[0]...ends[1]
      } else {
        file.doubt(possible, "write the least and the greatest number, such as [0, 100]")
      }
    }
    if let least, let most, least > most { file.doubt(atMost, "no number passes; write at least \(least.plain)") }
    for (key, end) in [(atLeast, least), (atMost, most)] {
      if let end, let range = threshold.possible, !range.contains(end) { file.doubt(key, "it lies outside of what is possible") }
    }
    return threshold
  }

  private static func choice(in file: FileRecord) -> Checklist.Form? {
    let (choices, failing) = (file.read(choices) ?? [], file.read(failing) ?? [])
    if choices.isEmpty { file.refuse(Self.choices, "say which choices there are: choices: [合格, 不合格]") }
    for (i, choice) in choices.enumerated() {
      if choices[..<i].contains(choice) { file.doubt(Self.choices, at: i, "it appears twice; remove one of them") }
      if choice.unicodeScalars.count > Report.textLength {
        file.doubt(Self.choices, at: i, "write at most \(Report.textLength) characters")
      }
    }
    for (i, choice) in failing.enumerated() where !choices.contains(choice) {
      file.doubt(Self.failing, at: i, "it is none of the choices\(choices.nearest(to: choice).suggestion)")
    }
    if !choices.isEmpty, choices.allSatisfy(failing.contains) { file.doubt(Self.failing, "nothing passes; remove one of them") }
    return .choice(choices, failing: failing)
  }
}

extension FileForm<Double> {
  /// A finite number.
  fileprivate static let number = scalar(
    "a number", text: \.plain, nearest: { text in Double(text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }).map(\.plain) }
  ) { scalar in
    Double.construct(from: scalar).flatMap { $0.isFinite ? $0 : nil }
  }
}
