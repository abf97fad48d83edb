// Builds the migrations into DubanStore, and so into every program: what migrates a database needs no files beside it.
//
// SwiftPM's own `.embedInCode` gives each file a name in the code and no list of them: a file that is not named would be left out.

import Foundation
import PackagePlugin

/// Writes the SQL files of a target as Swift. The target's folder `Migrations` is a link to `migrations`: SwiftPM looks for new files in the
/// folders of targets, and nowhere else.
@main
struct EmbedMigrations: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    let files = target.sourceFiles(withSuffix: ".sql").map(\.url).sorted { $0.path < $1.path }
    let script = context.package.directoryURL.appending(path: "Sources/EmbedMigrations/embed")
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedMigrations.swift")
    return [
      .buildCommand(
        displayName: "Embedding migrations", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, output.path] + files.map(\.path), inputFiles: [script] + files, outputFiles: [output])
    ]
  }
}
