// A plain first-in, first-out queue, for events that arrive while a caller waits for another.

/// First in, first out; amortized constant time at both ends.
struct FIFO<Element> {
  private var storage: [Element?] = []
  private var head = 0

  var isEmpty: Bool { head == storage.count }

  mutating func append(_ element: Element) { storage.append(element) }

  mutating func popFirst() -> Element? {
    guard head < storage.count else { return nil }
    let element = storage[head].take()
    head += 1
    if head == storage.count {
      storage.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64, head * 2 >= storage.count {
      // Without this, a queue that never becomes empty would keep the memory of all elements that passed through it.
      storage.removeFirst(head)
      head = 0
    }
    return element
  }
}
