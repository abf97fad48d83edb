// dubanctl queues and publish: the broker's side.

import AMQP
import ArgumentParser
import DubanBroker
import DubanReading
import FoundationEssentials

struct Queues: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Depth and consumers of each queue, and its dead letters.")

  @OptionGroup var connections: Connections
  @OptionGroup var output: Output

  func run() async throws {
    let broker = try await connections.broker()
    let views = try DubanTopology.intakeQueues.map { queue in
      let depth = try status(of: queue.name, on: broker)
      let dead = try status(of: queue.deadLetterQueue, on: broker)
      return QueueView(queue: queue.name, messages: depth.messages, consumers: depth.consumers, deadLetters: dead.messages)
    }
    try output.print(
      views,
      table: Table(
        heading: ["queue", "messages", "consumers", "dead letters"],
        rows: views.map { [$0.queue, "\($0.messages)", "\($0.consumers)", "\($0.deadLetters)"] }))
  }

  private func status(of queue: String, on broker: Connection) throws -> (messages: Int, consumers: Int) {
    do throws(AMQPError) {
      // A channel each: asking for a queue that is not there costs the channel.
      let channel = try broker.openChannel()
      let status = try channel.queueStatus(queue)
      channel.close()
      return (status.messages, status.consumers)
    } catch {
      guard error.replyCode == 404 else { throw error }
      throw ValidationError("queue \(queue) is not there yet; duband declares it when it starts")
    }
  }
}

struct Publish: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publishes the CloudEvents of a file to duban.intake, one a line, each confirmed by the broker.",
    discussion: """
      The routing key of each is its type after `duban.`. Its user-id is the AMQP user of the command: where the directory binds a source to \
      users, that user must be among them, or among the `operators`.
      """)

  @OptionGroup var connections: Connections
  @Argument(help: "A file with one JSON event a line; - for standard input.") var file: String
  @Option(help: "One routing key for all lines.") var routingKey: String?
  @Flag(help: "Send every line as it stands, JSON or not; needs --routing-key.") var raw = false

  func validate() throws {
    if raw && routingKey == nil {
      throw ValidationError("--raw needs --routing-key, because the type of a line may not be readable")
    }
  }

  func run() async throws {
    let text = file == "-" ? try readStandardInput() : try readFile(file)
    let lines = Self.lines(of: text)
    let keys = try lines.map { number, line in try key(of: line, at: number) }
    let broker = try await connections.broker()
    let properties = Properties(
      contentType: "application/cloudevents+json", deliveryMode: .persistent, userID: broker.host.user)
    let messages = zip(lines, keys).map { line, key in
      OutgoingMessage(
        exchange: DubanTopology.intakeExchange, routingKey: key, properties: properties, body: Array(line.text.utf8))
    }
    let publisher = try Publisher(connection: broker)
    var refused: [String] = []
    for start in stride(from: 0, to: messages.count, by: 1000) {
      let batch = Array(messages[start..<min(start + 1000, messages.count)])
      for (i, outcome) in try publisher.publish(batch: batch, timeout: .seconds(60)).enumerated() where outcome != .confirmed {
        refused.append("line \(lines[start + i].number) was not taken: \(why(outcome, key: batch[i].routingKey))")
      }
    }
    let taken = messages.count - refused.count
    guard refused.isEmpty else {
      throw ValidationError("\(taken) of \(messages.count.of("line")) were taken\n" + refused.joined(separator: "\n"))
    }
    print("published \(taken)")
  }

  private func why(_ outcome: Outcome, key: String) -> String {
    switch outcome {
    case .confirmed, .nacked: "the broker could not keep it; publish it again"
    case .returned(312, _):
      "no queue takes routing key \(key): "
        + (routingKey == nil ? "correct `type`; see dubanctl check" : "correct --routing-key")
    case .returned(let code, let text): "the broker returned it: \(code) \(text)"
    }
  }

  /// The lines that hold something, numbered as they stand, without their line ends. To Swift CR LF is one character and U+2028, which may
  /// stand in JSON's strings, a newline: hence by bytes.
  private static func lines(of text: String) -> [(number: Int, text: Substring)] {
    text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().map { i, line in
      (number: i + 1, text: Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
    }.filter { !$0.text.allSatisfy(\.isWhitespace) }
  }

  private func key(of line: Substring, at number: Int) throws -> String {
    if let routingKey { return routingKey }
    struct Typed: Decodable { var type: String }
    guard let typed = try? JSONDecoder().decode(Typed.self, from: Data(line.utf8)) else {
      throw ValidationError("line \(number) is not a JSON event with a type; nothing was published")
    }
    return typed.type.hasPrefix("duban.") ? String(typed.type.dropFirst("duban.".count)) : typed.type
  }

  private func readStandardInput() throws -> String {
    var lines: [String] = []
    while let line = readLine(strippingNewline: true) { lines.append(line) }
    return lines.joined(separator: "\n")
  }
}
