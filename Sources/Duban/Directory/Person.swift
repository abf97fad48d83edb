// A person who is responsible for a place or a unit (R28 社区干部, 街道干部, 小区长; R49 每项工作有专人落实).

/// A person who is responsible at a street, for one of its communities or 小区, or at a unit.
public struct Person: Hashable, Sendable {
  /// What a person is there for. Of several, the first in this order is asked first.
  public enum Role: String, CaseIterable, Sendable {
    case communityOfficer = "社区干部"
    case streetOfficer = "街道干部"
    case neighbourhoodHead = "小区长"
    case gridWorker = "网格员"
    case contact = "联系人"
  }

  public var name: String
  public var role: Role
  /// The street or the unit.
  public var organID: Int64
  /// 社区; nil for the whole street.
  public var community: String?
  /// 小区; nil for the whole community or street.
  public var project: String?

  public init(name: String, role: Role, organID: Int64, community: String? = nil, project: String? = nil) {
    (self.name, self.role, self.organID) = (name, role, organID)
    (self.community, self.project) = (community, project)
  }
}
