// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "MyTool",
    platforms: [.macOS(.v14)],
    dependencies: [
        .package(path: "../ct-denoise")
    ],
    targets: [
        .executableTarget(
            name: "MyTool",
            dependencies: [.product(name: "CTDenoise", package: "ct-denoise")])
    ]
)
