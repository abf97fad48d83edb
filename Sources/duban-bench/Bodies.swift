// The CloudEvents that the benchmark publishes. Like those of the floor, a new complaint has about 740 bytes.

import AMQP
import DubanBroker

/// An event under construction.
struct Body {
  /// The type without `duban.`, which is also the routing key.
  var type: String
  var id: String
  var source: String
  var subject: String
  /// RFC 3339.
  var time: String
  /// JSON.
  var data: String

  var message: OutgoingMessage {
    Self.message(
      routingKey: type,
      "{\"specversion\":\"1.0\",\"id\":\"\(id)\",\"source\":\"\(source)\",\"type\":\"duban.\(type)\",\"time\":\"\(time)\","
        + "\"subject\":\"\(subject)\",\"datacontenttype\":\"application/json\",\"data\":\(data)}")
  }

  static func message(routingKey: String, _ text: String) -> OutgoingMessage {
    OutgoingMessage(
      exchange: DubanTopology.intakeExchange, routingKey: routingKey,
      properties: Properties(contentType: "application/cloudevents+json", deliveryMode: .persistent), body: Array(text.utf8))
  }

  // MARK: - Data

  private static let region = #""region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"}"#

  static func complaint(_ number: Int) -> String {
    "{\(region),\"category\":\"雨污接驳\",\"grade\":\"普通\",\"title\":\"小区改造后雨水管未接入市政管网\","
      + "\"content\":\"三栋东侧雨水井施工完成后一直没有接入市政管网,下雨倒灌到一楼,已多次向施工单位反映没有处理,请尽快督促解决并答复,第\(number)号。\","
      + "\"reporter\":{\"name\":\"居民\",\"phone\":\"138****\(1000 + number % 9000)\"}}"
  }

  static func inspection(_ number: Int) -> String {
    "{\(region),\"category\":\"施工质量\",\"title\":\"老旧小区改造第\(number)次巡查:屋面防水、雨污分流、消防通道\",\"inspectors\":[\"甲\",\"乙\"]}"
  }

  static func problem(_ number: Int, due: String) -> String {
    "{\(region),\"category\":\"雨污接驳\",\"title\":\"覆盆山小区第\(number)处立管混接\",\"rectification\":\"限期整改\",\"way\":\"巡查检查\",\"due\":\"\(due)\"}"
  }

  static func funding(_ number: Int) -> String {
    "{\(region),\"title\":\"覆盆山小区改造进度款第\(number)笔\",\"amount\":\"480000.00\",\"currency\":\"CNY\"}"
  }

  static func reminder(_ number: Int, due: String) -> String {
    "{\(region),\"title\":\"报送老旧小区改造进展专报第\(number)期\",\"due\":\"\(due)\"}"
  }
}
