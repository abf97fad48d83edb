// The directory file: its keys with their values and meanings, and how each is read.

extension DirectoryDraft {
  /// Reads a directory file, and holds it against itself: what it names, it has.
  ///
  /// - Throws: ``FileFault`` with all that is wrong: the line, the place, the value, and the remedy.
  public static func read(yaml: String) throws(FileFault) -> DirectoryDraft {
    var draft = try FileReading.read(yaml, as: DirectoryFile.form)
    draft.document = yaml
    return draft
  }

  /// Every key of a directory file, as tables in Markdown.
  public static var reference: String {
    """
    ### A directory file

    The keys of the city itself stand beside the lists.

    \(DirectoryFile.keys.markdown)

    ### A district

    \(OrganKeys.keys(of: .district).markdown)

    ### A street

    A 镇 or 乡 is one, too. One that needs no other key is written as its name alone; likewise a community and a unit.

    \(OrganKeys.keys(of: .street).markdown)

    ### A community

    \(OrganKeys.keys(of: .community).markdown)

    ### A unit

    \(OrganKeys.keys(of: .unit).markdown)

    ### A person

    \(PersonKeys.all.markdown)

    ### A source

    \(SourceKeys.all.markdown)

    ### A grant of a source

    \(GrantKeys.all.markdown)
    """
  }
}

/// The keys at the top of the file.
private enum DirectoryFile {
  static let city = FileKey("city", "市", .seen("a name"), "the city's name; a database serves one city")
  static let districts = FileKey(
    "districts", "县(市、区)", .list("a list of districts", of: OrganKeys.form(of: .district), isKeptInPart: true),
    "the districts, with their streets")
  static let units = FileKey(
    "units", "部门、单位", .list("a list of units", of: OrganKeys.form(of: .unit), isKeptInPart: true), otherwise: .none("none"),
    "units beside the chain, which can have the lead (主办) of an item or a part in it (协办)")
  static let persons = FileKey(
    "persons", "", .list("a list of persons", of: PersonKeys.form, isKeptInPart: true), otherwise: .none("none"),
    "the persons who are responsible at streets and units")
  static let operators = FileKey(
    "operators", "", .names("AMQP users"), otherwise: .none("none"),
    "the AMQP users of operators' tools, which may send for every source")
  static let sources = FileKey(
    "sources", "来源", .list("a list of sources", of: SourceKeys.form, isKeptInPart: true), "the upstream systems that may send")

  static let keys: [any FileKeyEntry] =
    [city] + OrganKeys.keys(of: .city) + [districts, units, persons, operators, sources]

  static let form = FileForm.record("the keys of a directory, such as city: …", keys, build: build)

  private static func build(_ file: FileRecord) -> DirectoryDraft? {
    let faults = file.place.reading.unreadable.count
    guard let city = file.read(Self.city).map({ OrganKeys.member($0, .city, file) }) else { return nil }
    let (districts, units) = (file.read(Self.districts), file.read(Self.units))
    guard let districts else { return nil }
    var draft = DirectoryDraft(cityOrgan: city, districts: districts, units: units, sources: [])
    let knowsOrgans = file.place.reading.unreadable.count == faults
    (draft.persons, draft.operators) = (file.read(Self.persons), file.read(Self.operators))
    draft.sources = file.read(Self.sources) ?? []
    var checks = DirectoryChecks(file.place)
    checks.check(draft)
    // What organs there are is not known where one of them cannot be read.
    guard knowsOrgans && checks.areOrgansClear else { return draft }
    do throws(FileFault) {
      // A new database would have to take it.
      _ = try DirectoryUpdate(draft, onto: .empty)
    } catch {
      file.place.reading.note(error)
    }
    return draft
  }
}

