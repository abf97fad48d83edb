// The permissions that deploy/broker and deploy/database give: each user and role can do its work with them, and nothing else.

import AMQP
import Duban
import DubanBroker
import Foundation
import PostgreSQL
import Testing
import TestServers

@Suite("Least permissions", .serialized)
struct LeastPermissionsTests {
  /// A city with its shipped users, roles and directory, on a fresh vhost and a fresh database of private servers.
  private struct City: Sendable {
    let servers: PrivateServers
    /// As the tables' owner.
    let store: TestStore

    static func with(_ body: @Sendable @escaping (City) async throws -> Void) async throws {
      try await PrivateServers.with { servers in try await body(City(servers)) }
    }

    private init(_ servers: PrivateServers) throws {
      self.servers = servers
      let administrator = try servers.surroundings.store.database.connect()
      try administrator.runScript("CREATE DATABASE duban")
      administrator.close()
      let users = deployedPath("broker.d/users")
      let names = try deployed("broker.d/users").split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
        $0.split(separator: " ").first.map(String.init)
      }
      try Self.withPasswords(names) { file in
        try Self.run("broker", [users, file, "duban"], ["RABBITMQCTL": servers.rabbitmqctl])
      }
      try Self.makeRoles(servers)
      store = try Self.migrated(servers)
      try Self.makeRoles(servers)
      for (command, file) in [
        (["directory", "apply"], "directory/huangshi.yaml"), (["policy", "apply"], "policies/default.yaml"),
        (["schedules", "apply"], "schedules/default.yaml"), (["calendar", "import"], "calendars/cn-workdays.csv"),
        (["checklists", "apply"], "checklists/three-checks.yaml"),
      ] {
        _ = try dubanctl(command + [deployedPath(file)], as: "duban_owner")
      }
    }

    private static func migrated(_ servers: PrivateServers) throws -> TestStore {
      let dsn = dsn(servers, "duban_owner")
      let result = try Program.dubanctl.run(["migrate"], ["DUBAN_POSTGRES_DSN": dsn])
      guard result.end == .exit(0) else { throw TestFault("migrate: \(result.errors)") }
      return try TestStore(watching: TestDatabase(name: "duban", dsn: dsn))
    }

    private static func makeRoles(_ servers: PrivateServers) throws {
      try withPasswords(["duban_owner", "duban", "duban_operator"]) { file in
        try run("database", [dsn(servers, "postgres"), file], [:])
      }
    }

    /// A password for each, with what JSON and SQL quote.
    private static func withPasswords(_ names: [String], _ body: (String) throws -> Void) throws {
      let file = try TemporaryFile(names.map { "\($0) pw-\($0)'\"\\" }.joined(separator: "\n") + "\n", "passwords")
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
      try body(file.path)
    }

    private static func run(_ script: String, _ arguments: [String], _ environment: [String: String]) throws {
      let result = try ChildProcess.run(deployedPath(script), arguments, environment: Program.environment(environment))
      guard result.end == .exit(0) else { throw TestFault("deploy/\(script): \(result.end): \(result.output)\(result.errors)") }
    }

    // MARK: - The servers as a user

    private static func dsn(_ servers: PrivateServers, _ role: String) -> String {
      servers.surroundings.store.database.dsn + " dbname=duban user=\(role)"
    }

    func dsn(_ role: String) -> String { Self.dsn(servers, role) }

    func url(_ user: String) -> String {
      let address = servers.surroundings.broker.url.split(separator: "@")[1].split(separator: "/")[0]
      return "amqp://\(user):pw-\(user)%27%22%5C@\(address)/duban"
    }

    func broker(_ user: String) throws -> AMQP.Connection { try AMQP.Connection(ConnectionConfiguration(url(user))) }

    func withDaemon(_ body: (inout DaemonProcess) async throws -> Void) async throws {
      try await servers.surroundings.withProcess(["DUBAN_AMQP_URL": url("duban"), "DUBAN_POSTGRES_DSN": dsn("duban")], body)
    }

