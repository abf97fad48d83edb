// Tables for people: columns aligned on a terminal, where a Chinese character takes two cells, and cut to its width where they may be.

@preconcurrency import Glibc

/// Rows under a heading.
struct Table {
  var heading: [String]
  var rows: [[String]]
  /// Said instead of a table without rows.
  var empty = "none"
  /// The columns that give way where a line is longer than the terminal is wide.
  var mayBeCut: Set<Int> = []

  var text: String {
    guard !rows.isEmpty else { return empty }
    let lines = ([heading] + rows).map { $0.map(\.onOneLine) }
    let widths = Self.widths(of: lines)
    return lines.map { line in
      let padded = zip(line, widths).map { text, width in text + String(repeating: " ", count: width - text.cells) }
      return padded.joined(separator: Self.gap).trimmedEnd
    }.joined(separator: "\n")
  }

  /// With the longest cells of the columns that may be cut as short as a terminal of this many cells needs them, though never so short that
  /// nothing can be read; unchanged where standard output is no terminal (nil).
  func fitted(to width: Int?) -> Table {
    guard let width, !mayBeCut.isEmpty else { return self }
    let widths = Self.widths(of: [heading] + rows)
    let room = width - Self.gap.cells * (widths.count - 1)
    func total(_ most: Int) -> Int {
      widths.indices.reduce(0) { $0 + (mayBeCut.contains($1) ? min(widths[$1], most) : widths[$1]) }
    }
    guard total(.max) > room else { return self }
    let most = stride(from: widths.max() ?? 0, to: Self.least, by: -1).first { total($0) <= room } ?? Self.least
    func cut(_ line: [String]) -> [String] {
      line.enumerated().map { mayBeCut.contains($0) ? $1.cut(toCells: most) : $1 }
    }
    var table = self
    (table.heading, table.rows) = (cut(heading), rows.map(cut))
    return table
  }

  private static let gap = "  "
  /// Two Chinese characters and the sign that there is more.
  private static let least = 5

  private static func widths(of lines: [[String]]) -> [Int] {
    guard let heading = lines.first else { return [] }
    return heading.indices.map { column in lines.map { $0[column].cells }.max() ?? 0 }
  }
}

/// How wide the terminal is that standard output goes to, in cells; nil where it is none.
var terminalWidth: Int? {
  var size = winsize()
  return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
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

  /// Its beginning with … behind it, in as many cells at most; itself where it has no more.
  fileprivate func cut(toCells most: Int) -> String {
    guard cells > most else { return self }
    var (kept, width) = ("", 1)
    for character in self {
      width += String(character).cells
      if width > most { break }
      kept.append(character)
    }
    return kept + "…"
  }

  /// Without line breaks and what else would steer the terminal: such texts come from upstream as citizens wrote them.
  fileprivate var onOneLine: String {
    let isSteering = { (scalar: Unicode.Scalar) in
      [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }
    guard unicodeScalars.contains(where: isSteering) else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.map { isSteering($0) ? " " : $0 }))
  }

  fileprivate var trimmedEnd: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
