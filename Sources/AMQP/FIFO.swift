// A queue in the plain sense: what arrived while something else was awaited.

/// First in, first out, constant time at both ends on average.
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
      // A queue that is never quite empty must not keep the room of all that has passed through it.
      storage.removeFirst(head)
      head = 0
    }
    return element
  }
}
