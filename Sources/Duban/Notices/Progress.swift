// Whether that which a breach is about has been done since.

/// What has become of the duty that was not met in time.
public enum Progress: Hashable, Sendable {
  case open
  case done(Instant)
  /// The cycle ended otherwise.
  case ended(Instant)
  /// The cycle is over, and only the present one is at hand.
  case unknown

}

extension Matter {
  /// What has become of what a step demanded, by the cycle that the breach happened in.
  public func progress(of step: Step) -> Progress {
    guard let item = item(of: step.unit), let cycle = item.cycle, cycle.begunBy == step.begunBy else { return .unknown }
    if let at = cycle.doneAt(step.clock) { return .done(at) }
    guard let closedAt = item.closedAt else { return .open }
    return step.clock == .resolution && !item.isWithdrawn ? .done(closedAt) : .ended(closedAt)
  }
}

extension Directory {
  /// 应于…前首次响应，实际于…响应，逾期2小时20分钟: how an organ let a deadline pass, for a list of grounds.
  func chinese(_ lapse: Lapse, of kind: Kind, _ progress: Progress) -> String {
    let duty = lapse.step.clock.duty(of: kind)
    if lapse.isSupervising {
      let since =
        switch progress {
        case .open: "，承办单位至今未\(duty.verb)"
        case .done(let at): "，承办单位实际于\(at.chinese)\(duty.verb)"
        case .ended, .unknown: ""
        }
      return "应于\(lapse.dueAt.chineseEnd)前督促\(duty.verb)，未按期督促到位" + since
    }
    let since =
      switch progress {
      case .open: "至今未\(duty.verb)"
      case .done(let at): "实际于\(at.chinese)\(duty.verb)" + (at > lapse.dueAt ? "，逾期\((at - lapse.dueAt).chinese)" : "")
      case .ended(let at): "至\(at.chinese)终止办理时仍未\(duty.verb)"
      case .unknown: "至期未\(duty.verb)"
      }
    return "应于\(lapse.dueAt.chineseEnd)前\(duty.demand)，\(since)"
  }
}