/// The keys of an organ or a unit.
private enum OrganKeys {
  static let name = FileKey("name", "名称", .seen("a name"), "its name, by which messages and people know it")
  static let aliases = FileKey(
    "aliases", "", .names("other names"), otherwise: .none("none"), "other names by which messages may mean it")
  static let handlingOffice = FileKey(
    "handling-office", "承办机关", .seen("a formal name"), otherwise: .none("its name"), "the office that does the work here")
  static let supervisingOffice = FileKey(
    "supervising-office", "督办机关", .seen("a formal name"), otherwise: .none("its name"), "the office that supervises here")
  static let government = FileKey(
    "government", "人民政府", .seen("a formal name"), otherwise: .none("none"), "the government, to which papers go for information")
  static let hours = FileKey(
    "hours", "办公时间", .hours, otherwise: .none("those of the organ above; of the city 08:30-12:00, 14:30-17:30"),
    "when it works (工作时, 下班时)")
  static let formerly = FileKey(
    "formerly", "曾用名", .names("former names"), otherwise: .none("none"),
    "the names that it had before: one that the database has by such a name is renamed, and keeps its matters")
  static let merges = FileKey(
    "merges", "并入", .names("names of streets"), otherwise: .none("none"),
    "the streets of its district that have ended in it: their matters in work go to it")
  static let movedFrom = FileKey(
    "moved-from", "划入", .seen("a district"), otherwise: .none("it was here before"),
    "the district that it belonged to before: it keeps its matters")
  static let streets = FileKey(
    "streets", "街道(镇、乡)", .list("a list of streets", of: form(of: .street), isKeptInPart: true), otherwise: .none("none"),
    "its streets")
  static let communities = FileKey(
    "communities", "社区", .list("a list of communities", of: form(of: .community), isKeptInPart: true), otherwise: .none("none"),
    "its communities; where there are none, a person may be of any")

  private static func code(of rank: Organ.Rank) -> FileKey<String> {
    let zeros = 12 - rank.codeDigits
    return FileKey(
      "code", "统计用区划代码", .code(of: rank), otherwise: .none("known by its names alone"),
      zeros == 0
        ? "messages may mean it by its code" : "messages may mean it by its code, without the \(zeros) zeros at the end, too")
  }

  /// Those that an organ of a rank has; of the city, those beside `city`.
  static func keys(of rank: Organ.Rank) -> [any FileKeyEntry] {
    switch rank {
    case .city: [code(of: rank), aliases, handlingOffice, supervisingOffice, government, hours]
    case .district:
      [name, code(of: rank), aliases, handlingOffice, supervisingOffice, government, hours, formerly, streets]
    case .street:
      [
        name, code(of: rank), aliases, handlingOffice, supervisingOffice, hours, formerly, merges, movedFrom, communities,
      ]
    case .community: [name, code(of: rank), aliases, handlingOffice, formerly]
    case .unit: [name, aliases, hours, formerly]
    }
  }

  /// One is written as its name alone, or with more.
  static func form(of rank: Organ.Rank) -> FileForm<DirectoryDraft.Member> {
    let record = FileForm.record("a name, or { name: … }", keys(of: rank), isKeptInPart: true) { file in
      file.read(name).map { member($0, rank, file) }
    }
    return FileForm(allowed: record.allowed, text: { $0.name }) { place in
      guard place.node.text != nil else { return record.read(place) }
      return name.form.read(place).map { DirectoryDraft.Member(name: $0, line: place.line, path: place.path) }
    }
  }

  /// An organ with what a mapping says of it.
  static func member(_ name: String, _ rank: Organ.Rank, _ file: FileRecord) -> DirectoryDraft.Member {
    let keys = keys(of: rank).map(\.name)
    func read<Value>(_ key: FileKey<Value>) -> Value? { keys.contains(key.name) ? file.read(key) : nil }
    return DirectoryDraft.Member(
      name: name, code: read(code(of: rank)), aliases: read(aliases) ?? [], handlingOffice: read(handlingOffice),
      supervisingOffice: read(supervisingOffice), government: read(government), hours: read(hours),
      formerly: read(formerly) ?? [], merges: read(merges) ?? [], movedFrom: read(movedFrom), streets: read(streets) ?? [],
      communities: read(communities) ?? [], line: file.place.line, path: file.place.path)
  }
}

