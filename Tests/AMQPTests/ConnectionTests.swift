// Opening connections, rejected logins, and heartbeats.
import Foundation
import Testing
import TestServers

@testable import AMQP

@Suite("Connection") struct ConnectionTests {
  @Test("a plain connection opens, carries channels, and closes")
  func plain() async throws {
    try await withTestBroker { broker in
      var configuration = broker.configuration
      configuration.connectionName = "a test"
      let connection = try Connection(configuration)
      let channels = try [connection.openChannel(), connection.openChannel()]
      #expect(channels[0].generation != channels[1].generation)
      connection.close()
      #expect(!connection.isOpen)
      #expect(throws: AMQPError.self) { try connection.openChannel() }
    }
  }

  @Test("a TLS connection opens if we trust the authority")
  func secure() async throws {
    try await withTestBroker { broker in
      let url = try #require(broker.secureURL()).replacing("127.0.0.1", with: "localhost")
      let connection = try Connection(ConnectionConfiguration("\(url)?cacertfile=\(#require(broker.authorities))"))
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q")
      try channel.put("over TLS", in: queue)
      #expect(try channel.get(queue: queue)?.text == "over TLS")
    }
  }

  @Test("a broker with a certificate of another authority is rejected, unless verification is off")
  func strangeAuthority() async throws {
    try await withTestBroker { broker in
      let file = FileManager.default.temporaryDirectory.appending(path: "strange-\(UUID()).pem")
      try Data(Self.strangeAuthority.utf8).write(to: file)
      defer { try? FileManager.default.removeItem(at: file) }
      let url = try #require(broker.secureURL()).replacing("127.0.0.1", with: "localhost")
      let error = #expect(throws: AMQPError.self) {
        try Connection(ConnectionConfiguration("\(url)?cacertfile=\(file.path)"))
      }
      #expect(error?.kind == .connect)
      #expect(error?.message.contains("cert verification failed") == true)
      #expect(throws: Never.self) { try Connection(ConnectionConfiguration("\(url)?verify=none")).close() }
    }
  }

  @Test("a wrong password is refused with the broker's 403, and is not in the error")
  func wrongPassword() async throws {
    try await withTestBroker { broker in
      let url = broker.url.replacing("guest:guest", with: "guest:s3cret")
      let error = #expect(throws: AMQPError.self) { try Connection(ConnectionConfiguration(url)) }
      #expect(error?.replyCode == 403)
      guard case .refused(_, let text) = error?.kind else { throw NothingCame(description: "\(String(describing: error))") }
      #expect(text.contains("ACCESS_REFUSED"))
      #expect(error?.message.contains("s3cret") == false)
    }
  }

  @Test("an unknown virtual host is refused, and the error names it")
  func unknownVirtualHost() async throws {
    try await withTestBroker { broker in
      let error = #expect(throws: AMQPError.self) { try Connection(ConnectionConfiguration(broker.url + "-nowhere")) }
      #expect(error?.replyCode == 530)
      #expect(error?.message.contains("nowhere") == true)
    }
  }

  @Test("a dead host among several is skipped, wherever the search begins")
  func deadHost() async throws {
    try await withTestBroker { broker in
      let configuration = try ConnectionConfiguration("amqp://127.0.0.1:1,\(broker.url)")
      for _ in 0..<8 {
        let connection = try Connection(configuration)
        #expect(connection.host.port != 1)
        connection.close()
      }
    }
  }

  @Test("if no host answers, the error has the reason for each")
  func allDead() throws {
    let error = #expect(throws: AMQPError.self) {
      try Connection(ConnectionConfiguration("amqp://127.0.0.1:1,amqp://no-such-host.invalid"))
    }
    #expect(error?.kind == .connect)
    #expect(error?.message.contains("127.0.0.1:1") == true)
    #expect(error?.message.contains("hostname lookup failed") == true)
  }

  @Test("a connection that waits for several heartbeats stays alive")
  func heartbeatsWhileWaiting() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration("heartbeat=1"))
      let channel = try connection.openChannel()
      #expect(try channel.next(timeout: .seconds(5)) == nil)
      #expect(throws: Never.self) { try channel.declareQueue("still here") }
    }
  }

  @Test("service() alone keeps a connection alive, and keeps arriving events for their channel")
  func heartbeatsByService() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration("heartbeat=1"))
      let channel = try connection.openChannel()
      let queue = try channel.declareQueue("q")
      try channel.consume(queue: queue)
      try channel.put("kept", in: queue)
      let end = ContinuousClock.now + .seconds(4)
      while ContinuousClock.now < end {
        _ = poll(socket: connection.socket, for: POLLIN, timeout: .milliseconds(400))
        try connection.service()
      }
      #expect(try channel.delivery().text == "kept")
    }
  }

  @Test("a broker closes the connection of a client that sends no heartbeats, and the client gets an error")
  func silentClient() async throws {
    try await withTestBroker { broker in
      let connection = try Connection(broker.configuration("heartbeat=1"))
      let channel = try connection.openChannel()
      // The peer's hang-up (POLLRDHUP, which Glibc does not expose to Swift). It is observed without the library, because no
      // code of ours may run meanwhile.
      #expect(poll(socket: connection.socket, for: 0x2000, timeout: patience) == .socket)
      let error = #expect(throws: AMQPError.self) { try channel.next(timeout: patience) }
      #expect(error?.kind == .lost)
      #expect(!connection.isOpen)
    }
  }

  @Test("a silent peer is detected after two heartbeats")
  func silentBroker() async throws {
    try await withTestBroker { broker in
      let proxy = try StallingProxy(to: broker.configuration.hosts[0])
      defer { proxy.end() }
      let connection = try Connection(ConnectionConfiguration("\(proxy.url(broker.virtualHost))?heartbeat=1"))
      let channel = try connection.openChannel()
      proxy.stall(.both)
      let error = #expect(throws: AMQPError.self) { try channel.next(timeout: patience) }
      #expect(error?.kind == .lost)
    }
  }

  @Test("a wait ends when a wake descriptor becomes readable, and the channel stays open")
  func wake() async throws {
    try await withTestBroker { broker in
      let channel = try Connection(broker.configuration).openChannel()
      let wake = Wake()
      let thread = Thread { wake.signal() }
      thread.start()
      let start = ContinuousClock.now
      #expect(try channel.next(timeout: patience, orReadable: [wake.descriptor]) == nil)
      #expect(ContinuousClock.now - start < patience)
      #expect(channel.isOpen)
    }
  }

  private static let strangeAuthority = """
    -----BEGIN CERTIFICATE-----
    MIIBlDCCATugAwIBAgIUOhqBj5Ym386dBOyC8OcAHoqFzckwCgYIKoZIzj0EAwIw
    IDEeMBwGA1UEAwwVTm9ib2R5IHRydXN0cyB0aGlzIENBMB4XDTI2MTEyMTAxMDgy
    OVoXDTM2MTExODAxMDgyOVowIDEeMBwGA1UEAwwVTm9ib2R5IHRydXN0cyB0aGlz
    IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUKNhOeDWV99XDvY1Ly9WBdJi
    a96rR0l4r3PxmClX2qGZxa+d+w81aagvWejRWpaup63Fb8kUPXZDo4uQWZxmWqNT
    MFEwHQYDVR0OBBYEFOrKJ67ZlXAjBRJrVAzqZHOqMHtZMB8GA1UdIwQYMBaAFOrK
    J67ZlXAjBRJrVAzqZHOqMHtZMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
    RwAwRAIgf7lIgihfEXtV3nl1l4GaYfkQ4WCu2b4HoreD//Cl+mkCIAtc813aG4He
    uQX2tCji5IfJb0pfRTjB7zRHauzlVtQW
    -----END CERTIFICATE-----
    """
}
