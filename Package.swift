// swift-tools-version: 6.2
import PackageDescription

// MARK: - Settings

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
]

// Without Foundation, Swift on Linux does not link libm, which `rounded()` needs.
let libm: LinkerSetting = .linkedLibrary("m", .when(platforms: [.linux]))

// MARK: - Package

let package = Package(
    name: "ct-denoise",
    platforms: [.macOS(.v14)],
    products: [
        .library(name: "CTDenoise", targets: ["CTDenoise"]),
        .executable(name: "ctdenoise", targets: ["CTProgram"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // MARK: The library, as users import it

        .target(
            name: "CTDenoise",
            dependencies: [
                "CTImages", "CTImageFiles", "CTMetrics", "CTNoise", "CTPhantoms", "CTNetwork", "CTTraining",
                "CTDenoising", "CTSupport",
            ],
            swiftSettings: swiftSettings),

        // MARK: C: what Swift cannot call safely, and what it cannot make fast

        .systemLibrary(name: "CLibPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CLibTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
        .systemLibrary(
            name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .target(name: "CImageShims", dependencies: ["CLibPNG", "CLibTIFF"], linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CKernels", linkerSettings: [libm]),
        .target(name: "CSupport"),
        // KissFFT, from Debian's libkissfft-dev; Apple's systems have Accelerate.
        .target(
            name: "CFourier",
            linkerSettings: [
                .linkedLibrary("kissfft-float", .when(platforms: [.linux])),
                .linkedFramework("Accelerate", .when(platforms: [.macOS])),
            ]),
        .target(
            name: "CBundledModels",
            exclude: [
                "default.safetensors", "default_impulses.safetensors", "fast.safetensors", "fast_impulses.safetensors",
            ]),

        // MARK: What all modules share

        .target(
            name: "CTSupport", dependencies: ["CSupport", "CFourier"], swiftSettings: swiftSettings,
            linkerSettings: [libm]),

        // MARK: Images

        .target(name: "CTImages", dependencies: ["CTSupport"], swiftSettings: swiftSettings),
        .target(
            name: "CTImageFiles", dependencies: ["CTImages", "CTSupport", "CImageShims"],
            swiftSettings: swiftSettings),
        .target(
            name: "CTMetrics", dependencies: ["CTImages", "CTSupport", "CKernels"], swiftSettings: swiftSettings),
        .target(
            name: "CTNoise", dependencies: ["CTImages", "CTMetrics", "CTSupport", "CKernels"],
            swiftSettings: swiftSettings),
        .target(
            name: "CTPhantoms", dependencies: ["CTImages", "CTSupport"], swiftSettings: swiftSettings),

        // MARK: Network

        .target(name: "CTNetwork", dependencies: ["CTSupport", "CKernels"], swiftSettings: swiftSettings),
        .target(
            name: "CTTraining",
            dependencies: [
                "CTNetwork", "CTImages", "CTNoise", "CTMetrics", "CTSupport", "CKernels", "CBundledModels",
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "CTDenoising",
            dependencies: ["CTNetwork", "CTImages", "CTMetrics", "CTSupport", "CBundledModels"],
            swiftSettings: swiftSettings),

        // MARK: Program

        .target(
            name: "CTReports", dependencies: ["CTImages", "CTImageFiles"],
            resources: [.embedInCode("Resources/report.css"), .embedInCode("Resources/report.js")],
            swiftSettings: swiftSettings, linkerSettings: [libm]),
        // Not `ctdenoise`: where disks take upper and lower case for the same, that is the library's name.
        .executableTarget(
            name: "CTProgram",
            dependencies: [
                "CTSupport", "CTImages", "CTImageFiles", "CTNoise", "CTMetrics", "CTPhantoms", "CTNetwork",
                "CTTraining", "CTDenoising", "CTReports", "CKernels", "CSupport",
                // Apple's systems have CommonCrypto.
                .target(name: "CLibCrypto", condition: .when(platforms: [.linux])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Program", swiftSettings: swiftSettings),

        // MARK: Tests

        .target(
            name: "TestSupport", dependencies: ["CTImages", "CTNetwork"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        .target(name: "AMXEmulator", path: "Tests/AMXEmulator"),
        .testTarget(
            name: "CTSupportTests", dependencies: ["CTSupport", "TestSupport"], exclude: ["Fixtures"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTImagesTests", dependencies: ["CTImages", "CTPhantoms", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTImageFilesTests", dependencies: ["CTImageFiles", "CTImages", "CTSupport", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTMetricsTests",
            dependencies: [
                "CTMetrics", "CTImages", "CTImageFiles", "CTNoise", "CTPhantoms", "CTSupport", "CKernels",
                "TestSupport",
            ],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTNoiseTests",
            dependencies: [
                "CTNoise", "CTImages", "CTImageFiles", "CTMetrics", "CTPhantoms", "CTSupport", "CKernels",
                "TestSupport",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTPhantomsTests", dependencies: ["CTPhantoms", "CTImages", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTNetworkTests", dependencies: ["CTNetwork", "CTSupport", "AMXEmulator", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTTrainingTests",
            dependencies: ["CTTraining", "CTNetwork", "CTImages", "CTNoise", "CTSupport", "CKernels", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTDenoisingTests",
            dependencies: [
                "CTDenoising", "CTNetwork", "CTImages", "CTImageFiles", "CTPhantoms", "CTNoise", "CTMetrics",
                "CTSupport", "TestSupport",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTReportsTests", dependencies: ["CTReports", "CTImages", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "CTProgram", "CTImages", "CTImageFiles", "CTPhantoms", "CTNetwork", "CTTraining", "CTSupport",
                "TestSupport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        // Runs Snippets/, which are built with all tests.
        .testTarget(name: "SnippetTests", dependencies: ["TestSupport"], swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .gnu2x
)

// MARK: - Benchmarks

// Users need none of this: scripts/bench.sh says that it is wanted, and continuous integration, that it still builds.
if Context.environment["CTDENOISE_BENCHMARKS"] != nil {
    package.targets += [
        .target(
            name: "PlainDecoders", dependencies: ["CLibPNG", "CLibTIFF"], path: "Benchmarks/Speed/PlainDecoders"),
        .target(name: "PeakProbe", path: "Benchmarks/Speed/PeakProbe"),
        .executableTarget(
            name: "ctdenoise-probe",
            dependencies: [
                "CTSupport", "CTImageFiles", "CTImages", "CTMetrics", "CTNetwork", "CTNoise", "PeakProbe",
                "PlainDecoders",
            ],
            path: "Benchmarks/Speed/Probe", swiftSettings: swiftSettings),
        .executableTarget(
            name: "ctdenoise-recognition", dependencies: ["CTImages", "CTImageFiles", "CTSupport"],
            path: "Benchmarks/Recognition", swiftSettings: swiftSettings),
    ]
}

// MARK: - Documentation

// Nor this: scripts/docs.sh says that it is wanted.
if Context.environment["CTDENOISE_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
