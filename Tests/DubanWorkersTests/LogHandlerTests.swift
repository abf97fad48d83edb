// The log: whatever a value holds, a record is one line that can be read back.

import Foundation
import Logging
import Testing

@testable import DubanSettings
@testable import DubanWorkers

@Suite struct LogHandlerTests {
  @Test("logfmt quotes what would end a value, and leaves the rest bare")
  func logfmt() {
    let line = LogLine(
      [
        ("plain", "办件"), ("empty", ""), ("space", "a b"), ("equals", "a=b"), ("quote", #"say "hi" \o/"#), ("lines", "a\nb\r\tc"),
        ("control", "\u{1B}[31m\u{7F}\u{85}\u{2028}"), ("key with=odd\n\"signs", "x"), ("", "x"),
        ("nested", ["b": "2", "a": .array(["1", .stringConvertible(2)])]),
      ], as: .logfmt)
    #expect(
      String(decoding: line.bytes, as: UTF8.self) == #"""
        plain=办件 empty="" space="a b" equals="a=b" quote="say \"hi\" \\o/" lines="a\nb\r\tc" \#
        control="\u001b[31m\u007f\u0085\u2028" key_with_odd__signs=x _=x nested="{\"a\":[\"1\",2],\"b\":\"2\"}"

        """#)
  }

  @Test("JSON holds strings, numbers and truth values, and any string comes back as it was")
  func json() throws {
    let odd = "a\"b\\c\n\r\t\u{0}\u{1B}\u{7F}\u{9F}\u{2029}办件🚨"
    let line = LogLine(
      [
        ("odd", .string(odd)), (odd, "key"), ("count", .stringConvertible(3)), ("share", .stringConvertible(0.5)),
        ("nan", .stringConvertible(Double.nan)), ("truth", .stringConvertible(true)), ("nested", ["list": ["a", "b"]]),
      ], as: .json)
    #expect(line.bytes.last == UInt8(ascii: "\n"))
    #expect(line.bytes.dropLast().allSatisfy { $0 >= 0x20 })
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.bytes)) as? [String: Any])
    #expect(object["odd"] as? String == odd)
    #expect(object[odd] as? String == "key")
    #expect(object["count"] as? Int == 3)
    #expect(object["share"] as? Double == 0.5)
    #expect(object["nan"] as? String == "nan")
    #expect(object["truth"] as? Bool == true)
    #expect((object["nested"] as? [String: [String]]) == ["list": ["a", "b"]])
  }

  @Test("a record is time, level, message, label, then metadata by name, the event's own before the logger's")
  func record() throws {
    let lines = try written(.logfmt) { logger in
      logger[metadataKey: "worker"] = "intake-1"
      logger[metadataKey: "batch"] = "old"
      logger.warning("slow batch", metadata: ["batch": "17", "level": "street"])
      logger.debug("not written")
      logger.info("again")
    }
    #expect(lines.count == 2)
    let pattern = /time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+08:00 (?<rest>.*)/
    let rest = try lines.map { try #require(try pattern.wholeMatch(in: $0)).output.rest }
    #expect(rest[0] == #"level=warning msg="slow batch" label=duban.test batch=17 level_=street worker=intake-1"#)
    #expect(rest[1] == #"level=info msg=again label=duban.test batch=old worker=intake-1"#)
  }

  @Test("an error given to the logger stands in the line")
  func error() throws {
    let lines = try written(.json) { $0.error("failed", error: SettingsFault("x", "is wrong", remedy: "mend it")) }
    #expect(lines.first?.hasSuffix(#""label":"duban.test","error":"x: is wrong; mend it"}"#) == true)
  }

  @Test("under systemd a line begins with its priority")
  func priority() throws {
    let lines = try written(.json, isJournal: true) {
      $0.critical("a")
      $0.error("b")
      $0.warning("c")
      $0.notice("d")
      $0.info("e")
    }
    #expect(lines.map { $0.prefix(4) } == ["<2>{", "<3>{", "<4>{", "<5>{", "<6>{"])
  }

  @Test("the journal is only the very file that JOURNAL_STREAM names")
  func journal() throws {
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    var status = stat()
    #expect(fstat(descriptor, &status) == 0)
    #expect(LineLogHandler.isJournal(descriptor, "\(status.st_dev):\(status.st_ino)"))
    #expect(!LineLogHandler.isJournal(descriptor, "\(status.st_dev):\(status.st_ino + 1)"))
    #expect(!LineLogHandler.isJournal(descriptor, nil))
  }

  /// The lines that a logger of level info writes.
  private func written(_ format: LogFormat, isJournal: Bool = false, _ body: (inout Logger) -> Void) throws -> [String] {
    let pipe = Pipe()
    var logger = Logger(label: "duban.test") {
      LineLogHandler(
        label: $0, level: .info, format: format, descriptor: pipe.fileHandleForWriting.fileDescriptor, isJournal: isJournal)
    }
    body(&logger)
    try pipe.fileHandleForWriting.close()
    let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
  }
}
