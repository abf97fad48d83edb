// A copy that is stopped in the middle of a COPY: PostgreSQL waits for it for ever, and others for what it holds.

import Foundation
import PostgreSQL
import Testing
import TestServers

@testable import DubanStore

@Suite("Sessions that stall")
struct StalledSessionsTests {
  @Test("a session of Duban that waits for the rest of a COPY is ended, and what it held is free; others are left alone")
  func ended() async throws {
    try await TestStore.with { test in
      let store = try test.connect()
      try take([complaint("submitted", "A")], store)
      let (stopped, stranger) = (try Copying(test, as: "duband intake"), try Copying(test, as: "psql"))
      defer { [stopped, stranger].forEach { $0.end() } }
      try test.untilWaiting(or: "\(Self.copying) = 2")
      #expect(try store.endStalledSessions(after: 60_000) == 0)
      #expect(try take([complaint("responded", "A")], store) == [.deferred])
      #expect(try store.endStalledSessions(after: 0) == 1)
      try test.untilWaiting(or: "\(Self.copying) = 1")
      stranger.end()
      #expect(try take([complaint("responded", "A")], store) == [.applied])
    }
  }

  /// How many sessions wait for the rest of a COPY.
  private static let copying = """
    (SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'ClientRead' AND state = 'active')
    """

  /// A client that holds every item and is in the middle of a COPY.
  private struct Copying {
    private let process = Process()
    private let input = Pipe()

    init(_ test: TestStore, as name: String) throws {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["psql", "-qX", "\(test.database.dsn) application_name='\(name)'"]
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      let lock = name == "psql" ? "" : "SELECT FROM item FOR UPDATE;"
      try input.fileHandleForWriting.write(contentsOf: Data("BEGIN; \(lock)\nCOPY suspect FROM STDIN;\n".utf8))
    }

    func end() { process.terminate() }
  }
}