    /// What dubanctl says to an operator, or to another role.
    func dubanctl(_ arguments: [String], as role: String = "duban_operator") throws -> String {
      let result = try Program.dubanctl.run(
        arguments, ["DUBAN_AMQP_URL": url("duban-operator"), "DUBAN_POSTGRES_DSN": dsn(role), "USER": "wang"])
      guard result.end == .exit(0) else { throw TestFault("dubanctl \(arguments): \(result.output)\(result.errors)") }
      return result.output
    }

    /// Sends an event of a sort as a user; with another user-id than its own, or none, where that is said.
    func send(
      _ event: String, _ key: String, as user: String, userID: String?, to exchange: String = DubanTopology.intakeExchange
    )
      throws
    {
      let connection = try broker(user)
      defer { connection.close() }
      let message = OutgoingMessage(
        exchange: exchange, routingKey: key,
        properties: Properties(contentType: "application/cloudevents+json", deliveryMode: .persistent, userID: userID),
        body: Array(event.utf8))
      guard try Publisher(connection: connection).publish(batch: [message], timeout: .seconds(30)) == [.confirmed] else {
        throw TestFault("not confirmed: \(event)")
      }
    }

    /// The reply code with which the broker refuses what `body` does; nil where it does not.
    func refusal(_ body: () throws -> Void) throws -> UInt16? {
      do {
        try body()
        return nil
      } catch let error as AMQPError {
        return error.replyCode
      }
    }

    /// Whether a consumer may bind its queue by a key.
    func refusal(of key: String, to user: String) throws -> UInt16? {
      let connection = try broker(user)
      defer { connection.close() }
      return try refusal {
        try Topology(
          queues: [.init(user + ".events")],
          bindings: [.init(queue: user + ".events", exchange: DubanTopology.eventsExchange, routingKey: key)]
        ).declare(on: connection)
      }
    }

