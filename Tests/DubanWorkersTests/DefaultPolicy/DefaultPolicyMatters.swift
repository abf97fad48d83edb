// The walk over deploy/policies/default.yaml: for each rule matters that let every tier's deadline pass, and one that is suspended and given
// more time. Every date is worked out from the rule's words and the State Council's days; none comes from the code that it is to prove.
//
// The two clocks run side by side. The first step of each chain is the responsible unit's, with `within`; the next are the supervising
// tiers', with `district` and `city`, each counted from the deadline before it. A slip's colour goes by the step. 约谈 is proposed once for a
// matter, when a deadline passes at 市.
//
// 2026: 02-14 and 02-28 are Saturdays of 调休, 02-15 to 02-23 is 春节; 09-25 to 09-27 中秋节 and 10-01 to 10-07 国庆节 are off.

import Duban

extension WalkMatter.Place {
  static let 胜阳港街道 = Self(district: "黄石港区", street: "胜阳港街道")
  static let 花湖街道 = Self(district: "黄石港区", street: "花湖街道")
  static let 江北管理区 = Self(district: "黄石港区", street: "江北管理区")
  /// Each tier keeps other hours: the street closes at 18:00, its district at 17:00, the city at 17:30. So what ends at a close is told
  /// apart from what merely ends at that time of day.
  static let 团城山街道 = Self(district: "下陆区", street: "团城山街道")
  /// It closes at 16:00, before its district.
  static let 新下陆街道 = Self(district: "下陆区", street: "新下陆街道")
  static let 东方山街道 = Self(district: "下陆区", street: "东方山街道")
  static let 八泉街道 = Self(district: "西塞山区", street: "八泉街道")
  static let unknownStreet = Self(district: "西塞山区", street: "无名街道")
  static let unknownDistrict = Self(district: "无名区", street: "无名街道")
}

extension WalkMatter {
  /// The directory of the walk: as it comes with Duban, and the hours of 下陆区.
  ///
  /// Here each source decides about its own matters, too, in the name of the organs above.
  static func withHours(_ directory: String) -> String {
    let sources = [("/hotline/12345", "12345热线", ""), ("/platform/12388", "12388平台", "receipts: true, confidential: true, ")].map
    {
      "  - { uri: \($0), name: \($1), \($2)organs: [黄石市, 黄石港区, 西塞山区, 下陆区, 大冶市] }"
    }
    let organs = String(directory.prefix(upTo: directory.range(of: "\nsources:")?.lowerBound ?? directory.endIndex))
    return (organs + "\nsources:\n" + sources.joined(separator: "\n") + "\n").replacing(
      "- name: 下陆区\n", with: "- name: 下陆区\n    hours: [09:00-12:00, 13:00-17:00]\n"
    ).replacing(
      "{ name: 新下陆街道,", with: "{ name: 新下陆街道, hours: [08:00-12:00, 13:00-16:00],"
    ).replacing(
      "{ name: 团城山街道,", with: "{ name: 团城山街道, hours: [08:00-12:00, 14:00-18:00],")
  }

  static let all = ofEachRule + inquiries("咨询", at: .江北管理区) + inquiries("求助", at: .花湖街道) + reminders + special

