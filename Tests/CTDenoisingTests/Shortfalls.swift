import CTDenoising

/// What the models of today reach where that is not enough, as ``BundledModelTests`` prints it.
let shortfalls: [BundledModel: [String: Double]] = [
    .default: [
        "12 bits of 16, --rescale: bias in HU": 2.06,
        "12 bits of 16, declared: bias in HU": 3.02,
        "change of noise-free phantoms as drawn, HU": 3.79,
        "drift of bone in people, white 15, HU": 9.09,
        "drift of bone in people, white 25, HU": 14.1,
        "drift of bone in phantoms, white 15, HU": 5.98,
        "drift of bone in phantoms, white 25, HU": 6.17,
        "drift of lung in people, white 25, HU": 1,
        "drift of lung in phantoms, white 15, HU": 5.45,
        "drift of lung in phantoms, white 25, HU": 3.46,
        "drift of soft in people, white 15, HU": 2.12,
        "drift of soft in people, white 25, HU": 3.14,
        "drift of soft in phantoms, white 15, HU": 1.4,
        "drift of soft in phantoms, white 25, HU": 1.95,
        "kernel soft, noise too: gain in dB": 0.166,
        "lung window, --rescale: bias in HU": 2.22,
        "mediastinal window, --rescale: bias in HU": 1.65,
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
        "kernel soft, noise too: gain in dB": 0.232,
    ],
]
