// What Chinese texts call a matter, and the organ or unit that owes something of it.

extension Directory {
  /// 诉求“雨水管未接入”（编号HS-1，供电公司协办件）; of a confidential source Duban's own number alone.
  func chineseName(of matter: Matter, unit: String?) -> String {
    if isConfidential(matter.key) { return Self.confidential(matter.id) }
    let title = matter.opening?.title.map { "“\($0)”" } ?? ""
    let part = unit.map { "，\($0)协办件" } ?? ""
    return "\(matter.kind.chinese)\(title)（编号\(matter.key.subject)\(part)）"
  }

  /// The same in a list, by its source: 12345热线HS-1.
  func shortName(of item: ItemKey, id: Int64) -> String {
    if isConfidential(item) { return Self.confidential(id) }
    return (sources[item.source]?.name ?? item.source) + item.subject + (item.unit.map { "（\($0)协办件）" } ?? "")
  }

  private static func confidential(_ id: Int64) -> String { "一件不公开事项（内部流水号\(id)）" }

  /// What documents call an organ in a role: the formal name of the office that acts for it, 承办机关 or 督办机关; where the directory has none, the
  /// organ's own name.
  public func office(of organ: Int64?, isSupervising: Bool) -> String? {
    organ.flatMap { organs[$0] }.map { (isSupervising ? $0.supervisingOffice : $0.handlingOffice) ?? $0.name }
  }

  /// What documents call who owed the step that lapsed.
  func office(in lapse: Lapse) -> String? { office(of: lapse.organID, isSupervising: lapse.isSupervising) }

  /// In which role an organ let a deadline pass.
  public func role(in lapse: Lapse) -> String {
    lapse.isSupervising ? "督办" : role(of: lapse.organID, unit: lapse.step.unit)
  }

  /// In which role an organ is responsible for the whole of a matter, or for a unit's part. An organ of the chain is 承办 wherever it stands in
  /// for a unit that is not known.
  public func role(of organ: Int64?, unit: String?) -> String {
    guard let organ = organ.flatMap({ organs[$0] }), organ.tier == nil else { return "承办" }
    return unit == nil ? "主办" : "协办"
  }
}
