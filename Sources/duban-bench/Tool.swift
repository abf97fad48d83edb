// Programs that measure themselves and print the result: the floor and the peers.

import Foundation

/// A program with its environment.
struct Tool {
  private let executable: String
  private let environment: [String: String]

  init(_ executable: String, environment: [String: String]) {
    (self.executable, self.environment) = (executable, environment)
  }

  /// Runs the program to its end and returns its output.
  func run(_ arguments: [String]) throws -> String {
    let output = Pipe()
    let process = try start(arguments, output: output)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try Interruption.check()
    guard process.terminationStatus == 0 else {
      throw BenchFault("\(executable) \(arguments.joined(separator: " ")) exited with status \(process.terminationStatus)")
    }
    return text
  }

  /// Runs the program to its end and returns the rate in its output: `e2e N=100000 B=500 quorum: 2.551 s, 39200/s`.
  func rate(_ arguments: [String]) throws -> Double {
    let output = try run(arguments)
    guard let rate = output.firstMatch(of: /(\d+)\/s/).flatMap({ Double($0.1) }) else {
      throw BenchFault("\(executable) printed no rate: \(output)")
    }
    return rate
  }

  /// Starts the program. By default its output goes to standard error.
  func start(_ arguments: [String], output: Pipe? = nil) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = output ?? FileHandle.standardError
    try process.run()
    return process
  }
}
