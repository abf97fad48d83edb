// Messages of the contract, for tests.

import Duban
import Foundation

/// Messages of the contract, as text.
public enum Sample {
  public static func event(
    _ type: String, id: String, source: String = "/hotline/12345", subject: String, time: String? = nil, data: String? = nil
  ) -> String {
    let data =
      data ?? #"{"region":{"district":"黄石港区","street":"胜阳港街道","community":"覆盆山小区"},"category":"雨污接驳","title":"雨水管未接入市政管网"}"#
    let time = time ?? Duban.Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)).rfc3339
    return
      #"{"specversion":"1.0","id":"\#(id)","source":"\#(source)","type":"duban.\#(type)","time":"\#(time)","subject":"\#(subject)","data":\#(data)}"#
  }

  public static func envelope(
    _ type: String, id: String, source: String = "/hotline/12345", subject: String, time: String? = nil, data: String? = nil
  ) throws -> Envelope {
    try Envelope(RawMessage(body: Array(event(type, id: id, source: source, subject: subject, time: time, data: data).utf8)))
  }
}
