// A small city with two policies, for random histories: short limits and long ones, in natural time and in working time.

import Duban

/// A small city: its organs and units, two policies, and calendars.
public enum SampleCity {
  /// As it is at first: 花湖街道, 延安路社区 and 燃气公司 are not known yet.
  public static let youngDirectory = directory(version: 1, organs: organs.filter { ![4, 7, 9].contains($0.id) })
  public static let directory = directory(version: 2, organs: organs)

  private static let organs = [
    Organ(id: 1, tier: .city, name: "黄石市", parentID: nil), Organ(id: 2, tier: .district, name: "黄石港区", parentID: 1),
    Organ(id: 3, tier: .street, name: "胜阳港街道", parentID: 2), Organ(id: 4, tier: .street, name: "花湖街道", parentID: 2),
    Organ(id: 5, tier: nil, name: "供水公司", parentID: 1), Organ(id: 6, tier: nil, name: "供电公司", parentID: 1),
    Organ(id: 7, tier: nil, name: "燃气公司", parentID: 1, officeHours: OfficeHours([480..<960])),
    Organ(id: 8, tier: .community, name: "磁湖社区", parentID: 3), Organ(id: 9, tier: .community, name: "延安路社区", parentID: 3),
  ]

  private static func directory(version: Int, organs: [Organ]) -> Directory {
    Directory(
      version: version, organs: organs,
      sources: [
        UpstreamSource(uri: "/hotline/12345", name: "12345", wantsReceipts: true, organs: [1, 2, 3]),
        UpstreamSource(uri: "/portal/night", name: "夜间同步", organs: [1, 2, 3], grants: [Grant()]),
      ])
  }

  public static func policies() throws -> PolicyBook { try book.get() }

  /// Read once: there is a ledger for each of very many histories.
  private static let book = Result {
    PolicyBook(current: try Policy(yaml: yaml, version: 7), earlier: [try Policy(yaml: otherYAML, version: 8)])
  }

  /// What is known before any message is heard: with two calendars, of which the second comes at `change`.
  public static func references(change: Instant? = nil, second: Int = 1) throws -> References {
    var versions = [(from: Instant(microseconds: .min), calendar: calendars[0])]
    if let change { versions.append((change, calendars[second])) }
    return References(
      policies: try policies(), directory: directory, calendars: Calendars(versions), checklists: try checklists.get())
  }

  public static let checklistName = "sewers"

  /// One check that passes or fails.
  public static let checklists = Result {
    ChecklistBook([
      try Checklist(
        yaml: "checklist: \(checklistName)\ntitle: 接驳检查\ncitation: preset\nchecks: [{ check: 雨污分流, kind: yes-no }]\n", version: 1)
    ])
  }

  /// 2026 as announced; with more days off; with fewer, and 2027.
  public static let calendars: [WorkCalendar] = [
    "2026-10-01,holiday,国庆节", "2026-11-23,holiday,市庆\n2026-11-24,holiday,市庆\n2026-11-28,workday,市庆调休",
    "2026-11-21,workday,调休\n2026-11-22,workday,调休\n2027-01-01,holiday,元旦",
  ].enumerated().map { i, days in
    // A test that needs them would fail without.
    (try? WorkCalendar(csv: "date,kind,name\n\(days)\n", version: i + 1)) ?? .unannounced
  }

  private static let yaml = """
    policy: laws
    counts-from-hearing-after: 1h
    annuls-within: 2h
    sources:
      /portal/night: { counts-from-hearing-after: 2h, annuls-within: 24h }
    rules:
      - kind: complaint
        category: 应急
        response: { within: 2h, district: 1h, city: 1h, warn: 30m }
        resolution: { within: 6h, district: 2h, city: 2h, warn: 1h }
        supporting: { within: 4h, district: 2h, city: 2h }
        extensions: 2
        longest-extension: 6h
        pauses: { 等待居民配合: 6h, 天气: 1wh }
        summons-at: district
        slips: [orange, red, red]
      - kind: complaint
        category: 保洁
        response: { within: 5wh, district: 2wh, city: 2wh }
        resolution: { within: 2wd from-next-day until-close, district: 1wd, city: 1wd, warn: 4h }
        supporting: { within: 1wd, district: 1wd, city: 1wd }
        pauses: [等待居民配合]
        extensions: 1
        slips: [blue, orange, red]
      - kind: complaint
        category: 投诉
        acceptance: { within: 1h, district: 1h, city: 1h }
        response: { within: 4h, district: 2h, city: 2h, warn: 1h }
        submission: { within: 20h, district: 4h, city: 4h, warn: 2h }
        resolution: { within: 24h, district: 8h, city: 8h, warn: 4h }
        review: { within: 12h, district: 4h, city: 4h, warn: 1h }
        pauses: { 等待居民配合: 1wd, 天气: 5h }
        longest-extension: 12h
        reassigned: starts-again
        dissatisfaction: judged
        returns: 1
        contact-attempts: 1
        slips: [blue, orange, red]
      - kind: complaint
        category: 琐事
        starts-at: community
        acceptance: { within: 1h, street: 1h, district: 1h, city: 1h }
        response: { within: 3h, street: 2h, district: 2h, city: 2h, warn: 1h }
        resolution: { within: 12h, street: 4h, district: 8h, city: 8h, warn: 4h }
        supporting: { within: 6h, street: 2h, district: 2h, city: 2h }
        slips: [blue, orange, red]
      - kind: complaint
        response: { within: 4h, district: 2h, city: 2h, warn: 1h }
        resolution: { within: 24h, district: 8h, city: 8h, warn: 4h }
        extensions: 1
        slips: [blue, orange, red]
      - kind: inspection
        response: { within: 1d, district: 4h, city: 4h }
        resolution: { within: 3d, district: 1d, city: 1d }
        pauses: { 等待居民配合: 1d until-close, 天气: 2h }
        closed-by: report
      - kind: problem
        response: { within: 8h, district: 2h, city: 2h }
        submission: { within: 20h, district: 4h, city: 4h, warn: 2h }
        resolution: { within: 30h, district: 8h, city: 8h, warn: 4h }
        checks: [recheck]
        extensions: 2
        slips: [blue, orange, red]
      - { kind: funding, resolution: { within: 3wd, district: 1wd, city: 1wd }, disbursement: approved }
      - { kind: reminder, resolution: { within: 3h, district: 2h, city: 2h, warn: 30m } }
    """

  private static let otherYAML = """
    policy: laws, moved
    counts-from-hearing-after: 1h
    annuls-within: 2h
    rules:
      - { kind: complaint, category: 应急, resolution: { within: 4h, district: 1h, city: 1h }, summons-at: city }
      - kind: complaint
        response: { within: 8h, district: 2h, city: 2h, warn: 1h }
        resolution: { within: 12h, district: 4h, city: 4h, warn: 1h }
        summons-at: district
        extensions: 2
        pauses: { 等待居民配合: 6h, 天气: 1h }
      - { kind: inspection, resolution: { within: 2d }, chain: false }
      - { kind: funding, response: { within: 1wd, district: 1wd, city: 1wd }, resolution: { within: 2wd, district: 1wd, city: 1wd } }
      - { kind: reminder, resolution: { within: 3h, district: 2h, city: 2h } }
    """
}
