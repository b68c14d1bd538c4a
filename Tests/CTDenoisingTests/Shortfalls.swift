import CTDenoising

/// What the models of today reach where that is not enough, as ``BundledModelTests`` prints it.
let shortfalls: [BundledModel: [String: Double]] = [
    .default: [
        "drift of bone in people, white 15, HU": 7.65,
        "drift of bone in people, white 25, HU": 15.4,
        "drift of bone in phantoms, white 15, HU": 4.27,
        "drift of bone in phantoms, white 25, HU": 6.04,
        "drift of lung in people, white 25, HU": 2.68,
        "drift of lung in phantoms, white 15, HU": 2.9,
        "drift of lung in phantoms, white 25, HU": 1.93,
        "drift of soft in people, white 15, HU": 1.42,
        "drift of soft in people, white 25, HU": 3.21,
        "drift of soft in phantoms, white 25, HU": 1.54,
    ],
    .fast: [
        "change of noise-free phantoms as drawn, HU": 10.4,
        "drift of bone in people, white 15, HU": 8.1,
        "drift of bone in people, white 25, HU": 18.3,
        "drift of bone in phantoms, white 15, HU": 4.01,
        "drift of bone in phantoms, white 25, HU": 6.05,
        "drift of lung in people, white 25, HU": 1.25,
        "drift of lung in phantoms, white 15, HU": 2.95,
        "drift of lung in phantoms, white 25, HU": 2.94,
        "drift of soft in people, white 15, HU": 2.82,
        "drift of soft in people, white 25, HU": 5.59,
        "drift of soft in phantoms, white 15, HU": 1.21,
        "drift of soft in phantoms, white 25, HU": 2.55,
    ],
]
