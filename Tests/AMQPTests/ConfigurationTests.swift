// AMQP URL lists, and the errors for wrong ones.
import AMQP
import Testing

@Suite("Connection configuration") struct ConfigurationTests {
  @Test("a URL without port, user and path uses the protocol's defaults")
  func defaults() throws {
    let configuration = try ConnectionConfiguration("amqp://broker")
    let host = try #require(configuration.hosts.first)
    #expect(host.name == "broker")
    #expect(host.port == 5672)
    #expect(host.virtualHost == "/")
    #expect(host.user == "guest")
    #expect(host.tls == nil)
    #expect(configuration.heartbeat == .seconds(20))
    #expect(try ConnectionConfiguration("amqps://broker/").hosts[0].port == 5671)
  }

  @Test("hosts keep their order, and each has its own credentials, virtual host and TLS")
  func severalHosts() throws {
    let configuration = try ConnectionConfiguration(
      "amqp://u:p@h1:5673/one, amqps://v:q@[::1]:6000/two?heartbeat=7&cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem&verify=none"
    )
    #expect(configuration.hosts.map(\.name) == ["h1", "::1"])
    #expect(configuration.hosts.map(\.port) == [5673, 6000])
    #expect(configuration.hosts.map(\.virtualHost) == ["one", "two"])
    #expect(configuration.hosts.map(\.heartbeat) == [nil, 7])
    let tls = try #require(configuration.hosts[1].tls)
    #expect(tls.authorities == "/ca.pem")
    #expect(tls.certificate == "/c.pem")
    #expect(tls.key == "/k.pem")
    #expect(!tls.verifiesPeer)
    #expect(configuration.hosts[0].tls == nil)
  }

  @Test("user, password and virtual host are percent-decoded, including Chinese names")
  func percentDecoding() throws {
    let host = try ConnectionConfiguration("amqp://a%40b:%2C%3A%2F@h/%2F").hosts[0]
    #expect(host.user == "a@b")
    #expect(host.virtualHost == "/")
    #expect(try ConnectionConfiguration("amqp://h/%E7%9D%A3%E5%8A%9E").hosts[0].virtualHost == "督办")
  }

  @Test("a description never contains the password")
  func noPassword() throws {
    let configuration = try ConnectionConfiguration("amqp://u:s3cret@h1/v,amqps://u:s3cret@h2")
    #expect(!"\(configuration)".contains("s3cret"))
    #expect(!"\(configuration.hosts[0])".contains("s3cret"))
  }

  @Test(
    "an error names the wrong part without quoting a password",
    arguments: [
      ("", "scheme"), ("http://h", "scheme"), ("amqp://u:s3cret@", "host"), ("amqp://u:s3cret@h:0", "port"),
      ("amqp://u:s3cret@h:abc", "port"), ("amqp://u:s3cret%2@h", "password"), ("amqp://u:s3cret%00@h", "password"),
      ("amqp://u%FF:s3cret@h", "user"), ("amqp://u:s3cret@h/a/b", "virtual host"), ("amqp://u:s3cret@h?heartbeat=0", "heartbeat"),
      ("amqp://u:s3cret@h?color=red", "color"), ("amqp://u:s3cret@h?cacertfile=/x", "cacertfile"),
      ("amqps://u:s3cret@h?verify=maybe", "verify"), ("amqps://u:s3cret@h?certfile=/x", "certfile"),
      ("amqp://u:s3cret@h?auth_mechanism=external", "auth_mechanism"), ("amqp://u:s3c#ret@h", "fragment"),
      ("amqp://u:s3c/ret@h", "port"), ("amqp://u:s3c?ret@h", "port"),
      ("amqp://u:s3cret@[::1", "host"), ("amqp://h1,", "2: scheme"),
    ])
  func mistakes(url: String, part: String) {
    let error = #expect(throws: AMQPError.self) { try ConnectionConfiguration(url) }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains(part) == true)
    #expect(error?.message.contains("s3c") == false)
  }
}