/// The keys of a person.
private enum PersonKeys {
  static let name = FileKey("name", "姓名", .seen("a name"), "who it is")
  static let role = FileKey(
    "role", "", FileForm<Person.Role>.word, "what the person is there for; the first of these is asked first")
  static let street = FileKey(
    "street", "街道", .seen("a street's name, full name, code or alias"), otherwise: .none("`unit` is there"),
    "where the person works")
  static let unit = FileKey(
    "unit", "单位", .seen("a unit's name or alias"), otherwise: .none("`street` is there"), "where the person works")
  static let community = FileKey(
    "community", "社区", .seen("a community"), otherwise: .none("the whole street"), "the community that the person is there for")
  static let project = FileKey(
    "project", "小区", .seen("a 小区"), otherwise: .none("the whole community"), "the 小区 that the person is there for")

  static let all: [any FileKeyEntry] = [name, role, street, unit, community, project]

  static let form = FileForm.record("{ name, role, street or unit, … }", all, isKeptInPart: true, build: build)

  private static func build(_ file: FileRecord) -> DirectoryDraft.Person? {
    let (name, role, street, unit) = (file.read(Self.name), file.read(Self.role), file.read(Self.street), file.read(Self.unit))
    let (community, project) = (file.read(Self.community), file.read(Self.project))
    if file.has(Self.street) == file.has(Self.unit) {
      file.place.refuse("name the street or the unit of \(name ?? "the person"), one of them")
    } else if unit != nil, community != nil || project != nil {
      file.place.refuse("community and project are of a street; remove them, or name the street")
    }
    guard let name, let role, (street == nil) != (unit == nil) else { return nil }
    return DirectoryDraft.Person(
      name: name, role: role, street: street, unit: unit, community: community, project: project, line: file.place.line,
      path: file.place.path)
  }
}

/// The keys of a source.
private enum SourceKeys {
  static let uri = FileKey("uri", "", .seen("a URI, such as /hotline/12345"), "the CloudEvents `source` of its messages")
  static let name = FileKey("name", "名称", .seen("a name"), "its name, for people")
  static let receipts = FileKey(
    "receipts", "回执", .flag, otherwise: .value(false),
    "whether it is sent `receipt.accepted` for each message taken; one that is refused is told of always")
  static let users = FileKey(
    "users", "", .names("AMQP users"), otherwise: .none("any that the broker lets publish"),
    "who may send for it: the `user-id` of its messages")
  static let confidential = FileKey(
    "confidential", "保密", .flag, otherwise: .value(false),
    "whether its matters are seen only by those who handle them (12388)")
  static let organs = FileKey(
    "organs", "", .names("organs and units"), otherwise: .none("it decides nothing that an organ must"),
    "in whose name it speaks, where something is decided (`data.approver`)")
  static let grants = FileKey(
    "grants", "", .list("a list of grants, such as [{ acts: [responded] }]", of: GrantKeys.form, isKeptInPart: true),
    otherwise: .none("it speaks of its own items alone"), "what it may say of the items of others")
  static let recipient = FileKey(
    "recipient", "", .seen("a unit"), otherwise: .none("the organs of the place"),
    "the unit to which the matters of a confidential source go")

  static let all: [any FileKeyEntry] = [uri, name, receipts, users, confidential, organs, grants, recipient]

  static let form = FileForm.record("{ uri, name, … }", all, isKeptInPart: true, build: build)

  private static func build(_ file: FileRecord) -> DirectoryDraft.Source? {
    let (uri, name, receipts, users) = (
      file.read(Self.uri), file.read(Self.name), file.read(Self.receipts), file.read(Self.users)
    )
    let (confidential, organs, grants) = (file.read(Self.confidential), file.read(Self.organs), file.read(Self.grants))
    let recipient = file.read(Self.recipient)
    if recipient != nil, confidential == false {
      file.refuse(
        Self.recipient, "only the matters of a confidential source go to a recipient; write confidential: true")
    }
    guard let uri, let name else { return nil }
    return DirectoryDraft.Source(
      uri: uri, name: name, receipts: receipts, users: users, confidential: confidential, organs: organs, grants: grants,
      recipient: recipient, line: file.place.line, path: file.place.path)
  }
}

/// The keys of a grant.
private enum GrantKeys {
  static let acts = FileKey(
    "acts", "", .list("a list of acts, such as [responded]", of: .act), otherwise: .none("every act"),
    "the words behind the dot of types: `responded` of `complaint.responded`")
  static let sources = FileKey(
    "sources", "", .names("URIs"), otherwise: .none("every source that is not confidential"), "whose items")
  static let regions = FileKey(
    "regions", "", .names("districts and streets"), otherwise: .none("everywhere"), "the organs in whose places it may act")