  private static let ofEachRule: [WalkMatter] = [
    WalkMatter(
      "应急-unanswered", "12345 preset: 应急, first word within 2 hours; 三色督办单: urgent matters start at 橙; R34: 约谈 proposed at 市",
      rule: "complaint, category 应急", category: "应急", at: .团城山街道,
      [
        .says("02-08 09:00", "complaint.submitted"),
        .lapses(.response, .street, .orange, at: "02-08 11:00"),
        // A Sunday. 2 工作时 on Monday from 09:00; then one before lunch and one from 14:30.
        .lapses(.response, .district, .red, at: "02-09 11:00"),
        .lapses(.response, .city, .red, at: "02-09 15:30"), .summons("02-09 15:30", over: .response, .resolution),
        // Until the street's close, 18:00. 4 工作时: three before lunch on Monday, one after; then three from 14:30, and one on Tuesday.
        .lapses(.resolution, .street, .orange, at: "02-08 18:00"),
        .lapses(.resolution, .district, .red, at: "02-09 14:00"),
        .lapses(.resolution, .city, .red, at: "02-10 09:30"),
      ]),
    WalkMatter(
      "应急-workday", "12345 preset: 应急 on a workday; the tiers above go on with the same day's 工作时",
      rule: "complaint, category 应急",
      category: "应急", at: .新下陆街道,
      [
        .says("02-09 09:00", "complaint.submitted"),
        .lapses(.response, .street, .orange, at: "02-09 11:00"),
        // 2 工作时: one before lunch, one from 13:00; then two from 14:30.
        .lapses(.response, .district, .red, at: "02-09 14:00"),
        .lapses(.response, .city, .red, at: "02-09 16:30"), .summons("02-09 16:30", over: .response, .resolution),
        // Until the street's close, 16:00. 4 工作时: one until 17:00, three from 09:00; then three from 14:30, and one on Wednesday.
        .lapses(.resolution, .street, .orange, at: "02-09 16:00"),
        .lapses(.resolution, .district, .red, at: "02-10 12:00"),
        .lapses(.resolution, .city, .red, at: "02-11 09:30"),
      ]),
    WalkMatter(
      "应急-unsettled", "12345 preset: 应急, the same day by close of business, a Sunday too", rule: "complaint, category 应急",
      category: "应急", at: .团城山街道,
      [
        .says("02-08 15:00", "complaint.submitted"),
        .says("02-08 16:00", "complaint.responded"),
        .lapses(.resolution, .street, .orange, at: "02-08 18:00"),
        .lapses(.resolution, .district, .red, at: "02-09 14:00"),
        .lapses(.resolution, .city, .red, at: "02-10 09:30"), .summons("02-10 09:30", over: .resolution),
      ]),
    WalkMatter(
      "12388-unanswered1", "12388 preset: accepted or forwarded within 5 工作日, from the next day, a day off",
      rule: "complaint, source /platform/12388", source: "/platform/12388", at: .团城山街道,
      [
        .says("02-15 09:00", "complaint.submitted"),
        // 5 工作日: 02-24, 25, 26, 27, 28 (调休).
        .lapsesAlone(.response, .street, warned: "02-27 18:00", at: "02-28 18:00"),
        // 15 工作日: 02-24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09, 10, 11, 12, 13.
        .lapsesAlone(.resolution, .street, warned: "03-11 18:00", at: "03-13 18:00"),
      ]),
    WalkMatter(
      "12388-unanswered2", "12388 preset: accepted or forwarded within 5 工作日, from the next day, a workday",
      rule: "complaint, source /platform/12388", source: "/platform/12388", at: .团城山街道,
      [
        .says("02-05 09:00", "complaint.submitted"),
        // 5 工作日: 02-06, 09, 10, 11, 12.
        .lapsesAlone(.response, .street, warned: "02-11 18:00", at: "02-12 18:00"),
        // 15 工作日: 02-06, 09, 10, 11, 12, 13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04.
        .lapsesAlone(.resolution, .street, warned: "03-02 18:00", at: "03-04 18:00"),
      ]),
    WalkMatter(
      "12388-unsettled", "12388 preset: answered within 15 工作日, outside the chain", rule: "complaint, source /platform/12388",
      source: "/platform/12388", at: .团城山街道,
      [
        .says("02-15 15:00", "complaint.submitted"),
        .says("02-15 16:00", "complaint.responded"),
        // 15 工作日: 02-24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09, 10, 11, 12, 13.
        .lapsesAlone(.resolution, .street, warned: "03-11 18:00", at: "03-13 18:00"),
      ]),
    // Without the pause: 02-25 17:30 and 03-10 17:30.
    .held(
      "12388-held", rule: "complaint, source /platform/12388", source: "/platform/12388",
      response: ("02-25 17:30", "02-26 17:30"),
      resolution: ("03-09 17:30", "03-11 17:30"), until: ("03-19 17:30", "03-21 17:30")),
    WalkMatter(
      "保洁-unsettled1", "城管 preset: 保洁 5 工作时, without the lunch break", rule: "complaint, category 保洁", category: "保洁", at: .团城山街道,
      [
        .says("02-05 09:00", "complaint.submitted"), .says("02-05 10:00", "complaint.responded"),
        .lapses(.resolution, .street, .blue, warned: "02-05 15:00", at: "02-05 16:00"),
        // 1 工作日: 02-06.
        .lapses(.resolution, .district, .orange, warned: "02-06 15:00", at: "02-06 16:00"),
        // 1 工作日: 02-09.
        .lapses(.resolution, .city, .red, warned: "02-09 15:00", at: "02-09 16:00"), .summons("02-09 16:00", over: .resolution),
      ]),
    WalkMatter(
      "保洁-unsettled2", "城管 preset: 保洁 5 工作时, from Friday to a Saturday of 调休", rule: "complaint, category 保洁", category: "保洁",
      at: .团城山街道,
      [
        .says("02-13 15:00", "complaint.submitted"), .says("02-13 16:00", "complaint.responded"),
        .lapses(.resolution, .street, .blue, warned: "02-14 09:00", at: "02-14 10:00"),
        // 1 工作日: 02-24.
        .lapses(.resolution, .district, .orange, warned: "02-24 09:00", at: "02-24 10:00"),
        // 1 工作日: 02-25.
        .lapses(.resolution, .city, .red, warned: "02-25 09:00", at: "02-25 10:00"), .summons("02-25 10:00", over: .resolution),
      ]),
    WalkMatter(
      "保洁-unanswered", "R1: across days off 48 hours end before 5 工作时", rule: "complaint, category 保洁", category: "保洁", at: .八泉街道,
      [
        .says("02-14 17:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-16 11:00", at: "02-16 17:00"),
        .lapses(.response, .district, .orange, warned: "02-17 11:00", at: "02-17 17:00"),
        .lapses(.response, .city, .red, warned: "02-18 11:00", at: "02-18 17:00"), .summons("02-18 17:00", over: .response),
        // 5 工作时: half an hour on 02-14 (调休), three and a half before lunch on 02-24, one after.
        .lapses(.resolution, .street, .blue, warned: "02-24 14:30", at: "02-24 15:30"),
        // 1 工作日: 02-25; then 02-26.
        .lapses(.resolution, .district, .orange, warned: "02-25 14:30", at: "02-25 15:30"),
        .lapses(.resolution, .city, .red, warned: "02-26 14:30", at: "02-26 15:30"),
      ]),
    // Without the pause: 02-13 09:00 and 02-11 16:30.
    .held(
      "保洁-held", rule: "complaint, category 保洁", category: "保洁", response: ("02-14 03:00", "02-14 09:00"),
      resolution: ("02-12 15:30", "02-12 16:30"), until: ("02-22 16:30", "02-22 17:30")),
    WalkMatter(
      "垃圾-unsettled1", "城管 preset: 垃圾 1 工作日, at the same time of the next", rule: "complaint, category 垃圾", category: "垃圾",
      at: .团城山街道,
      [
        .says("02-05 09:00", "complaint.submitted"), .says("02-05 10:00", "complaint.responded"),
        // 1 工作日: 02-06.
        .lapses(.resolution, .street, .blue, warned: "02-06 05:00", at: "02-06 09:00"),
        // 1 工作日: 02-09.
        .lapses(.resolution, .district, .orange, warned: "02-09 05:00", at: "02-09 09:00"),
        // 1 工作日: 02-10.
        .lapses(.resolution, .city, .red, warned: "02-10 05:00", at: "02-10 09:00"), .summons("02-10 09:00", over: .resolution),
      ]),
    WalkMatter(
      "垃圾-unanswered", "R1: across days off 48 hours end before 1 工作日; both chains rise side by side, to one 约谈",
      rule: "complaint, category 垃圾", category: "垃圾", at: .八泉街道,
      [
        .says("09-25 15:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "09-27 09:00", at: "09-27 15:00"),
        .lapses(.response, .district, .orange, warned: "09-28 09:00", at: "09-28 15:00"),
        .lapses(.response, .city, .red, warned: "09-29 09:00", at: "09-29 15:00"),
        .summons("09-29 15:00", over: .response, .resolution),
        // From 09-28 on, the next workday, 1 工作日: 09-29.
        .lapses(.resolution, .street, .blue, warned: "09-28 20:00", at: "09-29 00:00"),
        // 1 工作日: 09-30.
        .lapses(.resolution, .district, .orange, warned: "09-29 20:00", at: "09-30 00:00"),
        // 1 工作日: 10-08.
        .lapses(.resolution, .city, .red, warned: "10-07 20:00", at: "10-08 00:00"),
      ]),
    WalkMatter(
      "垃圾-answered", "R1: an answer after the chain of answers has ended moves nothing of settling",
      rule: "complaint, category 垃圾",
      category: "垃圾", at: .八泉街道,
      [
        .says("02-14 17:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-16 11:00", at: "02-16 17:00"),
        .lapses(.response, .district, .orange, warned: "02-17 11:00", at: "02-17 17:00"),
        .lapses(.response, .city, .red, warned: "02-18 11:00", at: "02-18 17:00"), .summons("02-18 17:00", over: .response),
        .says("02-20 10:00", "complaint.responded"),
        // 1 工作日: 02-24.
        .lapses(.resolution, .street, .blue, warned: "02-24 13:00", at: "02-24 17:00"),
        .closes("02-25 09:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "垃圾-unsettled2", "城管 preset: 垃圾 1 工作日, from a day off", rule: "complaint, category 垃圾", category: "垃圾", at: .团城山街道,
      [
        .says("09-25 15:00", "complaint.submitted"),
        .says("09-25 16:00", "complaint.responded"),
        // from 09-28 on, the next workday, 1 工作日: 09-29.
        .lapses(.resolution, .street, .blue, warned: "09-28 20:00", at: "09-29 00:00"),
        // 1 工作日: 09-30.
        .lapses(.resolution, .district, .orange, warned: "09-29 20:00", at: "09-30 00:00"),
        // 1 工作日: 10-08.
        .lapses(.resolution, .city, .red, warned: "10-07 20:00", at: "10-08 00:00"), .summons("10-08 00:00", over: .resolution),
      ]),
    // Without the pause: 02-13 09:00 and 02-12 09:00.
    .held(
      "垃圾-held", rule: "complaint, category 垃圾", category: "垃圾", response: ("02-14 03:00", "02-14 09:00"),
      resolution: ("02-13 05:00", "02-13 09:00"), until: ("02-23 13:30", "02-23 17:30")),
    WalkMatter(
      "违建-unanswered", "R1: 48 hours hold for 违建 too", rule: "complaint, category 违建", category: "违建", at: .江北管理区,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        .lapses(.response, .district, .orange, warned: "02-15 03:00", at: "02-15 09:00"),
        .lapses(.response, .city, .red, warned: "02-16 03:00", at: "02-16 09:00"), .summons("02-16 09:00", over: .response),
        // 15 工作日: 02-13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09, 10, 11.
        .lapses(.resolution, .street, .blue, warned: "03-09 17:30", at: "03-11 17:30"),
        // 5 工作日: 03-12, 13, 16, 17, 18.
        .lapses(.resolution, .district, .orange, warned: "03-16 17:30", at: "03-18 17:30"),
        // 5 工作日: 03-19, 20, 23, 24, 25.
        .lapses(.resolution, .city, .red, warned: "03-23 17:30", at: "03-25 17:30"),
      ]),
    WalkMatter(
      "违建-unsettled", "城管 preset: 违建 15 工作日", rule: "complaint, category 违建", category: "违建", at: .团城山街道,
      [
        .says("02-08 15:00", "complaint.submitted"),
        .says("02-08 16:00", "complaint.responded"),
        // 15 工作日: 02-09, 10, 11, 12, 13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05.
        .lapses(.resolution, .street, .blue, warned: "03-03 18:00", at: "03-05 18:00"),
        // 5 工作日: 03-06, 09, 10, 11, 12.
        .lapses(.resolution, .district, .orange, warned: "03-10 18:00", at: "03-12 18:00"),
        // 5 工作日: 03-13, 16, 17, 18, 19.
        .lapses(.resolution, .city, .red, warned: "03-17 18:00", at: "03-19 18:00"), .summons("03-19 18:00", over: .resolution),
      ]),
    // Without the pause: 02-13 09:00 and 03-10 17:30.
    .held(
      "违建-held", rule: "complaint, category 违建", category: "违建", response: ("02-14 03:00", "02-14 09:00"),
      resolution: ("03-09 17:30", "03-11 17:30"), until: ("03-19 17:30", "03-21 17:30")),
    WalkMatter(
      "complaint-unanswered", "R1: 确保48小时内响应诉求; R22: 街道 → 区 → 市; R34: 约谈 proposed once", rule: "complaint",
      at: .花湖街道,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        .lapses(.response, .district, .orange, warned: "02-15 03:00", at: "02-15 09:00"),
        .lapses(.response, .city, .red, warned: "02-16 03:00", at: "02-16 09:00"), .summons("02-16 09:00", over: .response),
        // 13 工作日: 02-13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09.
        .lapses(.resolution, .street, .blue, warned: "03-07 17:30", at: "03-09 17:30"),
        // 5 工作日: 03-10, 11, 12, 13, 16.
        .lapses(.resolution, .district, .orange, warned: "03-14 17:30", at: "03-16 17:30"),
        // 5 工作日: 03-17, 18, 19, 20, 23.
        .lapses(.resolution, .city, .red, warned: "03-21 17:30", at: "03-23 17:30"),
      ]),
    WalkMatter(
      "complaint-unsettled", "12345 preset: 投诉举报 13 工作日 from the next day; R22: each tier above 5 more", rule: "complaint",
      at: .团城山街道,
      [
        .says("02-08 15:00", "complaint.submitted"),
        .says("02-08 16:00", "complaint.responded"),
        // 13 工作日: 02-09, 10, 11, 12, 13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03.
        .lapses(.resolution, .street, .blue, warned: "03-01 18:00", at: "03-03 18:00"),
        // 5 工作日: 03-04, 05, 06, 09, 10.
        .lapses(.resolution, .district, .orange, warned: "03-08 18:00", at: "03-10 18:00"),
        // 5 工作日: 03-11, 12, 13, 16, 17.
        .lapses(.resolution, .city, .red, warned: "03-15 18:00", at: "03-17 18:00"), .summons("03-17 18:00", over: .resolution),
      ]),
    // Without the pause: 02-13 09:00 and 03-06 17:30.
    .held(
      "complaint-held", rule: "complaint", response: ("02-14 03:00", "02-14 09:00"),
      resolution: ("03-07 17:30", "03-09 17:30"), until: ("03-17 17:30", "03-19 17:30")),
    WalkMatter(
      "急件-unanswered", "督查 preset: 批示急件, the first report within a day", rule: "inspection, category 批示, grade 急件",
      category: "批示", grade: "急件", at: .团城山街道,
      [
        .says("02-06 09:00", "inspection.assigned"),
        .lapses(.response, .street, .orange, warned: "02-07 14:00", at: "02-07 18:00"),
        // 4 hours: who is told now needs no warning.
        .lapses(.response, .district, .red, at: "02-07 22:00"),
        .lapses(.response, .city, .red, at: "02-08 02:00"), .summons("02-08 02:00", over: .response),
        .lapses(.resolution, .street, .orange, warned: "02-10 18:00", at: "02-11 18:00"),
        .lapses(.resolution, .district, .red, at: "02-12 18:00"),
        .lapses(.resolution, .city, .red, at: "02-13 18:00"),
      ]),
    WalkMatter(
      "急件-unsettled", "督查 preset: 批示急件, settled within 5 days", rule: "inspection, category 批示, grade 急件", category: "批示",
      grade: "急件", at: .团城山街道,
      [
        .says("02-12 15:00", "inspection.assigned"),
        .says("02-12 16:00", "inspection.reported"),
        .lapses(.resolution, .street, .orange, warned: "02-16 18:00", at: "02-17 18:00"),
        .lapses(.resolution, .district, .red, at: "02-18 18:00"),
        .lapses(.resolution, .city, .red, at: "02-19 18:00"), .summons("02-19 18:00", over: .resolution),
      ]),
    // Without the pause: 02-12 17:30 and 02-16 17:30.
    .held(
      "急件-held", rule: "inspection, category 批示, grade 急件", category: "批示", grade: "急件", response: ("02-13 13:30", "02-13 17:30"),
      resolution: ("02-16 17:30", "02-17 17:30"), until: ("02-26 17:30", "02-27 17:30")),
    WalkMatter(
      "批示-unsettled", "督查 preset: 非急 15 days", rule: "inspection, category 批示", category: "批示", at: .团城山街道,
      [
        .says("02-13 15:00", "inspection.assigned"),
        .lapses(.resolution, .street, .blue, warned: "02-26 18:00", at: "02-28 18:00"),
        // 3 工作日: 03-02, 03, 04.
        .lapses(.resolution, .district, .orange, warned: "03-02 18:00", at: "03-04 18:00"),
        // 3 工作日: 03-05, 06, 09.
        .lapses(.resolution, .city, .red, warned: "03-07 18:00", at: "03-09 18:00"), .summons("03-09 18:00", over: .resolution),
      ]),
    // Without the pause: 02-26 17:30.
    .held(
      "批示-held", rule: "inspection, category 批示", category: "批示", response: nil,
      resolution: ("02-25 17:30", "02-27 17:30"), until: ("03-07 17:30", "03-09 17:30")),
    WalkMatter(
      "公文-unsettled", "督查 preset: 公文 30 days", rule: "inspection, category 公文", category: "公文", at: .团城山街道,
      [
        .says("02-05 15:00", "inspection.assigned"),
        .lapses(.resolution, .street, .blue, warned: "03-04 18:00", at: "03-07 18:00"),
        // from 03-09 on, the next workday, 5 工作日: 03-10, 11, 12, 13, 16.
        .lapses(.resolution, .district, .orange, warned: "03-13 00:00", at: "03-16 00:00"),
        // 5 工作日: 03-17, 18, 19, 20, 23.
        .lapses(.resolution, .city, .red, warned: "03-20 00:00", at: "03-23 00:00"), .summons("03-23 00:00", over: .resolution),
      ]),
    // Without the pause: 03-13 17:30.
    .held(
      "公文-held", rule: "inspection, category 公文", category: "公文", response: nil,
      resolution: ("03-11 17:30", "03-14 17:30"), until: ("03-21 17:30", "03-24 17:30")),
    WalkMatter(
      "inspection-unanswered", "R36: 整改 then 复查; a report within 5 工作日 of the assignment", rule: "inspection", at: .团城山街道,
      [
        .says("02-15 09:00", "inspection.assigned"),
        // 5 工作日: 02-24, 25, 26, 27, 28 (调休).
        .lapses(.response, .street, .blue, warned: "02-27 18:00", at: "02-28 18:00"),
        // 3 工作日: 03-02, 03, 04.
        .lapses(.response, .district, .orange, warned: "03-03 18:00", at: "03-04 18:00"),
        // 3 工作日: 03-05, 06, 09.
        .lapses(.response, .city, .red, warned: "03-08 18:00", at: "03-09 18:00"), .summons("03-09 18:00", over: .response),
        // 30 days: 13 to the end of February, and 17.
        .lapses(.resolution, .street, .blue, warned: "03-14 18:00", at: "03-17 18:00"),
        // 5 工作日: 03-18, 19, 20, 23, 24.
        .lapses(.resolution, .district, .orange, warned: "03-21 18:00", at: "03-24 18:00"),
        // 5 工作日: 03-25, 26, 27, 30, 31.
        .lapses(.resolution, .city, .red, warned: "03-28 18:00", at: "03-31 18:00"),
      ]),
    WalkMatter(
      "inspection-unsettled", "R36: 整改 then 复查; settled within 30 days", rule: "inspection", at: .团城山街道,
      [
        .says("02-06 15:00", "inspection.assigned"),
        .says("02-06 16:00", "inspection.reported"),
        .lapses(.resolution, .street, .blue, warned: "03-05 18:00", at: "03-08 18:00"),
        // from 03-09 on, the next workday, 5 工作日: 03-10, 11, 12, 13, 16.
        .lapses(.resolution, .district, .orange, warned: "03-13 00:00", at: "03-16 00:00"),
        // 5 工作日: 03-17, 18, 19, 20, 23.
        .lapses(.resolution, .city, .red, warned: "03-20 00:00", at: "03-23 00:00"), .summons("03-23 00:00", over: .resolution),
      ]),
    // Without the pause: 02-25 17:30 and 03-13 17:30.
    .held(
      "inspection-held", rule: "inspection", response: ("02-25 17:30", "02-26 17:30"),
      resolution: ("03-11 17:30", "03-14 17:30"), until: ("03-21 17:30", "03-24 17:30")),
    WalkMatter(
      "funding-unanswered", "R39: 拨付不及时; reviewed within 15 days", rule: "funding", at: .团城山街道,
      [
        .says("02-12 09:00", "funding.requested"),
        .lapses(.response, .street, .blue, warned: "02-25 18:00", at: "02-27 18:00"),
        // 5 工作日: 02-28 (调休), 03-02, 03, 04, 05.
        .lapses(.response, .district, .orange, warned: "03-03 18:00", at: "03-05 18:00"),
        // 5 工作日: 03-06, 09, 10, 11, 12.
        .lapses(.response, .city, .red, warned: "03-10 18:00", at: "03-12 18:00"), .summons("03-12 18:00", over: .response),
        // 30 days: 16 to the end of February, and 14; a Saturday.
        .lapses(.resolution, .street, .blue, warned: "03-11 18:00", at: "03-14 18:00"),
        // From 03-16 on, the next workday, 5 工作日: 03-17, 18, 19, 20, 23.
        .lapses(.resolution, .district, .orange, warned: "03-20 00:00", at: "03-23 00:00"),
        // 5 工作日: 03-24, 25, 26, 27, 30.
        .lapses(.resolution, .city, .red, warned: "03-27 00:00", at: "03-30 00:00"),
      ]),
    WalkMatter(
      "funding-unsettled", "R39: 拨付不及时; disbursed within 30 days", rule: "funding", at: .团城山街道,
      [
        .says("02-06 15:00", "funding.requested"),
        .says("02-06 16:00", "funding.reviewed", WalkMatter.approved),
        .lapses(.resolution, .street, .blue, warned: "03-05 18:00", at: "03-08 18:00"),
        // from 03-09 on, the next workday, 5 工作日: 03-10, 11, 12, 13, 16.
        .lapses(.resolution, .district, .orange, warned: "03-13 00:00", at: "03-16 00:00"),
        // 5 工作日: 03-17, 18, 19, 20, 23.
        .lapses(.resolution, .city, .red, warned: "03-20 00:00", at: "03-23 00:00"), .summons("03-23 00:00", over: .resolution),
      ]),
    // Without the pause: 02-26 17:30 and 03-13 17:30.
    .held(
      "funding-held", rule: "funding", response: ("02-25 17:30", "02-27 17:30"),
      resolution: ("03-11 17:30", "03-14 17:30"), until: ("03-21 17:30", "03-24 17:30")),
  ]

  /// 咨询 and 求助, of which the presets say the same.
  private static func inquiries(_ category: String, at place: Place) -> [WalkMatter] {
    [
      WalkMatter(
        "\(category)-unanswered", "R1: 48 hours hold for \(category) too; R22: 街道 → 区 → 市",
        rule: "complaint, category \(category)", category: category, at: place,
        [
          .says("02-12 09:00", "complaint.submitted"),
          .lapses(.response, .street, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
          .lapses(.response, .district, .orange, warned: "02-15 03:00", at: "02-15 09:00"),
          .lapses(.response, .city, .red, warned: "02-16 03:00", at: "02-16 09:00"), .summons("02-16 09:00", over: .response),
          // 3 工作日: 02-13, 14 (调休), 24.
          .lapses(.resolution, .street, .blue, warned: "02-23 17:30", at: "02-24 17:30"),
          // 1 工作日: 02-25; a day before that is no later than its start. Then 02-26.
          .lapses(.resolution, .district, .orange, at: "02-25 17:30"),
          .lapses(.resolution, .city, .red, at: "02-26 17:30"),
        ]),
      WalkMatter(
        "\(category)-unsettled1", "12345 preset: \(category) 3 工作日, counted from the next day, a workday",
        rule: "complaint, category \(category)", category: category, at: .团城山街道,
        [
          .says("02-10 15:00", "complaint.submitted"),
          .says("02-10 16:00", "complaint.responded"),
          // 3 工作日: 02-11, 12, 13.
          .lapses(.resolution, .street, .blue, warned: "02-12 18:00", at: "02-13 18:00"),
          // 1 工作日: 02-14 (调休).
          .lapses(.resolution, .district, .orange, at: "02-14 18:00"),
          // 1 工作日: 02-24.
          .lapses(.resolution, .city, .red, warned: "02-23 18:00", at: "02-24 18:00"), .summons("02-24 18:00", over: .resolution),
        ]),
      WalkMatter(
        "\(category)-unsettled2", "12345 preset: \(category) 3 工作日, counted from the next day, a day off",
        rule: "complaint, category \(category)", category: category, at: .团城山街道,
        [
          .says("09-25 15:00", "complaint.submitted"),
          .says("09-25 16:00", "complaint.responded"),
          // 3 工作日: 09-28, 29, 30.
          .lapses(.resolution, .street, .blue, warned: "09-29 18:00", at: "09-30 18:00"),
          // 1 工作日: 10-08.
          .lapses(.resolution, .district, .orange, warned: "10-07 18:00", at: "10-08 18:00"),
          // 1 工作日: 10-09.
          .lapses(.resolution, .city, .red, at: "10-09 18:00"), .summons("10-09 18:00", over: .resolution),
        ]),
      // Without the pause: 02-13 09:00 and 02-14 17:30.
      .held(
        "\(category)-held", rule: "complaint, category \(category)", category: category, response: ("02-14 03:00", "02-14 09:00"),
        resolution: ("02-23 17:30", "02-24 17:30"), until: ("03-05 17:30", "03-06 17:30")),
    ]
  }

  private static let reminders: [WalkMatter] = [
    WalkMatter(
      "R32", "R32: 每月28日前, the 28th included, a Saturday of 调休; late, it climbs", rule: "reminder", due: "02-28 17:30",
      at: .团城山街道,
      [
        .says("02-20 09:00", "reminder.scheduled"),
        .lapses(.resolution, .street, .blue, warned: "02-26 17:30", at: "02-28 17:30"),
        // 1 工作日: 03-02. Two days before that is no later than the climb, which was told.
        .lapses(.resolution, .district, .orange, at: "03-02 17:30"),
        .lapses(.resolution, .city, .red, at: "03-03 17:30"), .summons("03-03 17:30", over: .resolution),
      ]),
    WalkMatter(
      "R32-kept", "R32: 每月28日前, handed in on the 28th", rule: "reminder", due: "02-28 17:30", at: .团城山街道,
      [
        .says("02-20 09:00", "reminder.scheduled"),
        .warned(.resolution, .street, "02-26 17:30", due: "02-28 17:30"),
        .closes("02-28 17:20", "reminder.done"),
      ]),
    WalkMatter(
      "R24", "R24: 设计变更资料 2天内; late, it climbs", rule: "reminder", due: "02-27 10:00", at: .团城山街道,
      [
        // Who is told now that it is due in two days needs no warning.
        .says("02-25 10:00", "reminder.scheduled"),
        .lapses(.resolution, .street, .blue, at: "02-27 10:00"),
        // 1 工作日: 02-28 (调休); then 03-02.
        .lapses(.resolution, .district, .orange, at: "02-28 10:00"),
        .lapses(.resolution, .city, .red, at: "03-02 10:00"), .summons("03-02 10:00", over: .resolution),
      ]),
    WalkMatter(
      "R32-late", "R32: heard after its due time it has a 工作日 from the hearing, if that is across days off", rule: "reminder",
      due: "02-13 17:30", at: .团城山街道,
      [
        .says("02-13 09:00", "reminder.scheduled", heard: "02-14 10:00"),
        // 1 工作日: 02-24.
        .lapses(.resolution, .street, .blue, warned: "02-22 10:00", at: "02-24 10:00"),
        .closes("02-24 10:30", "reminder.done"),
      ]),
    WalkMatter(
      "R37-june", "R37: 6月底 清单与开工, kept", rule: "reminder", due: "06-30 17:30", at: .胜阳港街道,
      [
        .says("05-15 09:00", "reminder.scheduled"),
        .warned(.resolution, .street, "06-28 17:30", due: "06-30 17:30"), .closes("06-30 10:00", "reminder.done"),
      ]),
    WalkMatter(
      "R37-october", "R37: 10月底 整改, missed on a Saturday", rule: "reminder", due: "10-31 17:30", at: .胜阳港街道,
      [
        .says("05-15 09:00", "reminder.scheduled"),
        .lapses(.resolution, .street, .blue, warned: "10-29 17:30", at: "10-31 17:30"),
        // From Monday 11-02 00:00 on, 1 工作日.
        .lapses(.resolution, .district, .orange, warned: "11-01 00:00", at: "11-03 00:00"),
        .lapses(.resolution, .city, .red, at: "11-04 00:00"), .summons("11-04 00:00", over: .resolution),
      ]),
    WalkMatter(
      "R37-december", "R37: 12月底 总结, called off", rule: "reminder", due: "12-31 17:30", at: .胜阳港街道,
      [
        .says("05-15 09:00", "reminder.scheduled"),
        .warned(.resolution, .street, "12-29 17:30", due: "12-31 17:30"), .closes("12-30 10:00", "reminder.cancelled"),
      ]),
  ]

  private static let special: [WalkMatter] = [
    WalkMatter(
      "应急-held", "12345 preset: what is urgent is given no more time; a pause suspends it", rule: "complaint, category 应急",
      category: "应急",
      at: .胜阳港街道,
      [
        .says("02-11 09:00", "complaint.submitted"), .says("02-11 09:20", "complaint.suspended", WalkMatter.pause),
        .says("02-11 10:20", "complaint.resumed"),
        .inapplicable(
          "02-11 10:30", "complaint.extension-requested", WalkMatter.request(until: minute("02-20 17:30")), "limit-reached"),
        .lapses(.response, .street, .orange, at: "02-11 12:00"), .closes("02-11 12:30", "complaint.resolved"),
      ]),
    WalkMatter(
      "12388-应急", "12388 preset: 15 工作日, and no category's rule takes it", rule: "complaint, source /platform/12388",
      category: "应急",
      source: "/platform/12388", at: .胜阳港街道,
      [
        .says("02-12 09:00", "complaint.submitted"), .says("02-12 12:00", "complaint.responded"),
        // 15 工作日, as for 咨询 below.
        .warned(.resolution, .street, "03-09 17:30", due: "03-11 17:30"), .closes("03-10 10:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "12388-咨询", "12388 preset: 15 工作日, whatever its category", rule: "complaint, source /platform/12388", category: "咨询",
      source: "/platform/12388", at: .胜阳港街道,
      [
        .says("02-12 09:00", "complaint.submitted"), .says("02-12 10:00", "complaint.responded"),
        // 15 工作日: 02-13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09, 10, 11.
        .warned(.resolution, .street, "03-09 17:30", due: "03-11 17:30"), .closes("03-10 10:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "R7-street-unknown", "R7, R22: the lowest tier that is known, 区, has the whole limit; above it is 市", rule: "complaint",
      at: .unknownStreet,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .district, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        .lapses(.response, .city, .orange, warned: "02-15 03:00", at: "02-15 09:00"), .summons("02-15 09:00", over: .response),
        // 13 工作日: 02-13, 14 (调休), 24, 25, 26, 27, 28 (调休), 03-02, 03, 04, 05, 06, 09.
        .lapses(.resolution, .district, .blue, warned: "03-07 17:30", at: "03-09 17:30"),
        // 5 工作日: 03-10, 11, 12, 13, 16.
        .lapses(.resolution, .city, .orange, warned: "03-14 17:30", at: "03-16 17:30"),
      ]),
    WalkMatter(
      "R22-district-unknown",
      "R22: where no 区 is known 市 has the whole limit, and is told when it lets it pass; it does not summon itself",
      rule: "complaint",
      at: .unknownDistrict,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .city, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        // As where the street is not known.
        .lapses(.resolution, .city, .blue, warned: "03-07 17:30", at: "03-09 17:30"),
      ]),
    WalkMatter(
      "tolerance-within", "R1: heard within the hour of tolerance, the 48 hours count from the complaint", rule: "complaint",
      at: .花湖街道,
      [
        .says("02-12 08:00", "complaint.submitted", heard: "02-12 08:59"),
        .lapses(.response, .street, .blue, warned: "02-14 02:00", at: "02-14 08:00"),
        .closes("02-14 08:30", "complaint.resolved"),
      ]),
    WalkMatter(
      "tolerance-beyond", "R1: heard later than the tolerance, they count from the hearing", rule: "complaint", at: .东方山街道,
      [
        .says("02-12 08:00", "complaint.submitted", heard: "02-12 09:01"),
        .lapses(.response, .street, .blue, warned: "02-14 03:01", at: "02-14 09:01"),
        .closes("02-14 09:30", "complaint.resolved"),
      ]),
    WalkMatter(
      "annulled", "R1: an answer in time that is heard within the hour after the sweep: the breach did not happen",
      rule: "complaint",
      at: .东方山街道,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        .says("02-14 08:50", "complaint.responded", heard: "02-14 09:30"),
        .annuls(.response, .street, .blue, due: "02-14 09:00", at: "02-14 09:30"),
        .closes("02-14 10:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "contested", "R1: an answer in time that is heard later than that: the breach counts until a person decides",
      rule: "complaint",
      at: .东方山街道,
      [
        .says("02-12 09:00", "complaint.submitted"),
        .lapses(.response, .street, .blue, warned: "02-14 03:00", at: "02-14 09:00"),
        .says("02-14 08:00", "complaint.responded", heard: "02-14 09:30"),
        .contests(.response, .street, due: "02-14 09:00", at: "02-14 09:30"),
        .closes("02-14 10:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "保洁-hours", "城管 preset: 5 工作时 of the district's hours where the street keeps none of its own",
      rule: "complaint, category 保洁",
      category: "保洁", at: .东方山街道,
      [
        // Friday 15:00 to 17:00, and 09:00 to 12:00 of the Saturday of 调休.
        .says("02-13 15:00", "complaint.submitted"),
        .warned(.resolution, .street, "02-14 11:00", due: "02-14 12:00"), .closes("02-14 11:30", "complaint.resolved"),
      ]),
    WalkMatter(
      "R36-rechecked", "R36: 分类整改 → 复查确认: a recheck that failed settles nothing, one that passed does", rule: "inspection",
      at: .胜阳港街道,
      [
        .says("02-12 09:00", "inspection.assigned"), .says("02-12 10:00", "inspection.reported"),
        .says("02-24 10:00", "rectification.submitted"), .says("02-25 10:00", "rectification.verified", WalkMatter.failed),
        // 30 days, whatever was submitted.
        .warned(.resolution, .street, "03-11 17:30", due: "03-14 17:30"),
        .closes("03-12 10:00", "rectification.verified", WalkMatter.passed),
      ]),
    WalkMatter(
      "R36-unchecked", "R36: no report ends what is to be put right and rechecked", rule: "inspection", at: .胜阳港街道,
      [
        .says("02-12 09:00", "inspection.assigned"),
        .inapplicable("02-12 10:00", "inspection.reported", WalkMatter.solved, "not-allowed"),
        .says("02-12 11:00", "inspection.reported"), .closes("02-13 10:00", "rectification.verified", WalkMatter.passed),
      ]),
    WalkMatter(
      "急件-reported", "督查 preset: a 批示急件 is ended by its 办结报告", rule: "inspection, category 批示, grade 急件", category: "批示",
      grade: "急件", at: .胜阳港街道,
      [.says("02-12 09:00", "inspection.assigned"), .closes("02-12 10:00", "inspection.reported", WalkMatter.solved)]),
    WalkMatter(
      "批示-reported", "督查 preset: a 批示 is ended by its 办结报告", rule: "inspection, category 批示", category: "批示", at: .胜阳港街道,
      [.says("02-12 09:00", "inspection.assigned"), .closes("02-13 10:00", "inspection.reported", WalkMatter.solved)]),
    WalkMatter(
      "公文-reported", "督查 preset: a 公文 is ended by its 回复", rule: "inspection, category 公文", category: "公文", at: .胜阳港街道,
      [.says("02-12 09:00", "inspection.assigned"), .closes("02-13 10:00", "inspection.reported", WalkMatter.solved)]),
    WalkMatter(
      "complaint-extended", "延期 preset: no longer than the limit itself; a longer one does not count", rule: "complaint",
      at: .胜阳港街道,
      [
        .says("02-12 09:00", "complaint.submitted"), .says("02-12 10:00", "complaint.responded"),
        // Due 03-09 17:30, as complaint-unanswered is. 13 工作日 on: 03-10 to 13, 16 to 20, 23 to 26.
        .says("03-05 10:00", "complaint.extension-requested", WalkMatter.request(until: minute("03-26 18:30"))),
        .inapplicable(
          "03-05 11:00", "complaint.extension-decided", WalkMatter.grant(until: minute("03-26 18:30"), by: Place.胜阳港街道.district),
          "not-allowed"),
        .says(
          "03-05 12:00", "complaint.extension-decided", WalkMatter.grant(until: minute("03-26 17:30"), by: Place.胜阳港街道.district)),
        .warned(.resolution, .street, "03-24 17:30", due: "03-26 17:30"), .closes("03-25 10:00", "complaint.resolved"),
      ]),
    WalkMatter(
      "R39-unapproved", "R39: 违规拨付: what is disbursed without an approval settles nothing", rule: "funding", at: .胜阳港街道,
      [
        .says("02-12 09:00", "funding.requested"), .inapplicable("02-12 10:00", "funding.disbursed", "{}", "not-allowed"),
        .says("02-12 11:00", "funding.reviewed", WalkMatter.approved), .closes("02-13 10:00", "funding.disbursed"),
      ]),
    WalkMatter(
      "急件-inspection", "督查 preset: an urgent 巡查 that is no 批示 has the 5 工作日 of R36", rule: "inspection", category: "质量",
      grade: "急件",
      at: .胜阳港街道,
      [
        .says("02-06 09:00", "inspection.assigned"), .says("02-10 10:00", "inspection.reported"),
        .closes("02-11 10:00", "rectification.verified", WalkMatter.passed),
      ]),
    WalkMatter(
      "R39-rejected", "R39: a request that is rejected waits for no money", rule: "funding", at: .胜阳港街道,
      [
        .says("02-12 09:00", "funding.requested"), .closes("02-13 10:00", "funding.reviewed", WalkMatter.rejected),
      ]),
  ]
}
