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
        .library(
            name: "CTDenoise",
            targets: [
                "CTImages", "CTImageFiles", "CTProjection", "CTMetrics", "CTNoise", "CTPhantoms", "CTNetwork",
                "CTTraining", "CTDenoising", "CTReports",
            ]),
        .executable(name: "ctdenoise", targets: ["ctdenoise"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // SHA-256; on Apple's systems it is CryptoKit.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    ],
    targets: [
        // MARK: C: what Swift cannot call safely, and what it cannot make fast
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
        .target(name: "CImageShims", dependencies: ["CPNG", "CTIFF"], linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CKernels", linkerSettings: [libm]),
        .target(name: "CNoiseKernels", linkerSettings: [libm]),
        .target(name: "CMetricKernels", linkerSettings: [libm]),
        .target(name: "CMemory"),
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

        // MARK: Files
        .target(name: "CTFileAccess", swiftSettings: swiftSettings),

        // MARK: Images
        .target(name: "CTImages", swiftSettings: swiftSettings, linkerSettings: [libm]),
        .target(
            name: "CTImageFiles", dependencies: ["CTImages", "CTFileAccess", "CImageShims"],
            swiftSettings: swiftSettings),
        .target(name: "CTFourier", dependencies: ["CFourier"], swiftSettings: swiftSettings, linkerSettings: [libm]),
        .target(
            name: "CTProjection", dependencies: ["CNoiseKernels", "CTFourier"], swiftSettings: swiftSettings,
            linkerSettings: [libm]),
        .target(
            name: "CTMetrics", dependencies: ["CTImages", "CTFourier", "CMetricKernels"], swiftSettings: swiftSettings,
            linkerSettings: [libm]),
        .target(
            name: "CTNoise", dependencies: ["CTImages", "CTMetrics", "CTProjection", "CTFourier", "CNoiseKernels"],
            swiftSettings: swiftSettings,
            linkerSettings: [libm]),
        .target(
            name: "CTPhantoms", dependencies: ["CTImages", "CTNoise"], swiftSettings: swiftSettings,
            linkerSettings: [libm]),

        // MARK: Network
        .target(
            name: "CTNetwork", dependencies: ["CKernels", "CTFileAccess"], swiftSettings: swiftSettings,
            linkerSettings: [libm]),
        .target(
            name: "CTTraining", dependencies: ["CTNetwork", "CTImages", "CTNoise", "CTMetrics"],
            swiftSettings: swiftSettings),
        .target(
            name: "CTDenoising", dependencies: ["CTNetwork", "CTImages", "CTNoise", "CBundledModels"],
            swiftSettings: swiftSettings),

        // MARK: Reports
        .target(
            name: "CTReports", dependencies: ["CTImages", "CTImageFiles"],
            resources: [.embedInCode("Resources/report.css"), .embedInCode("Resources/report.js")],
            swiftSettings: swiftSettings, linkerSettings: [libm]),

        // MARK: Program
        .executableTarget(
            name: "ctdenoise",
            dependencies: [
                "CTFileAccess", "CTImages", "CTImageFiles", "CTNoise", "CTMetrics", "CTPhantoms", "CTNetwork",
                "CTTraining",
                "CTDenoising", "CTReports", "CMemory",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),

        // MARK: Tests
        .target(
            name: "TestSupport", dependencies: ["CTImages", "CTNetwork"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTFileAccessTests", dependencies: ["CTFileAccess", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTImagesTests", dependencies: ["CTImages", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTImageFilesTests", dependencies: ["CTImageFiles", "CTImages", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTFourierTests", dependencies: ["CTFourier", "TestSupport"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTProjectionTests", dependencies: ["CTProjection", "CTPhantoms", "CTImages", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTNoiseTests",
            dependencies: [
                "CTNoise", "CTImages", "CTImageFiles", "CTMetrics", "CTPhantoms", "CTProjection", "CNoiseKernels",
                "TestSupport",
            ],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTMetricsTests",
            dependencies: ["CTMetrics", "CTImages", "CTImageFiles", "CMetricKernels", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTPhantomsTests", dependencies: ["CTPhantoms", "CTImages", "TestSupport"],
            swiftSettings: swiftSettings),
        .target(name: "AMXEmulator", path: "Tests/AMXEmulator"),
        .testTarget(
            name: "CTNetworkTests", dependencies: ["CTNetwork", "AMXEmulator", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "CTTrainingTests",
            dependencies: ["CTTraining", "CTNetwork", "CTImages", "CTNoise", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTDenoisingTests",
            dependencies: [
                "CTDenoising", "CTNetwork", "CTImages", "CTImageFiles", "CTPhantoms", "CTNoise", "CTMetrics",
                "TestSupport",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CTReportsTests", dependencies: ["CTReports", "CTImages", "TestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ctdenoise", "CTImages", "CTImageFiles", "CTPhantoms", "CTNetwork", "CTTraining", "TestSupport",
            ],
            swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .gnu2x
)

// MARK: - Benchmarks

// Users need none of this: scripts/bench.sh says that it is wanted, and continuous integration, that it still builds.
if Context.environment["CTDENOISE_BENCHMARKS"] != nil {
    package.targets += [
        .target(name: "PlainDecoders", dependencies: ["CPNG", "CTIFF"], path: "Benchmarks/Speed/PlainDecoders"),
        .target(name: "PeakProbe", path: "Benchmarks/Speed/PeakProbe"),
        .executableTarget(
            name: "ctdenoise-probe",
            dependencies: [
                "CTFileAccess", "CTImageFiles", "CTImages", "CTMetrics", "CTNetwork", "CTNoise", "CTProjection",
                "PeakProbe", "PlainDecoders",
            ],
            path: "Benchmarks/Speed/Probe", swiftSettings: swiftSettings),
    ]
}