  static let all: [any FileKeyEntry] = [acts, sources, regions]

  static let form = FileForm.record("{ acts, sources, regions }", all, isKeptInPart: true, build: build)

  private static func build(_ file: FileRecord) -> DirectoryDraft.Grant? {
    let (acts, sources, regions) = (file.read(Self.acts), file.read(Self.sources), file.read(Self.regions))
    for (key, texts) in [(Self.acts, acts), (Self.sources, sources), (Self.regions, regions)] where texts?.isEmpty == true {
      file.refuse(key, "an empty list grants nothing; leave \(key.name) out for all")
    }
    for (i, act) in (acts ?? []).enumerated() where acts?[..<i].contains(act) == true {
      file.refuse(Self.acts, at: i, "'\(act)' appears twice; remove one")
    }
    return DirectoryDraft.Grant(acts: acts, sources: sources, regions: regions, line: file.place.line, path: file.place.path)
  }
}

// MARK: - Forms

extension FileForm<String> {
  /// A text in which there is something to be seen.
  fileprivate static func seen(_ allowed: String) -> FileForm {
    FileForm(allowed: allowed, text: { $0 }) { place in
      guard let text = place.node.text else {
        place.refuse(allowed: allowed)
        return nil
      }
      guard !text.isBlank else {
        place.refuse("write what it is: there is nothing to be seen")
        return nil
      }
      return text
    }
  }

  fileprivate static func code(of rank: Organ.Rank) -> FileForm {
    let allowed = "the 12 digits of the 统计用区划代码"
    return FileForm(allowed: allowed, text: { $0 }) { place in
      guard let code = place.node.text, code.utf8.count == 12,
        code.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
      else {
        place.refuse(allowed: allowed)
        return nil
      }
      let zeros = 12 - rank.codeDigits
      guard code.suffix(zeros).allSatisfy({ $0 == "0" }) else {
        place.refuse("the code of a \(rank.rawValue) ends with \(zeros) zeros, not '\(code)'")
        return nil
      }
      return code
    }
  }

  /// The word behind the dot of a type.
  fileprivate static let act = FileForm(allowed: "an act", text: { $0 }) { place in
    let known = Set(EventType.all.values.map(\.act)).sorted()
    guard let act = place.node.text, known.contains(act) else {
      let written = place.node.text ?? ""
      place.refuse(
        "there is no '\(written)'; known are \(known.joined(separator: ", "))\(known.nearest(to: written).suggestion)")
      return nil
    }
    return act
  }
}

extension FileForm<[String]> {
  /// Names, each once.
  fileprivate static func names(_ what: String) -> FileForm {
    let list = FileForm.list("a list of \(what)", of: .seen("a name"), isKeptInPart: true)
    return FileForm(allowed: list.allowed, text: list.text) { place in
      guard let names = list.read(place) else { return nil }
      for (i, name) in (place.node.sequence ?? []).enumerated() {
        guard let text = name.text, place.node.sequence?[..<i].contains(where: { $0.text == text }) == true else { continue }
        place.refuse(at: place.path + [.place(i)], "'\(text)' appears twice; remove one")
      }
      return names
    }
  }
}

extension FileForm<OfficeHours> {
  fileprivate static let hours = FileForm(
    allowed: "the intervals of a day in order, like [08:30-12:00, 14:30-17:30]", text: \.text
  ) { place in
    let texts = place.node.sequence?.map { $0.text ?? "" }
    guard let hours = texts.flatMap({ OfficeHours(text: $0.joined(separator: ",")) }) else {
      place.refuse("write the intervals of a day in order, like [08:30-12:00, 14:30-17:30]")
      return nil
    }
    return hours
  }
}

extension Person.Role: FileWord {
  var alsoKnownAs: [String] {
    switch self {
    case .communityOfficer: ["社区书记", "社区主任", "社区工作者"]
    case .streetOfficer: ["街道办干部", "镇干部", "乡干部"]
    case .neighbourhoodHead: ["楼长", "楼栋长"]
    case .gridWorker: ["网格长"]
    case .contact: ["联络员"]
    }
  }
}
