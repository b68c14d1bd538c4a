// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "MyTool",
    platforms: [.macOS(.v14)],
    dependencies: [
        .package(url: "https://github.com/OWNER/ct-denoise", branch: "main")
    ],
    targets: [
        .executableTarget(
            name: "MyTool",
            dependencies: [.product(name: "CTDenoise", package: "ct-denoise")])
    ]
)