    func heard(by user: String) throws -> Delivery? {
      let connection = try broker(user)
      defer { connection.close() }
      let channel = try connection.openChannel()
      try channel.consume(queue: user + ".events")
      guard case .delivery(let delivery)? = try channel.next(timeout: .seconds(30)) else { return nil }
      return delivery
    }
  }

  private struct Letter: Decodable { var letter, reason: String }

  private static func place(_ street: String) -> String {
    #"{"region":{"district":"黄石港区","street":"\#(street)"},"category":"雨污接驳","title":"雨水管未接入市政管网","reporter":{"name":"张三"}}"#
  }

  @Test("a daemon starts on a fresh vhost and database, takes what a source's user sends, and operators do their casework")
  func work() async throws {
    try await City.with { city in
      try await city.withDaemon { daemon in
        try daemon.untilLog(contains: "intake")
        try daemon.until("the queues are there") { (try? city.dubanctl(["queues"])) != nil }
        #expect(try city.refusal(of: "*.*.420202.420202007", to: "street-shengyanggang") == nil)
        #expect(try city.refusal(of: "confidential.#", to: "discipline") == nil)
        #expect(try city.refusal(of: "*.*.*.*", to: "city-bureau") == nil)
        #expect(try city.refusal(of: "receipt.#", to: "mashang-receipts") == nil)
        func complaint(_ id: String, _ source: String = "/hotline/12345", at street: String = "胜阳港街道") -> String {
          Sample.event("complaint.submitted", id: id, source: source, subject: id, data: Self.place(street))
        }
        try city.send(complaint("A"), "complaint.submitted", as: "hotline-12345", userID: "hotline-12345")
        try city.send(complaint("U", at: "无名街道"), "complaint.submitted", as: "hotline-12345", userID: "hotline-12345")
        try city.send(complaint("C", "/platform/12388"), "complaint.submitted", as: "platform-12388", userID: "platform-12388")
        try city.store.until("(SELECT count(*) FROM item) = 3")
        let own = try #require(try city.heard(by: "street-shengyanggang"))
        #expect(own.routingKey.hasSuffix(".420202.420202007"), "\(own.routingKey)")
        let secret = try #require(try city.heard(by: "discipline"))
        #expect(secret.routingKey.hasPrefix("confidential."), "\(secret.routingKey)")
        #expect(try city.heard(by: "city-bureau")?.routingKey.hasPrefix("confidential.") == false)

        // A message without user-id becomes a dead letter, and the operator's user may replay it.
        try city.send(complaint("D"), "complaint.submitted", as: "hotline-12345", userID: nil)
        try city.send(complaint("E", "/qr/mashang"), "complaint.submitted", as: "hotline-12345", userID: "hotline-12345")
        var letters: [Letter] = []
        try daemon.until("two letters are there") {
          letters = try JSONDecoder().decode([Letter].self, from: Data(city.dubanctl(["dead", "list", "--json"]).utf8))
          return letters.count == 2
        }
        // Two workers may have refused them in either order.
        if try !city.dubanctl(["dead", "show", letters[0].letter, "--confidential"]).contains(#""subject":"D""#) {
          letters.reverse()
        }
        #expect(letters.map(\.reason) == ["source-not-allowed", "source-not-allowed"])
        #expect(try city.dubanctl(["dead", "show", letters[0].letter, "--confidential"]).contains(#""subject":"D""#))
        #expect(try city.dubanctl(["dead", "replay", letters[0].letter]).hasPrefix("replayed"))
        let shown = try city.dubanctl(["dead", "show", letters[1].letter, "--confidential"])
        let mended = try TemporaryFile(shown.replacing("/qr/mashang", with: "/hotline/12345"), "json")
        #expect(
          try city.dubanctl(["dead", "replay", letters[1].letter, "--body", mended.path, "--because", "来源写错"])
            .hasPrefix("replayed"))
        try city.send(complaint("G", "/qr/mashang"), "complaint.submitted", as: "hotline-12345", userID: "hotline-12345")
        try daemon.until("the third letter is there") {
          letters = try JSONDecoder().decode(
            [Letter].self, from: Data(city.dubanctl(["dead", "list", "--reason", "source-not-allowed", "--json"]).utf8))
          return letters.count == 1
        }
        #expect(try city.dubanctl(["dead", "discard", letters[0].letter, "--because", "冒名"]).hasPrefix("discarded"))
        #expect(try city.dubanctl(["dead", "history"]).contains("wang"))
        let file = try TemporaryFile(complaint("F", "/qr/mashang") + "\n", "ndjson")
        #expect(try city.dubanctl(["check", file.path]).contains("1"))
        #expect(try city.dubanctl(["publish", file.path]) == "published 1\n")
        #expect(try city.heard(by: "mashang-receipts")?.routingKey.hasPrefix("receipt.") == true)
        try city.store.until("(SELECT count(*) FROM item WHERE subject IN ('D', 'E', 'F')) = 3")
        let answered: Duban.Instant = try city.store.ask("SELECT duban_now()")

        _ = try city.dubanctl(["items", "assign", "U", "--to", "胜阳港街道", "--because", "属地"])
        try city.store.setClock(ahead: "10 days")
        try city.store.until(
          "(SELECT count(DISTINCT item_id) FROM breach JOIN item ON item.id = item_id WHERE subject IN ('A', 'F', 'U')) = 3")
        _ = try city.dubanctl(["breaches", "excuse", "F", "1", "--because", "暴雨红色预警"])
        // Given in time and heard ten days later: a person decides.
        try city.send(
          Sample.event("complaint.responded", id: "A2", subject: "A", time: answered.rfc3339), "complaint.responded",
          as: "hotline-12345", userID: "hotline-12345")
        try city.store.until("EXISTS (SELECT FROM breach WHERE status = 'contested')")
        _ = try city.dubanctl(["breaches", "uphold", "A", "1", "--because", "无佐证"])
        _ = try city.dubanctl(["breaches", "lift", "U", "1", "--because", "有佐证"])
        try city.send(
          Sample.event("complaint.responded", id: "W1", subject: "W", data: "{}"), "complaint.responded", as: "hotline-12345",
          userID: "hotline-12345")
        try city.store.until("(SELECT count(*) FROM verdict WHERE verdict = 'waits') = 1")
        #expect(try city.dubanctl(["waiting", "show", "W/1"]).contains("it waits"))
        #expect(try city.dubanctl(["waiting", "discard", "W/1", "--because", "误发"]).hasPrefix("set aside"))
        #expect(
          try city.dubanctl(["privacy", "erase", "--item", "D", "--because", "到期", "--dry-run"]).hasPrefix("would erase 1 "))
        #expect(
          try city.dubanctl(["privacy", "erase", "--item", "D", "--because", "到期"])
            == "erased 1 message as sent and 1 contact of 1 item\n")
        _ = try city.dubanctl(["policy", "apply", deployedPath("policies/huangshi.yaml")], as: "duban_owner")
        let huangshi = deployedPath("directory/huangshi.yaml")
        for arguments in [
          ["today"], ["items", "list"], ["items", "list", "--overdue"], ["items", "list", "--unassigned"],
          ["items", "list", "--due-within", "48h", "--district", "黄石港区"], ["items", "assign"], ["items", "show", "U"],
          ["items", "explain", "A"], ["items", "due"], ["breaches", "list"], ["breaches", "list", "--contested"],
          ["breaches", "show", "A", "1"], ["waiting"], ["waiting", "--overdue"], ["waiting", "--inapplicable"],
          ["waiting", "history"], ["notices", "--text"], ["queues"],
          ["directory", "show", "胜阳港街道"], ["directory", "check", huangshi], ["directory", "diff", huangshi],
          ["directory", "export"], ["directory", "history"], ["policy", "show"],
          ["policy", "check", deployedPath("policies/default.yaml")], ["policy", "diff", deployedPath("policies/default.yaml")],
          ["policy", "simulate", deployedPath("policies/default.yaml"), "--from", "2026-01-01T00:00:00+08:00"],
          ["policy", "move", "A", "--to", "2", "--because", "专项整治"],
          ["calendar", "check", deployedPath("calendars/cn-workdays.csv")],
          ["calendar", "due", "2026-02-13T09:00:00+08:00", "13", "workdays", "--from-next-day", "--close-of-business"],
          ["privacy", "erase", "--closed-before", "2025-01-01T00:00:00+08:00", "--because", "到期"],
        ] {
          _ = try city.dubanctl(arguments)
        }
      }
    }
  }

  @Test("the broker refuses what is not a user's to send, to hear, or to say who it is")
  func broker() async throws {
    try await City.with { city in
      try await city.withDaemon { daemon in
        try daemon.until("the queues are there") { (try? city.dubanctl(["queues"])) != nil }
      }
      let event = Sample.event("complaint.submitted", id: "1", subject: "S")
      let street = "street-shengyanggang"
      for (key, user, userID, exchange, code) in [
        ("funding.requested", "hotline-12345", "hotline-12345", DubanTopology.intakeExchange, 403),
        ("complaint.submitted", "finance-bureau", "finance-bureau", DubanTopology.intakeExchange, 403),
        ("item.opened.-.-", "hotline-12345", "hotline-12345", DubanTopology.eventsExchange, 403),
        ("complaints", "hotline-12345", "hotline-12345", DubanTopology.deadExchange, 403),
        ("duban.complaints", "hotline-12345", "hotline-12345", "", 403),
        ("complaint.submitted", "hotline-12345", "duban-operator", DubanTopology.intakeExchange, 406),
        ("complaint.submitted", street, street, DubanTopology.intakeExchange, 403),
        ("item.opened.-.-", "duban-operator", "duban-operator", DubanTopology.eventsExchange, 403),
        ("complaint.submitted", "duban", "duban", DubanTopology.intakeExchange, 403),
      ] as [(String, String, String, String, UInt16)] {
        let refusal = try city.refusal { try city.send(event, key, as: user, userID: userID, to: exchange) }
        #expect(refusal == code, "\(user) to \(exchange) by \(key)")
      }
      for key in [
        "#", "confidential.#", "*.*.*.*", "*.*.420202.*", "#.420202.420202007", "#.#.420202.420202007", "item.#",
        "*.*.420203.420203001",
      ] {
        #expect(try city.refusal(of: key, to: street) == 403, "\(key)")
      }
      for key in ["*.*.420202.420202007", "item.escalated.420202.420202007"] {
        #expect(try city.refusal(of: key, to: street) == nil, "\(key)")
      }
      #expect(try city.refusal(of: "#", to: "discipline") == 403)
      for key in ["#", "confidential.#", "item.#", "*.*.*.#", "*.#", "confidential.*.*.*.*", "*.*.*.*.*"] {
        #expect(try city.refusal(of: key, to: "city-bureau") == 403, "\(key)")
      }
      for key in ["#", "confidential.receipt.#", "*.*.*.*", "*.accepted.#"] {
        #expect(try city.refusal(of: key, to: "mashang-receipts") == 403, "\(key)")
      }
      let connection = try city.broker(street)
      defer { connection.close() }
      for queue in ["duban.complaints", "duban.complaints.dead", "discipline.events"] {
        #expect(try city.refusal { try connection.openChannel().consume(queue: queue) } == 403, "\(queue)")
        #expect(try city.refusal { try Topology(queues: [.init(queue)]).declare(on: connection) } != nil, "\(queue)")
      }
    }
  }

  @Test("the database refuses what is not a role's to see or to change")
  func database() async throws {
    try await City.with { city in
      try await city.withDaemon { daemon in
        try daemon.until("the queues are there") { (try? city.dubanctl(["queues"])) != nil }
        for (id, source, user) in [("A", "/hotline/12345", "hotline-12345"), ("C", "/platform/12388", "platform-12388")] {
          try city.send(
            Sample.event("complaint.submitted", id: id, source: source, subject: id, data: Self.place("胜阳港街道")),
            "complaint.submitted", as: user, userID: user)
        }
        try city.store.until("(SELECT count(*) FROM contact) = 2")
      }
      let administrator = try PostgreSQL.Connection(city.dsn("postgres"))
      try administrator.runScript(
        """
        CREATE ROLE looks LOGIN IN ROLE duban_reader;
        CREATE ROLE looks_at_secrets LOGIN IN ROLE duban_reader, duban_confidential;
        CREATE ROLE calls_back LOGIN IN ROLE duban_reader, duban_contact;
        """)
      administrator.close()
      func answer(_ sql: String, as role: String) throws -> String {
        let connection = try PostgreSQL.Connection(city.dsn(role))
        defer { connection.close() }
        do {
          guard let row = try connection.execute(sql).first else { return "nothing" }
          return try row.decode(0)
        } catch let error as PostgresError {
          return error.sqlState == .insufficientPrivilege ? "refused" : "\(error)"
        }
      }
      let items = "SELECT string_agg(subject, ' ' ORDER BY subject) FROM item"
      let contacts = "SELECT count(*)::text FROM contact"
      for (role, seen, people) in [
        ("duban", "A C", "refused"), ("duban_operator", "A C", "2"), ("looks", "A", "refused"),
        ("looks_at_secrets", "A C", "refused"), ("calls_back", "A", "1"), ("duban_owner", "A C", "2"),
      ] {
        #expect(try answer(items, as: role) == seen, "\(role)")
        #expect(try answer(contacts, as: role) == people, "\(role)")
      }
      for (role, sql) in [
        ("duban", "CREATE TABLE more (id integer)"), ("duban", "DELETE FROM item_event"),
        ("duban", "UPDATE policy SET name = 'x'"),
        ("duban", "DELETE FROM contact"), ("duban", "UPDATE upstream_source SET confidential = false"),
        ("duban_operator", "DELETE FROM item_event"), ("duban_operator", "DELETE FROM outbox"),
        ("duban_operator", "SELECT body::text FROM original"),
        ("duban_operator", "SELECT row_to_json(contact)::text FROM contact"),
        ("duban_operator", "DELETE FROM dead_letter_action"), ("duban_operator", "DELETE FROM erasure"),
        ("duban_operator", "SELECT ensure_partitions(now(), 2)::text"),
        ("looks", "DELETE FROM item"), ("looks", "UPDATE item SET title = 'x'"),
        ("looks", "SELECT ensure_partitions(now(), 2)::text"),
      ] {
        #expect(try answer(sql, as: role) == "refused", "\(role): \(sql)")
      }
      #expect(try answer("SELECT ensure_partitions(duban_now(), 3)::text", as: "duban") == "2")
      #expect(try city.dubanctl(["items", "list"], as: "looks").contains("A"))
      #expect(try city.dubanctl(["items", "show", "A"], as: "looks").contains("胜阳港街道"))
    }
  }
}
