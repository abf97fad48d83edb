// An inspection that was assigned with a checklist is reported against that one.

extension Fold {
  /// Holds a report to the checklist that the inspection was assigned with. One that names none is reported against any.
  func checkChecklist(_ entry: Entry) throws(Inapplicability) {
    guard case .reported(let report) = entry.event, let assigned = matter.opening?.checklist,
      !assigned.hasSameBytes(as: report.checklist)
    else { return }
    throw Inapplicability(
      .notAllowed, at: "/data/checklist/name",
      "the inspection was assigned with the checklist \(assigned); report against that one")
  }
}
