// A city for the tests of the directory: two districts with a street of one name in both, communities, offices and aliases.

@testable import Duban

enum DirectoryCity {
  static let file = """
    city: 黄石市
    code: "420200000000"
    handling-office: 黄石市住房和城乡建设局
    supervising-office: 黄石市住房和城乡建设局
    government: 黄石市人民政府
    districts:
      - name: 黄石港区
        code: "420202000000"
        aliases: [港区]
        handling-office: 黄石港区住房和城乡建设局
        government: 黄石港区人民政府
        streets:
          - name: 胜阳港街道
            code: "420202001000"
            aliases: [胜阳港]
            handling-office: 胜阳港街道办事处
            supervising-office: 黄石港区住房和城乡建设局
            communities: [{ name: 磁湖社区, code: "420202001001", aliases: [磁湖] }, 新闸社区]
          - { name: 花湖街道, code: "420202002000" }
          - 江北街道
      - name: 开发区·铁山区
        code: "420205000000"
        aliases: [铁山区]
        streets: [{ name: 江北街道, code: "420205002000", communities: [新闸社区] }, 四棵街道]
    units: [{ name: 供水公司, aliases: [水司] }, 供电公司, { name: 派驻纪检监察组 }]
    persons:
      - { name: 王五, role: 网格员, street: 胜阳港街道, community: 磁湖社区 }
      - { name: 张三, role: 社区干部, street: 黄石港区胜阳港街道, community: 磁湖 }
      - { name: 李四, role: 街道干部, street: "420202001000" }
      - { name: 赵六, role: 小区长, street: 胜阳港街道, community: 磁湖社区, project: 覆盆山小区 }
      - { name: 钱七, role: 联系人, unit: 供水公司 }
    operators: [operator]
    sources:
      - { uri: /hotline/12345, name: 12345热线, users: [hotline], receipts: true, organs: [黄石市] }
      - { uri: /platform/12388, name: 12388平台, confidential: true, recipient: 派驻纪检监察组 }
      - uri: /portal/street
        name: 街道平台
        organs: [胜阳港街道, 黄石港区花湖街道]
        grants: [{ acts: [responded, resolved], sources: [/hotline/12345], regions: [黄石港区] }, { acts: [urged] }]
    """

  static func directory(_ yaml: String = file, onto present: Directory = .empty) throws -> Directory {
    try DirectoryUpdate(DirectoryDraft.read(yaml: yaml), onto: present).after
  }

  /// What a directory makes of a file.
  static func update(_ yaml: String, onto present: Directory) throws -> DirectoryUpdate {
    try DirectoryUpdate(DirectoryDraft.read(yaml: yaml), onto: present)
  }
}

extension Directory {
  /// The full names of the organs of a region, as far as they are known: `黄石市 黄石港区 黄石港区胜阳港街道`.
  func found(_ district: String?, _ street: String?, _ community: String? = nil) -> String {
    var stamp = Stamp()
    place(Event.Region(district: district, street: street, community: community), in: &stamp)
    return (stamp.streetID ?? stamp.districtID ?? stamp.cityID).map(fullName) ?? "nowhere"
  }

  func organ(_ fullName: String) -> Organ? { organs.values.first { self.fullName(of: $0.id) == fullName && !$0.isRetired } }
}
