// The protocol of the chain as a model (Tests/Model/chain.pml), every one of its runs looked at by spin, which is not Duban's.

import Foundation
import TestServers
import Testing

@Suite("The model of the chain, by spin")
struct ModelTests {
  @Test(
    "every run writes each breach and message once, annuls only what did not happen, and tells what was committed and no more",
    arguments: [[], ["NO_UNIQUE_KEY"]])
  func holds(_ variant: [String]) throws {
    let verdict = try Verdict(variant)
    #expect(verdict.errors == 0 && !verdict.isTruncated && verdict.states > 10_000, "\(verdict.text)")
  }

  @Test("no daemon turns in a circle, so that what the model says of ends is all that there is to say")
  func ends() throws {
    let verdict = try Verdict([], compile: ["-DNP"], run: ["-l"])
    #expect(verdict.errors == 0 && !verdict.isTruncated, "\(verdict.text)")
  }

  @Test(
    "a protocol that lacks one of its parts is caught, by the assertion that the part is for",
    arguments: [
      (["NO_LOCK"], "answered"), (["NO_LOCK", "NO_UNIQUE_KEY"], "breaches[t]==1"), (["READ_BEFORE_LOCK"], "(breaches[2]==1)"),
      (["READ_BEFORE_LOCK", "NO_UNIQUE_KEY"], "breaches[0]==1"), (["ACK_BEFORE_COMMIT"], "answered"),
      (["PUBLISH_BEFORE_COMMIT"], "breaches[t]>0"), (["ID_AT_PUBLISHING"], "published[k]==id"),
      (["DELETE_BEFORE_CONFIRM"], "published[0]"), (["LOCK_OUTLIVES_DEATH"], "answered"),
    ])
  func broken(_ variant: [String], _ assertion: String) throws {
    let verdict = try Verdict(variant)
    let violated = verdict.text.split(separator: "\n").first { $0.contains("assertion violated") }
    #expect(verdict.errors == 1 && violated?.contains(assertion) == true, "\(verdict.text)")
  }
}

/// What spin found.
private struct Verdict {
  /// Spin's own report.
  let text: String

  /// Checks a variant of the model.
  ///
  /// - Throws: ``TestFault`` where spin or the C compiler does not work, or the check takes too long.
  init(_ variant: [String], compile: [String] = ["-DSAFETY"], run: [String] = []) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "duban-model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Model/chain.pml").standardized
    // Spin writes its checker, a C program, into the folder in which it is run.
    let script = """
      cd "$1"
      spin -a \(variant.map { "-D" + $0 }.joined(separator: " ")) "$2" >&2
      gcc -O2 \(compile.joined(separator: " ")) -o pan pan.c
      ./pan -m1000000 \(run.joined(separator: " "))
      """
    let result = try ChildProcess.run(
      "/bin/sh", ["-ec", script, "sh", folder.path(), model.path()], environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"],
      within: .seconds(240))
    text = result.output
    guard result.end == .exit(0), errors != nil else {
      throw TestFault(
        "the model's test needs Debian's spin and gcc (deploy/test installs them): \(result.errors.suffix(500))")
    }
  }

  /// How many rules were broken; spin stops at the first.
  var errors: Int? { text.firstMatch(of: /errors: (\d+)/).flatMap { Int($0.1) } }

  var states: Int { text.firstMatch(of: /(\d+) states, stored/).flatMap { Int($0.1) } ?? 0 }

  /// Whether it did not look at everything.
  var isTruncated: Bool { text.contains("max search depth too small") || text.contains("out of memory") }
}
