// Who may decide: 延期, 退单, 挂账, 办结审核 and 不满意核定. One rule for all of them, in the policy's `approver`.

extension Fold {
  /// Holds who sent a decision to the policy: the system that opened the matter (the platform of a hotline), or an organ of the place at or
  /// above a tier. The responsible unit may not decide for itself; the city may, because no organ is above it. An operator may always.
  ///
  /// No permission depends on which tier supervises: that may change when something earlier is heard.
  func checkDecider(_ entry: Entry, _ unit: String?) throws(Inapplicability) {
    guard let key = entry.key, let place = matter.opening?.place, let cycle = matter[unit].cycle else { return }
    switch rule(unit)?.approver ?? .tier(.district) {
    case .source:
      guard key.source.hasSameBytes(as: matter.key.source) else {
        throw Inapplicability(.notAllowed, at: "/source", "the system that opened the matter decides: \(matter.key.source)")
      }
    case .tier(let lowest):
      let organs = Tier.allCases.filter { $0 >= lowest }.compactMap { tier in
        place.organ(at: tier).flatMap { $0 != cycle.responsibleID || tier == .city ? $0 : nil }
      }
      let names = organs.compactMap(references.directory.name)
      let isAllowed =
        if let speaker = entry.stamp.speaker { organs.contains(speaker) } else {
          entry.event.approver.map { approver in names.contains { $0.hasSameBytes(as: approver) } } ?? false
        }
      guard isAllowed else {
        throw Inapplicability(.notAllowed, at: "/data/approver", "may be approved by: \(names.joined(separator: ", "))")
      }
    }
  }
}
