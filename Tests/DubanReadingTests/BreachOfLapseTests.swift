// Which breach on record an explanation shows for a lapse.

import Duban
import Testing

@Suite("Breaches in explanations")
struct BreachOfLapseTests {
  @Test("a breach that was decided on is not shown for a deadline that was moved since: the decision was about the earlier one")
  func decidedBefore() throws {
    var story = try Story()
    try story.say("complaint.submitted", "2026-09-28T08:00", place)
    story.sweep("2026-09-30T08:00")
    story.decide(1, .lifted)
    #expect(story.text(.en)[1].contains("Not done by then: breach 1, lifted, of 胜阳港街道"))
    try story.say("complaint.suspended", "2026-09-29T08:00", #"{"reason":"等待居民配合"}"#, recorded: "2026-09-30T09:00")
    try story.say("complaint.resumed", "2026-09-29T10:00", recorded: "2026-09-30T09:00")
    // The clock runs on from the hearing: what was left, 24 hours, ends a day later.
    story.sweep("2026-10-01T09:00")
    let response = story.text(.en)[1]
    #expect(response.contains("due 2026-10-01 09:00. Not done by then: a breach, of 胜阳港街道"), "\(response)")
    #expect(!response.contains("breach 1"))
  }
}
