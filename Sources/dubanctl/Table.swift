// Tables for people: columns aligned on a terminal, where a Chinese character takes two cells.

/// Rows under a heading.
struct Table {
  var heading: [String]
  var rows: [[String]]
  /// Said instead of a table without rows.
  var empty = "none"

  var text: String {
    guard !rows.isEmpty else { return empty }
    let lines = [heading] + rows
    let widths = heading.indices.map { column in lines.map { $0[column].cells }.max() ?? 0 }
    return lines.map { line in
      let padded = zip(line, widths).map { text, width in text + String(repeating: " ", count: width - text.cells) }
      return padded.joined(separator: "  ").trimmedEnd
    }.joined(separator: "\n")
  }
}

extension String {
  /// Terminal cells: two for the wide characters of East Asia, one for others.
  var cells: Int {
    unicodeScalars.reduce(0) { width, scalar in
      switch scalar.value {
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        width + 2
      default: width + 1
      }
    }
  }

  fileprivate var trimmedEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
