// How names are compared: spaces, full-width forms and the shape of the middle dot do not count.

extension String {
  /// The name without any white space, with ASCII letters, digits and marks for their full-width forms and one middle dot for its many
  /// shapes. Two names are the same where these are equal.
  var foldedName: String {
    var folded = UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0xFF01...0xFF5E: folded.append(Unicode.Scalar(UInt8(scalar.value - 0xFEE0)))
      // • ‧ ・ ･
      case 0x2022, 0x2027, 0x30FB, 0xFF65: folded.append("\u{B7}")
      // Zero width: no white space by Unicode, and as little to be seen.
      case 0x200B...0x200D, 0xFEFF: continue
      default: if !scalar.properties.isWhitespace { folded.append(scalar) }
      }
    }
    return String(folded)
  }

  /// Whether nothing of it is to be seen.
  var isBlank: Bool { foldedName.isEmpty }
}
