// swift-tools-version: 6.2
// Duban (督办): the daemon `duband`, the operator's tool `dubanctl`, and the modules they stand on, from the ground up.
import PackageDescription

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
  name: "duban",
  products: [
    .library(name: "AMQP", targets: ["AMQP"]),
    .library(name: "PostgreSQL", targets: ["PostgreSQL"]),
    .executable(name: "duband", targets: ["duband"]),
    .executable(name: "dubanctl", targets: ["dubanctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", .upToNextMinor(from: "0.10.0")),
  ],
  targets: [
    .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(name: "AMQP", dependencies: ["CRabbitMQ"]),
    .target(name: "PostgreSQL", dependencies: ["CPostgreSQL"]),
    .target(name: "Duban", dependencies: ["SwiftCSV", "Yams", crypto]),
    .plugin(name: "EmbedMigrations", capability: .buildTool(), path: "Sources/EmbedMigrations"),
    .target(name: "DubanStore", dependencies: ["Duban", "PostgreSQL", crypto], plugins: ["EmbedMigrations"]),
    // What operators and boards are shown: views to encode, sentences to read.
    .target(name: "DubanReading", dependencies: ["Duban", "DubanStore"]),
    // Dead letters are dealt with on record, and the record is the store's.
    .target(name: "DubanBroker", dependencies: ["AMQP", "Duban", "DubanStore"]),
    .target(name: "DubanSettings", dependencies: ["AMQP", "Duban", "Yams", configuration, logging]),
    .target(
      name: "DubanWorkers",
      dependencies: [
        "AMQP", "Duban", "DubanBroker", "DubanSettings", "DubanStore", "PostgreSQL", logging, metrics, lifecycle,
        .product(name: "Hummingbird", package: "hummingbird"),
      ]),
    .executableTarget(
      name: "duband",
      dependencies: ["Duban", "DubanSettings", "DubanStore", "DubanWorkers", arguments, lifecycle, logging, metrics]),
    // Without DubanWorkers: the tool needs no web server.
    .executableTarget(
      name: "dubanctl",
      dependencies: ["AMQP", "Duban", "DubanBroker", "DubanReading", "DubanSettings", "DubanStore", arguments]),
    .executableTarget(
      name: "duban-bench", dependencies: ["AMQP", "Duban", "DubanBroker", "DubanSettings", "DubanStore", "PostgreSQL", arguments]),
    .target(name: "TestSamples", dependencies: ["Duban"], path: "Tests/TestSamples"),
    .target(
      name: "TestServers", dependencies: ["AMQP", "Duban", "DubanStore", "PostgreSQL", "TestSamples"], path: "Tests/TestServers"),
    .testTarget(name: "AMQPTests", dependencies: ["AMQP", "TestServers"]),
    .testTarget(name: "PostgreSQLTests", dependencies: ["PostgreSQL", "TestServers"]),
    .testTarget(name: "DubanTests", dependencies: ["Duban", "TestSamples"], exclude: ["GoldenLogs"]),
    .testTarget(name: "DubanStoreTests", dependencies: ["DubanStore", "TestSamples", "TestServers"]),
    .testTarget(name: "DubanReadingTests", dependencies: ["DubanReading", "DubanStore"]),
    .testTarget(name: "DubanSettingsTests", dependencies: ["DubanSettings"]),
    .testTarget(
      name: "DubanWorkersTests", dependencies: ["DubanBroker", "DubanSettings", "DubanWorkers", "TestSamples", "TestServers"],
      exclude: ["Contract"]),
  ],
  swiftLanguageModes: [.v6]
)
