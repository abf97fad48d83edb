// dubanctl directory, through the real program.

import Duban
import Foundation
import Testing
import TestServers

@Suite("dubanctl directory")
struct DirectoryCommandTests {
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "duban-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  private static let renamed = TestStore.directory.replacing("花湖街道", with: "{ name: 花马湖街道, formerly: [花湖街道] }")

  @Test(
    "check names the line and what is near, diff says what would change, a dry run changes nothing, apply does, history keeps it")
  func changes() async throws {
    try await Surroundings.with { test in
      try withFile(TestStore.directory + "\npersons:\n  - { name: 张三, role: 网格员, street: 花胡街道 }\n") { (file: String) throws in
        for command in ["check", "diff", "apply"] {
          let bad = try test.dubanctl("directory", command, file)
          #expect(bad.end == .exit(64) && bad.output.isEmpty)
          #expect(
            bad.errors.contains(
              "\(file): line 11: persons[0].street: there is no street '花胡街道' in the directory; the nearest is 黄石港区花湖街道"),
            "\(bad.errors)")
        }
      }
      try withFile(Self.renamed.replacing("      - { uri: /portal/street, name: 街道平台 }", with: "")) { (file: String) throws in
        #expect(
          try test.dubanctl("directory", "check", file).output == "黄石市: 2 districts, 3 streets, 3 units, 3 sources, valid\n")
      }
      try withFile(Self.renamed) { (file: String) throws in
        let change = "renamed: 黄石港区花湖街道 → 黄石港区花马湖街道\n黄石港区花马湖街道: former names: – → 花湖街道\n"
        #expect(try test.dubanctl("directory", "diff", file).output == change)
        #expect(try test.dubanctl("directory", "apply", file, "--dry-run").output == change + "nothing was changed\n")
        #expect(try test.dubanctl("directory", "show", "花马湖街道").end == .exit(64))
        #expect(
          try test.dubanctl("directory", "apply", file).output
            == "黄石市: 2 districts, 3 streets, 3 units, 3 sources\ndirectory version 2 is in force, with 2 changes\n")
        #expect(try test.dubanctl("directory", "diff", file).output == "no difference to version 2\n")
        #expect(
          try test.dubanctl("directory", "apply", file).output.hasSuffix("directory version 2 is in force; nothing has changed\n")
        )
      }
      try withFile(TestStore.directory.replacing("[胜阳港街道, 花湖街道]", with: "[胜阳港街道, 花马湖街道]").replacing(", 燃气公司]", with: "]")) {
        (file: String) throws in
        #expect(try test.dubanctl("directory", "diff", file).output == "no difference to version 2\nnot in the file: 燃气公司\n")
      }
      #expect(try test.dubanctl("directory", "history", "2").output == Self.renamed + "\n")
      #expect(try test.dubanctl("directory", "history", "9").end == .exit(64))
      let history = try test.dubanctl("directory", "history").output
      #expect(history.contains("new city: 黄石市") && history.contains("renamed: 黄石港区花湖街道 → 黄石港区花马湖街道"), "\(history)")
    }
  }

  @Test("show is a tree, of all or of what is below one; export applies to the same; retire ends an organ with its successor")
  func shown() async throws {
    try await Surroundings.with { test in
      let file = """
        city: 黄石市
        districts:
          - name: 黄石港区
            code: "420202000000"
            government: 黄石港区人民政府
            streets:
              - { name: 胜阳港街道, code: "420202001000", aliases: [胜阳港], handling-office: 胜阳港街道办事处, communities: [磁湖社区] }
              - 花湖街道
          - { name: 下陆区, streets: [新下陆街道] }
        units: [供水公司, 供电公司, 燃气公司]
        persons: [{ name: 张三, role: 社区干部, street: 胜阳港街道, community: 磁湖社区 }]
        operators: [ops]
        sources: [{ uri: /hotline/12345, name: 12345, organs: [黄石市], grants: [{ acts: [responded], regions: [黄石港区] }] }]
        """
      try withFile(file) { (file: String) throws in #expect(try test.dubanctl("directory", "apply", file).end == .exit(0)) }
      let shown = try test.dubanctl("directory", "show").output
      #expect(
        shown == """
          黄石市
            黄石港区  420202000000; 黄石港区人民政府
              胜阳港街道  420202001000; 又名 胜阳港; 承办 胜阳港街道办事处; 社区干部张三 磁湖社区
                磁湖社区
              花湖街道
            下陆区
              新下陆街道

          units:
            供水公司
            供电公司
            燃气公司

          sources:
            /hotline/12345  12345  speaks for 黄石市; may say responded in 黄石港区
            /portal/street  街道平台  speaks for 黄石市, 黄石港区, 黄石港区胜阳港街道; may say every act; every act for /qr/mashang
            /qr/mashang  码上  receipts; speaks for 黄石市, 黄石港区, 黄石港区胜阳港街道; may say every act

          operators:
            ops

          """, "\(shown)")
      #expect(try test.dubanctl("directory", "show", "420202001").output.hasPrefix("胜阳港街道  420202001000;"))
      #expect(try test.dubanctl("directory", "show", "供水公司").output == "units:\n  供水公司\n")
      let missing = try test.dubanctl("directory", "show", "胜阳岗街道")
      #expect(missing.end == .exit(64) && missing.errors.contains("no organ or unit '胜阳岗街道'; the nearest is 黄石港区胜阳港街道"))
      #expect(try test.dubanctl("directory", "show", "--json").output.contains(#""handlingOffice" : "胜阳港街道办事处""#))

      try withFile(try test.dubanctl("directory", "export").output) { (exported: String) throws in
        #expect(try test.dubanctl("directory", "diff", exported).output == "no difference to version 2\n")
      }

      try await test.withProcess { _ in
        try test.publish([
          Sample.event("complaint.submitted", id: "A", subject: "A", data: #"{"region":{"district":"黄石港区","street":"花湖街道"}}"#)
        ])
        try test.store.until("(SELECT count(*) FROM item) = 1")
      }
      let alone = try test.dubanctl("directory", "retire", "花湖街道", "--because", "区划调整")
      #expect(
        alone.end == .exit(64) && alone.errors.contains("黄石港区花湖街道 has matters in work: name with --successor"), "\(alone.errors)")
      #expect(try test.dubanctl("directory", "retire", "花湖街道", "--successor", "胜阳港").end == .exit(64))
      let change = "retired: 黄石港区花湖街道, in 黄石港区胜阳港街道\n"
      let trial = try test.dubanctl(
        "directory", "retire", "花湖街道", "--successor", "胜阳港", "--because", "区划调整", "--dry-run")
      #expect(trial.output == change + "nothing was changed\n", "\(trial)")
      let retired = try test.dubanctl("directory", "retire", "花湖街道", "--successor", "胜阳港", "--because", "区划调整")
      #expect(
        retired.output == change + "directory version 3 is in force, with 1 change\nmatters that follow their organ or unit: 1\n")
      #expect(try test.dubanctl("items", "show", "A").output.contains("item.placed: 黄石港区胜阳港街道"))
      #expect(try test.dubanctl("items", "assign").output.isEmpty)
      #expect(try test.dubanctl("directory", "history").output.contains("区划调整"))
      try withFile(file) { (old: String) throws in
        let refused = try test.dubanctl("directory", "apply", old)
        #expect(
          refused.end == .exit(64) && refused.errors.contains("line 8: '花湖街道' is retired; remove it, or where it exists again"))
      }
      let end = try test.dubanctl("directory", "retire", "黄石港区", "--because", "区划调整", "--successor", "下陆区")
      #expect(end.end == .exit(64) && end.errors.contains("黄石港区 has streets of its own, such as 胜阳港街道"), "\(end.errors)")
    }
  }
}
