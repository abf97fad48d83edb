// dubanctl check: holds messages to the contract before they are sent.

import ArgumentParser
import Duban
import FoundationEssentials
import Glibc

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says of each event of a file, one a line, whether Duban could read it; needs no servers.",
    discussion: """
      Prints `ok`, or the reason, the JSON Pointer and the detail with which it would be refused; exit code 1 if any would be. \
      What only a running Duban knows is not looked at: sources, duplicates, and how items stand.
      """)

  @Argument(help: "A file with one JSON event a line; - for standard input.") var file: String

  func run() throws {
    // Bytes, because a line may be bad by not being text.
    guard let data = file == "-" ? Self.standardInput() : FileManager.default.contents(atPath: file) else {
      throw ValidationError("\(file): cannot be read")
    }
    var areGood = true
    for (i, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
      do throws(Refusal) {
        _ = try Envelope(RawMessage(body: Array(line)))
        print("line \(i + 1): ok")
      } catch {
        areGood = false
        print("line \(i + 1): \(error.reason.rawValue)\(error.pointer.isEmpty ? "" : " at \(error.pointer)"): \(error.detail)")
      }
    }
    if !areGood { throw ExitCode.failure }
  }

  private static func standardInput() -> Data {
    var input = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(STDIN_FILENO, &buffer, buffer.count), count > 0 { input.append(contentsOf: buffer[..<count]) }
    return input
  }
}
