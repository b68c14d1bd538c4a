// `import CTDenoise` is all that a user of the library writes: it brings the public declarations of every module below.
@_exported public import CTDenoising
@_exported public import CTImageFiles
@_exported public import CTImages
@_exported public import CTMetrics
@_exported public import CTNetwork
@_exported public import CTNoise
@_exported public import CTPhantoms
@_exported public import CTSupport
@_exported public import CTTraining
