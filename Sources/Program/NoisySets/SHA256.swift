#if canImport(CommonCrypto)
import CommonCrypto
#else
import CLibCrypto
#endif

/// SHA-256 (FIPS 180-4) from the system's library: CommonCrypto on Apple platforms, OpenSSL's libcrypto elsewhere.
enum SHA256 {
    /// Returns the hash of `bytes` as 64 hexadecimal digits.
    static func hex(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        #if canImport(CommonCrypto)
        var context = CC_SHA256_CTX()
        unsafe CC_SHA256_Init(&context)
        // CC_LONG has 32 bits.
        for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
            let part = bytes[start..<min(start + (1 << 30), bytes.count)]
            unsafe part.withUnsafeBytes { unsafe _ = CC_SHA256_Update(&context, $0.baseAddress, CC_LONG($0.count)) }
        }
        unsafe CC_SHA256_Final(&digest, &context)
        #else
        let isDone = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        precondition(isDone == 1, "libcrypto has no SHA-256")
        #endif
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
