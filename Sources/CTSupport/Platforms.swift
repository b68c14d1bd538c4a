#if os(iOS) || os(tvOS) || os(watchOS) || os(visionOS) || os(Windows) || os(Android) || os(WASI)
#error("ct-denoise supports Linux and macOS only: it needs the system's libpng and libtiff.")
#endif
